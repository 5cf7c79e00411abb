"""Google's Measurement Protocol for Analytics 4, `POST /mp/collect`: events of one client, by name and `params`.

developers.google.com/analytics/devguides/collection/protocol/ga4. Google answers 204 to everything; here the answer says what was refused.
"""

import hashlib
from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec

from collector.call import ATime, Call, Mapped
from collector.dialects.dialect import Dialect, Given, Sent, counted, decoded, need_small, object_in, text_in
from collector.rejection import Rejection, invalid

ROUTES = {"/mp/collect": "track"}
_PAGE = {"page_location": "url", "page_title": "title", "page_referrer": "referrer"}
_CAMPAIGN = {"source": "source", "medium": "medium", "campaign": "name", "campaign_name": "name"}
_WITH_CAMPAIGN = ("campaign_details", "page_view")  # in others `source` is a word of the shop's own
_MICROS_PER_MS = 1000


class Outer(msgspec.Struct, kw_only=True):
    """The body, its events left as bytes."""

    events: msgspec.Raw
    client_id: Any = None
    app_instance_id: Any = None
    user_id: Any = None
    timestamp_micros: Any = None
    user_properties: Any = None
    consent: Any = None
    device: Any = None
    user_location: Any = None
    user_agent: Any = None


class Event(msgspec.Struct, kw_only=True):
    """One event of the body."""

    name: str
    params: dict[str, Any] | None = None
    timestamp_micros: Any = None


_decode_outer = msgspec.json.Decoder(Outer).decode
_decode_event = msgspec.json.Decoder(Event).decode
_decode_list = msgspec.json.Decoder(list[msgspec.Raw]).decode


class Ga4(Dialect):
    name = "ga4"
    fields: ClassVar[Mapping[str, str]] = {
        "anonymousId": "client_id",
        "userId": "user_id",
        "timestamp": "timestamp_micros",
        "event": "name",
    }

    def open(self, given: Given) -> Sent:
        outer: Outer = decoded(_decode_outer, given.text)
        # ga4mp, a client of this protocol, sends a single postponed event without a list around it.
        is_list = bytes(outer.events).lstrip().startswith(b"[")
        events: list[Any] = decoded(_decode_list, bytes(outer.events)) if is_list else [outer.events]
        counted(events, given.max_events)
        need_small("the body beside `events`", len(given.text) - len(memoryview(outer.events)))
        keys = (given.query.get("api_secret"), given.query.get("measurement_id"), given.query.get("firebase_app_id"))
        return Sent(events=events, keys=keys, kind="track", outer=(outer, given.received_at_ms))

    def list_in(self, given: Given) -> tuple[bytes, str | None]:
        return given.text, "events"

    def read(self, raw: bytes | msgspec.Raw, index: int, outer: Any) -> Call | Rejection:
        request, received_at_ms = outer
        event = _decode_event(raw)
        params = dict(event.params or {})
        micros = request.timestamp_micros if event.timestamp_micros is None else event.timestamp_micros
        at_ms = _to_ms(micros)
        if isinstance(at_ms, Rejection):
            return at_ms
        device_id: Any = request.client_id if request.client_id not in (None, "") else request.app_instance_id
        return Mapped(
            event=event.name,
            message_id=_message_id(event.name, params, (device_id, request.user_id, micros or received_at_ms, index), raw),
            anonymous_id=device_id,
            user_id=request.user_id,
            timestamp=at_ms,
            context=_context(event.name, request, params),
            properties=_properties(request, params),
        )


def _to_ms(micros: Any) -> ATime | Rejection:
    if micros is None or micros == "":
        return None
    if isinstance(micros, str) and micros.isdecimal() and len(micros) < 20:
        micros = int(micros)
    if not isinstance(micros, int) or isinstance(micros, bool):
        return invalid("timestamp_micros", f"no time in microseconds: {str(micros)[:64]!r}")
    return micros // _MICROS_PER_MS


def _message_id(name: str, params: dict[str, Any], about: tuple[Any, ...], raw: bytes | msgspec.Raw) -> str:
    """The protocol has none. A purchase is known by its transaction, as with Google; else by its bytes and its hit's time."""
    transaction = params.get("transaction_id")
    if name == "purchase" and isinstance(transaction, (str, int)) and transaction != "" and len(str(transaction)) < 100:
        return f"ga4-purchase-{transaction}"
    digest = hashlib.blake2b(repr(about).encode(errors="replace"), digest_size=16)
    digest.update(raw)
    return "ga4-" + digest.hexdigest()


def _context(name: str, request: Outer, params: dict[str, Any]) -> dict[str, Any]:
    """Segment's context; what is moved there leaves `params`."""
    device = request.device if isinstance(request.device, dict) else {}
    place = request.user_location if isinstance(request.user_location, dict) else {}
    context: dict[str, Any] = {
        "page": _moved(params, _PAGE),
        "campaign": _moved(params, _CAMPAIGN) if name in _WITH_CAMPAIGN else {},
        "locale": text_in(params, "language") or text_in(device, "language"),
        "device": {"type": text_in(device, "category")},
        "location": {"country": text_in(place, "country_id")},
    }
    if isinstance(request.user_agent, str):
        context["userAgent"] = request.user_agent
    return context


def _moved(params: dict[str, Any], names: dict[str, str]) -> dict[str, str]:
    return {ours: params.pop(theirs) for theirs, ours in names.items() if isinstance(params.get(theirs), str) and params[theirs]}


def _properties(request: Outer, params: dict[str, Any]) -> dict[str, Any]:
    """The parameters, and what the request says of its user."""
    traits = request.user_properties if isinstance(request.user_properties, dict) else {}
    if traits:
        params["user_properties"] = {name: object_in(traits, name).get("value", given) for name, given in traits.items()}
    if isinstance(request.consent, dict):
        params["consent"] = request.consent
    return params


GA4 = Ga4()
