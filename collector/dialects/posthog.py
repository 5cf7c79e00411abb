"""PostHog's capture API: `/batch/`, `/e/` and their older names, and the newer `/i/v1/analytics/events`.

Bodies: `{api_key, batch, sent_at}`, one event, a list of events, or `data=` with any of these in base64 (what its beacons send).
"""

import base64
import binascii
import uuid
from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import parse_qs

import msgspec

from collector.answers import Answer, Rejected, malformed, ok, told
from collector.call import AnId, Call, Mapped
from collector.dialects.dialect import READ_ERRORS, Dialect, Given, Sent, counted, decoded, object_in, text_in
from collector.limits import TEXT_MAX_CHARS
from collector.rejection import Rejection, missing
from collector.surrogates import mended
from collector.times import to_ms
from schemas.reasons import RejectReason

V1 = "v1"
_PATHS = ("/batch", "/e", "/capture", "/track", "/engage", "/i/v0/e")
ROUTES = {**dict.fromkeys(_PATHS, ""), "/i/v1/analytics/events": V1}

# What its own events mean here. Any other name is looked up like a shop's own ("Product Added", `add_to_cart`).
NAMES = {
    "$pageview": "page_view",
    "$screen": "screen_view",
    "$autocapture": "click",
    "$identify": "identify",
    "$set": "identify",
    "$create_alias": "alias",
    "$groupidentify": "group",
}
_PAGE = {"$current_url": "url", "$pathname": "path", "$title": "title", "title": "title", "$referrer": "referrer"}
_CAMPAIGN = {"utm_source": "source", "utm_medium": "medium", "utm_campaign": "name"}
_TEXTS = {
    "$raw_user_agent": "userAgent",
    "$useragent": "userAgent",
    "$browser_language": "locale",
    "$locale": "locale",
    "$timezone": "timezone",
}
_APPS = ("posthog-ios", "posthog-android", "posthog-react-native", "posthog-flutter")


class Body(msgspec.Struct, kw_only=True):
    """A body that holds events, its events left as bytes."""

    batch: list[msgspec.Raw]
    api_key: Any = None
    token: Any = None
    sent_at: Any = None


class Event(msgspec.Struct, kw_only=True):
    """One event, as any of its clients writes it."""

    event: str
    distinct_id: AnId = None
    properties: dict[str, Any] | None = None
    uuid: AnId = None
    timestamp: str | int | float | None = None
    offset: int | float | None = None  # milliseconds from the event to its sending
    options: dict[str, Any] | None = None
    set_: dict[str, Any] | None = msgspec.field(default=None, name="$set")
    set_once: dict[str, Any] | None = msgspec.field(default=None, name="$set_once")


class Keyed(msgspec.Struct, kw_only=True):
    """Where a single event has the key."""

    api_key: Any = None
    token: Any = None
    properties: Any = None
    batch: Any = None
    sent_at: Any = None


_decode_body = msgspec.json.Decoder(Body).decode
_decode_list = msgspec.json.Decoder(list[msgspec.Raw]).decode
_decode_keyed = msgspec.json.Decoder(Keyed).decode
_decode_event = msgspec.json.Decoder(Event).decode


class Posthog(Dialect):
    name = "posthog"
    fields: ClassVar[Mapping[str, str]] = {
        "anonymousId": "distinct_id",
        "userId": "distinct_id",
        "messageId": "uuid",
        "previousId": "properties.distinct_id",
        "groupId": "properties.$group_key",
        "sentAt": "sent_at",
    }

    def open(self, given: Given) -> Sent:
        text = _text(given)
        in_query = (given.query.get("api_key"), given.query.get("token"))
        sent_at = _milliseconds(given.query.get("_"))
        if text.startswith(b"["):
            events: list[Any] = decoded(_decode_list, text)
            first = _first_keyed(events)
        else:
            first = decoded(_decode_keyed, text)
            events = decoded(_decode_body, text).batch if first.batch is not None else [text]
            sent_at = first.sent_at or sent_at
        counted(events, given.max_events)
        return Sent(events=events, keys=(first.api_key, first.token, _token(first.properties), *in_query), sent_at=sent_at, outer=sent_at)

    def list_in(self, given: Given) -> tuple[bytes, str | None]:
        return _text(given), "batch"

    def read(self, raw: bytes | msgspec.Raw, index: int, outer: Any) -> Call | Rejection:
        event = _decode_event(raw)
        if not event.event.strip():
            return missing("event")
        props = dict(event.properties or {})
        distinct_id: Any = event.distinct_id if event.distinct_id is not None else props.get("distinct_id")
        device_id, user_id = _identity(event, props, distinct_id)
        means = NAMES.get(event.event, "")
        if event.event == "$set" and user_id is None:
            means = "custom"  # traits of nobody who is known yet
        if event.event == "$create_alias" and props.get("alias") in (None, ""):
            return missing("properties.alias")
        if event.event == "$groupidentify" and _is_groups_own(distinct_id, props):
            return Rejection(RejectReason.NO_IDENTITY, "distinct_id: it names the group; a group is told of with a person", "distinct_id")
        call = Mapped(
            type=means if means in ("identify", "alias", "group") else "track",
            event=event.event,
            name=event.event,
            means=means,
            message_id=event.uuid if event.uuid is not None else props.pop("$insert_id", None),
            anonymous_id=device_id,
            user_id=user_id,
            timestamp=_at(event, outer),
            context=_context(props),
        )
        _fill(call, event, props)
        return call

    def answer(self, kind: str, accepted: int, rejected: list[Rejected]) -> Answer:
        """`status` is for the older clients; `results` for the newer ones, which take an event that is not in it as stored."""
        results = {each.id: {"result": "drop", "details": each.message} for each in rejected if each.id}
        return ok(status=1, accepted=accepted, rejected=told(rejected), results=results)


