"""CloudEvents 1.0 over HTTP: structured (an object), batch (a list) and binary (attributes in `ce-` headers, the body is the data).

github.com/cloudevents/spec. Which of them a request is, its headers and first byte say; its Content-Type does not matter.
"""

import base64
import hashlib
from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import unquote

import msgspec

from collector.call import Call, Mapped
from collector.dialects.dialect import READ_ERRORS, Dialect, Given, Sent, counted, decoded, object_in, text_in
from collector.limits import ID_MAX_CHARS
from collector.names import CUSTOM, canonical
from collector.rejection import Rejection, invalid
from collector.surrogates import mended

ROUTES = {"/cloudevents": ""}
_HEADER = "ce-"
_CALLS = ("identify", "alias", "group")
_VIEWS = {"page": "page_view", "screen": "screen_view"}
_WRAPPING = ("properties", "traits", "context")  # data with one of these is one of Segment's calls, else it is the properties
_IDS = {
    "anonymous_id": ("anonymousId", "anonymous_id", "device_id"),
    "user_id": ("userId", "user_id"),
    "previous_id": ("previousId", "previous_id"),
    "group_id": ("groupId", "group_id"),
}


class Event(msgspec.Struct, kw_only=True):
    """The attributes the standard names and the two of ours."""

    id: str
    source: str
    specversion: str
    type: str
    subject: str | None = None
    time: str | None = None
    data: Any = None
    data_base64: str | None = None
    anonymousid: str | None = None
    userid: str | None = None


_decode_event = msgspec.json.Decoder(Event).decode
_decode_list = msgspec.json.Decoder(list[msgspec.Raw]).decode
_decode_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_decode_any = msgspec.json.Decoder().decode


class CloudEvents(Dialect):
    name = "cloudevents"
    packs = True
    fields: ClassVar[Mapping[str, str]] = {
        "messageId": "id",
        "event": "type",
        "timestamp": "time",
        "properties": "data",
        "traits": "data",
        "anonymousId": "anonymousid",
        "userId": "subject",
        "previousId": "data.previousId",
        "groupId": "data.groupId",
    }

    def open(self, given: Given) -> Sent:
        keys = (given.query.get("write_key"),)
        if _is_binary(given):
            return Sent(events=[_structured(given)], keys=keys)
        if given.text.startswith(b"["):
            events: list[msgspec.Raw] = decoded(_decode_list, given.text)
            counted(events, given.max_events)
            return Sent(events=events, keys=keys)
        decoded(_decode_object, given.text)
        return Sent(events=[given.text], keys=keys)

    def list_in(self, given: Given) -> tuple[bytes, str | None]:
        return given.text, None if _is_binary(given) else ""

    def read(self, raw: bytes | msgspec.Raw, index: int, outer: Any) -> Call | Rejection:
        event = _decode_event(raw)
        for name in ("id", "source", "type"):
            if not getattr(event, name).strip():
                return invalid(name, "is empty")
        if not event.specversion.startswith("1."):
            return invalid("specversion", f"{event.specversion[:16]!r} is none of 1.x")
        data = _data(event)
        if isinstance(data, Rejection):
            return data
        return _call(event, data)


def _is_binary(given: Given) -> bool:
    return any(name.startswith(_HEADER) for name in given.headers)


def _structured(given: Given) -> bytes:
    """A binary request as the object it stands for: attributes from headers, the body as data."""
    attributes: dict[str, Any] = {
        name.removeprefix(_HEADER): unquote(value) for name, value in given.headers.items() if name.startswith(_HEADER)
    }
    if given.text:
        try:
            _decode_any(given.text)
            attributes["data"] = msgspec.Raw(given.text)
        except READ_ERRORS:
            attributes["data_base64"] = base64.b64encode(given.text).decode()
    return msgspec.json.encode(attributes)


def _data(event: Event) -> dict[str, Any] | Rejection:
    """The data as an object; what is none is kept under `data`."""
    data = event.data
    if data is None and event.data_base64 is not None:
        try:
            unpacked = base64.b64decode(event.data_base64, validate=True)
        except ValueError as error:  # what is no base64, and what is no ASCII
            return invalid("data_base64", str(error))
        try:
            data = _decode_any(mended(unpacked))
        except READ_ERRORS:
            return {"data_base64": event.data_base64}
    if isinstance(data, dict):
        return data
    return {} if data is None else {"data": data}


def _call(event: Event, data: dict[str, Any]) -> Mapped:
    data = dict(data)
    ids = {ours: _taken(data, names) for ours, names in _IDS.items()}
    device_id = event.anonymousid or ids["anonymous_id"]
    user_id = event.userid or ids["user_id"]
    last = (_words(event.type) or [""])[-1]
    call = last if last in _CALLS else "track"
    wrapped = any(isinstance(data.get(name), dict) for name in _WRAPPING)
    return Mapped(
        type=call,
        event=event.type,
        name=event.type,
        means="" if call != "track" else _VIEWS.get(last) or _means(event.type),
        message_id=_message_id(event),
        anonymous_id=device_id,
        user_id=user_id if user_id is not None or device_id is not None else event.subject,
        previous_id=ids["previous_id"],
        group_id=ids["group_id"],
        timestamp=event.time,
        properties=object_in(data, "properties") if wrapped else data,
        traits=object_in(data, "traits") if wrapped else None,
        context=_context(data, last),
    )


def _taken(data: dict[str, Any], names: tuple[str, ...]) -> Any:
    """The first of these that is given; all leave the data."""
    found = [data.pop(name) for name in names if name in data]
    return next((each for each in found if each not in (None, "")), None)


def _context(data: dict[str, Any], last: str) -> dict[str, Any]:
    """The context of a wrapped call. The name of a page is its title."""
    context = object_in(data, "context")
    title = text_in(data, "name") if last in _VIEWS else ""
    return {**context, "page": {"title": title, **object_in(context, "page")}} if title else context


def _words(name: str) -> list[str]:
    """The parts of a type `com.example.order.completed.v1`, without a version at its end."""
    parts = [part for part in name.replace("/", ".").split(".") if part]
    return parts[:-1] if len(parts) > 1 and parts[-1][:1] in "vV" and parts[-1][1:].isdecimal() else parts


def _means(name: str) -> str:
    """The longest end of the type that is a name of the catalogue: `...order.completed` and `...add_to_cart` both are."""
    words = _words(name)[-4:]
    ends = (canonical(" ".join(words[start:])) for start in range(len(words)))
    return next((found for found in ends if found != CUSTOM), CUSTOM)


def _message_id(event: Event) -> str:
    """An id is unique for its source only."""
    both = f"{event.source}#{event.id}"
    return both if len(both) <= ID_MAX_CHARS else "ce-" + hashlib.blake2b(both.encode(errors="replace"), digest_size=16).hexdigest()


CLOUDEVENTS = CloudEvents()
