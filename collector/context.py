"""Where and how an event happened, from Segment's `context`. It informs and is never a reason to refuse: what does not fit is left out."""

from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from collector.channel import NO_TAGS, Tags, classify, tags_of
from collector.device import device_type, named_device
from collector.enrich.address import truncated
from collector.enrich.agent import WEBDRIVER, agent_of
from collector.enrich.places import Places
from collector.limits import ADDRESS_MAX_CHARS, TEXT_MAX_CHARS, URL_MAX_CHARS
from schemas.collected import Collected


class Visitor(NamedTuple):
    """What a request says of who sent it. `address` is whole here, and kept nowhere so."""

    user_agent: str = ""
    address: str = ""
    places: Places = Places()


_PAGE_FIELDS = ("url", "path", "title", "referrer", "search")
_OPENING = frozenset({"page_view", "screen_view"})
_ABOUT_SOMEBODY = frozenset({"identify", "alias", "group"})  # their properties are traits
_SOURCES = frozenset({"web", "app", "server", "store"})
_NO_VISITORS = frozenset({"server", "store"})  # of these sources is who sends the request


def merged(outer: dict[str, Any] | None, inner: dict[str, Any] | None) -> dict[str, Any]:
    """The batch's context below the event's own, objects key by key."""
    if not outer or not inner:
        return inner or outer or {}
    both = {**outer, **inner}
    for name, value in inner.items():
        below = outer.get(name)
        if isinstance(value, dict) and isinstance(below, dict):
            both[name] = {**below, **value}
    return both


def take_page(props: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """(page, rest) of the properties of a `page` call: Segment puts the page there."""
    page = {name: props[name] for name in _PAGE_FIELDS if isinstance(props.get(name), str) and props[name]}
    return page, {name: value for name, value in props.items() if name not in page}


def describe(event: Collected, context: dict[str, Any], page: dict[str, Any], visitor: Visitor) -> None:
    """Fill the event's context fields in. Each event comes through here: what is not given costs no more than a look."""
    given = _object(context, "page")
    page = {**given, **page} if page else given
    source = context.get("source")
    if type(source) is str and source in _SOURCES:  # else the write key's
        event.source = source
    query = ""
    if page:
        event.page_url = url = _text(page, "url", URL_MAX_CHARS)
        event.page_title = _text(page, "title")
        event.referrer = _text(page, "referrer", URL_MAX_CHARS)
        path, query = _split(url) if url else ("", "")
        event.page_path = _text(page, "path", URL_MAX_CHARS) or path
        query = query or _text(page, "search", URL_MAX_CHARS).removeprefix("?")
    _set_campaign(event, context, query)
    _set_device(event, context, visitor)
    _set_place(event, context, visitor)
    if "sessionId" in context:
        _keep_session(event, context["sessionId"])
    event.locale = _text(context, "locale", 35)
    event.timezone = _text(context, "timezone", 64)
    if "location" in context or "country" in context:
        country = _text(_object(context, "location"), "country", 3) or _text(context, "country", 3)
        event.country = country.upper() if len(country) == 2 else ""


def _keep_session(event: Collected, session: Any) -> None:
    """The browser's own session (epoch ms of its beginning) is kept with the properties."""
    if isinstance(session, (int, str)) and not isinstance(session, bool) and event.event not in _ABOUT_SOMEBODY:
        event.props = {"session_id": session, **event.props}


def _set_campaign(event: Collected, context: dict[str, Any], query: str) -> None:
    tags = tags_of(query) if query else NO_TAGS
    given = _object(context, "campaign") if "campaign" in context else None
    if given or query:
        given = given or {}
        event.campaign_source = _text(given, "source") or tags.source[:TEXT_MAX_CHARS]
        event.campaign_medium = _text(given, "medium") or tags.medium[:TEXT_MAX_CHARS]
        event.campaign_name = _text(given, "name") or tags.name[:TEXT_MAX_CHARS]
        tags = Tags(event.campaign_source, event.campaign_medium, event.campaign_name, tags.click)
    if event.source == "store":
        event.channel = "offline"
        return
    opens_page = event.event in _OPENING and event.source != "server"
    event.channel = classify(tags, event.referrer, event.page_url, opens_page)


def _set_device(event: Collected, context: dict[str, Any], visitor: Visitor) -> None:
    event.user_agent = agent = _text(context, "userAgent") or visitor.user_agent
    if event.source == "store":
        event.device_type = "store"
        return
    if agent:
        event.device_type = device_type(agent)
        event.browser, event.os, event.bot = agent_of(agent)
    if not event.device_type and "device" in context:
        event.device_type = named_device(_text(_object(context, "device"), "type"))
    if "webdriver" in context and context["webdriver"] is True and not event.bot:
        event.bot = WEBDRIVER
    if event.bot:
        event.device_type = "bot"


def _set_place(event: Collected, context: dict[str, Any], visitor: Visitor) -> None:
    """A server's own address says nothing of the visitor; what it passes on does."""
    address = _text(context, "ip", ADDRESS_MAX_CHARS) if "ip" in context else ""
    if not address and event.source not in _NO_VISITORS:
        address = visitor.address
    if address:
        event.ip = truncated(address)
        event.ip_country, event.region, event.city = visitor.places.find(address)


@lru_cache(maxsize=4096)
def _split(url: str) -> tuple[str, str]:
    """(path, query) of an address."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "", ""
    return parts.path, parts.query


def _object(given: dict[str, Any], name: str) -> dict[str, Any]:
    value = given.get(name)
    return value if type(value) is dict else {}


def _text(given: dict[str, Any], name: str, max_chars: int = TEXT_MAX_CHARS) -> str:
    value = given.get(name)
    return value[:max_chars] if type(value) is str else ""