def _text(given: Given) -> bytes:
    return _form(given.text) if given.text.startswith(b"data=") else given.text


def _first_keyed(events: list[Any]) -> Keyed:
    """The first event of a list that can be read."""
    for raw in events:
        try:
            return _decode_keyed(raw)
        except READ_ERRORS:
            continue
    return Keyed()


def _form(text: bytes) -> bytes:
    try:
        [packed, *_] = parse_qs(text.decode("ascii"), strict_parsing=True)["data"]
        return mended(base64.b64decode(packed.replace(" ", "+")).strip())
    except (ValueError, KeyError, binascii.Error) as error:
        raise malformed("data: no base64 text in a form") from error


def _milliseconds(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() and len(text) < 16 else None


def _token(properties: Any) -> Any:
    return properties.get("token") if isinstance(properties, dict) else None


def _identity(event: Event, props: dict[str, Any], distinct_id: Any) -> tuple[Any, Any]:
    """(device, user) of an event. PostHog has one id, which is the device's until someone is identified."""
    device_id: Any = text_in(props, "$device_id") or text_in(props, "$anon_distinct_id") or None
    if event.event == "$create_alias":
        return None, props.get("alias")
    profiled = props.get("$process_person_profile", (event.options or {}).get("process_person_profile"))
    identified = props.get("$is_identified")
    if event.event == "$identify":
        identified = True
    elif not isinstance(identified, bool):
        identified = bool(props.get("$user_id")) or (distinct_id != device_id and profiled is not False)
    return (device_id, distinct_id) if identified and distinct_id != device_id else (device_id or distinct_id, None)


def _is_groups_own(distinct_id: Any, props: dict[str, Any]) -> bool:
    """A group that is described without a person gets an id made of its type and key by the client."""
    return bool(distinct_id == f"${props.get('$group_type')}_{props.get('$group_key')}")


def _at(event: Event, sent_at: Any) -> Any:
    """When it happened: as given, else by its UUID (version 7 holds it), else by what had passed when it was sent."""
    if event.timestamp not in (None, ""):
        return event.timestamp
    if isinstance(event.uuid, str) and len(event.uuid) == 36 and event.uuid[14] == "7":
        try:
            return uuid.UUID(event.uuid).int >> 80
        except ValueError:
            return None
    at_ms = to_ms(sent_at) if isinstance(sent_at, (str, int, float)) else None
    return int(at_ms - event.offset) if event.offset is not None and at_ms is not None and abs(event.offset) < 1e12 else None


def _context(props: dict[str, Any]) -> dict[str, Any]:
    """Segment's context; what is moved there leaves `props`."""
    context: dict[str, Any] = {"page": _moved(props, _PAGE), "campaign": _moved(props, _CAMPAIGN)}
    if context["page"].get("referrer") == "$direct":
        del context["page"]["referrer"]
    for theirs, ours in _TEXTS.items():
        if value := text_in(props, theirs):
            context[ours] = value
            del props[theirs]
    context["device"] = {"type": text_in(props, "$device_type")}
    if props.get("$is_server") is True:
        context["source"] = "server"
    elif text_in(props, "$lib") in _APPS:
        context["source"] = "app"
    elif text_in(props, "$lib") == "web":
        context["source"] = "web"
    return context


def _moved(props: dict[str, Any], names: dict[str, str]) -> dict[str, str]:
    return {ours: props.pop(theirs) for theirs, ours in names.items() if isinstance(props.get(theirs), str) and props[theirs]}


def _fill(call: Call, event: Event, props: dict[str, Any]) -> None:
    """Properties, or the traits and the second id of a call about somebody."""
    once = {**(event.set_once or {}), **object_in(props, "$set_once")}
    traits = {**once, **(event.set_ or {}), **object_in(props, "$set")}
    match call.type:
        case "identify":
            call.traits = traits
        case "alias":
            call.previous_id = props.get("distinct_id")
        case "group":
            call.group_id, call.traits = props.get("$group_key"), object_in(props, "$group_set")
        case _:
            for name in ("token", "distinct_id"):
                props.pop(name, None)
            if event.event == "$autocapture" and (shown := text_in(props, "$el_text")):
                props["target"] = shown[:TEXT_MAX_CHARS]
            call.properties = {**props, "$set": traits} if traits else props


POSTHOG = Posthog()
