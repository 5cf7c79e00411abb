"""Snowplow's tracker protocol: `POST /com.snowplowanalytics.snowplow/tp2` with many events, `GET /i` with one in its query.

docs.snowplow.io/docs/sources/trackers/snowplow-tracker-protocol. Its trackers repeat a request that gets 413 without end, and hold
back everything behind it: what is too large is answered with 422, which they give up on.
"""

import base64
import binascii
from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec

from collector.answers import Answer, Refused, Rejected
from collector.call import Call, Mapped
from collector.dialects.dialect import READ_ERRORS, Dialect, Given, Sent, counted, decoded, text_in
from collector.dialects.snowplow_events import Entity, Meaning, entity_of, meaning_of
from collector.rejection import Rejection, invalid, missing
from collector.surrogates import mended

PIXEL = "pixel"
ROUTES = {"/com.snowplowanalytics.snowplow/tp2": ""}
PIXEL_ROUTES = {"/i": PIXEL}
# The smallest transparent GIF there is, 1 x 1.
GIF = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
_GIF_HEADERS = [(b"content-type", b"image/gif")]
_SOURCES = {"web": "web", "mob": "app", "app": "app", "srv": "server"}
_PAGE = {"url": "url", "page": "title", "refr": "referrer"}


class Payload(msgspec.Struct):
    """The body of a POST, its events left as bytes."""

    data: list[msgspec.Raw]


class Key(msgspec.Struct):
    """Where a tracker says who it is: the app id, else the name of the tracker."""

    aid: Any = None
    tna: Any = None


_decode_payload = msgspec.json.Decoder(Payload).decode
_decode_key = msgspec.json.Decoder(Key).decode
_decode_event = msgspec.json.Decoder(dict[str, Any]).decode
_decode_any = msgspec.json.Decoder().decode


class Snowplow(Dialect):
    name = "snowplow"
    packs = True
    fields: ClassVar[Mapping[str, str]] = {
        "messageId": "eid",
        "userId": "uid",
        "anonymousId": "duid",
        "timestamp": "dtm",
        "originalTimestamp": "ttm",
        "sentAt": "stm",
        "event": "e",
    }

    def open(self, given: Given) -> Sent:
        if given.kind == PIXEL:
            return Sent(events=[msgspec.json.encode(given.query)], keys=(given.query.get("aid"), given.query.get("tna")))
        payload: Payload = decoded(_decode_payload, given.text)
        counted(payload.data, given.max_events)
        return Sent(events=payload.data, keys=_keys(payload.data))

    def list_in(self, given: Given) -> tuple[bytes, str | None]:
        return given.text, "data" if given.kind != PIXEL else None

    def read(self, raw: bytes | msgspec.Raw, index: int, outer: Any) -> Call | Rejection:
        event = _decode_event(raw)
        kind = text_in(event, "e")
        if not kind:
            return missing("e")
        told = _json_in(event, "ue_px", "ue_pr") if kind == "ue" else None
        entities = _json_in(event, "cx", "co")
        if isinstance(told, Rejection):
            return told
        if isinstance(entities, Rejection):
            return entities
        if kind == "ue" and told is None:
            return missing("ue_pr")
        meaning = meaning_of(kind, event, told, _entities(entities))
        return meaning if isinstance(meaning, Rejection) else _call(event, meaning)

    def answer(self, kind: str, accepted: int, rejected: list[Rejected]) -> Answer:
        return Answer(200, GIF, _GIF_HEADERS) if kind == PIXEL else super().answer(kind, accepted, rejected)

    def refusal(self, refused: Refused) -> Refused:
        return Refused(422, refused.code, refused.message) if refused.status == 413 else refused


def _keys(events: list[msgspec.Raw]) -> tuple[Any, ...]:
    """Of the first event that names one: the events of a request come from one application."""
    for raw in events:
        try:
            key = _decode_key(raw)
        except READ_ERRORS:
            continue
        if key.aid or key.tna:
            return key.aid, key.tna
    return ()


def _json_in(event: dict[str, Any], packed: str, plain: str) -> Any:
    """The JSON of a parameter, base64 or not; None if it is not there."""
    name = packed if event.get(packed) else plain
    text = event.get(name)
    if text is None or text == "":
        return None
    if not isinstance(text, str):
        return invalid(name, "no text")
    try:
        found = _decode_any(mended(_unpacked(text) if name == packed else text.encode()))
    except (*READ_ERRORS, binascii.Error, ValueError) as error:
        return invalid(name, f"no JSON that can be read: {error}")
    data = found.get("data") if isinstance(found, dict) else None  # a self-describing JSON within one that only says what it is
    return data if isinstance(data, (dict, list)) else invalid(name, "has no `data`")


def _unpacked(text: str) -> bytes:
    """Base64 in either alphabet, padded or not."""
    plain = text.translate({ord("+"): "-", ord("/"): "_"}).rstrip("=")
    return base64.urlsafe_b64decode(plain + "=" * (-len(plain) % 4))


def _entities(given: Any) -> list[Entity]:
    return [found for each in given if (found := entity_of(each))] if isinstance(given, list) else []


def _call(event: dict[str, Any], meaning: Meaning) -> Mapped:
    true_time = event.get("ttm") or None
    return Mapped(
        type="track",
        event=meaning.raw,
        means=meaning.means,
        message_id=event.get("eid"),
        anonymous_id=event.get("duid") or event.get("tnuid") or event.get("nuid") or meaning.device_id,
        user_id=event.get("uid") or meaning.user_id,
        timestamp=event.get("dtm"),
        original_timestamp=true_time,
        sent_at=None if true_time else event.get("stm"),  # a true time is not to be corrected
        properties=meaning.properties,
        context={
            "page": {ours: event[theirs] for theirs, ours in _PAGE.items() if text_in(event, theirs)},
            "locale": event.get("lang"),
            "timezone": event.get("tz"),
            "userAgent": event.get("ua"),
            "source": _SOURCES.get(text_in(event, "p")),
        },
    )


SNOWPLOW = Snowplow()
