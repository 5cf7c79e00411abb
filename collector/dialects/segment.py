"""Segment's HTTP API: `/v1/batch`, a path for each type of call, and the browser's short paths."""

from typing import Any

import msgspec

from collector.call import TYPES, Call
from collector.dialects.dialect import Dialect, Given, Sent, counted, decoded, need_small

BATCH = "batch"
SHORT = {"t": "track", "p": "page", "s": "screen", "i": "identify", "g": "group", "a": "alias", "b": BATCH}
ROUTES = {f"/v1/{path}": kind for path, kind in [*SHORT.items(), *((kind, kind) for kind in (*TYPES, BATCH))]}


class Batch(msgspec.Struct, rename="camel", kw_only=True):
    """The body of `/v1/batch`, its events left as bytes so that each is judged on its own."""

    batch: list[msgspec.Raw]
    write_key: Any = None
    sent_at: Any = None
    context: msgspec.Raw = msgspec.Raw(b"null")


class Outer(msgspec.Struct, rename="camel"):
    """What is needed of a single call's body before its event is judged."""

    write_key: Any = None


_decode_batch = msgspec.json.Decoder(Batch).decode
_decode_list = msgspec.json.Decoder(list[msgspec.Raw]).decode
_decode_outer = msgspec.json.Decoder(Outer).decode
_decode_any = msgspec.json.Decoder().decode
_decode_call = msgspec.json.Decoder(Call).decode


class Segment(Dialect):
    name = "segment"

    def open(self, given: Given) -> Sent:
        if given.kind != BATCH:
            return Sent(events=[given.text], keys=(read_outer(given.text).write_key,), kind=given.kind)
        batch = read_batch(given.text, given.max_events)
        need_small("context", len(memoryview(batch.context)))
        context = decoded(_decode_any, bytes(batch.context))
        return Sent(events=batch.batch, keys=(batch.write_key,), sent_at=batch.sent_at, context=context)

    def list_in(self, given: Given) -> tuple[bytes, str | None]:
        return given.text, "batch" if given.kind == BATCH else None

    def read(self, raw: bytes | msgspec.Raw, index: int, outer: Any) -> Call:
        return _decode_call(raw)


def read_batch(text: bytes, max_events: int) -> Batch:
    """The body of `/v1/batch`, or a bare list of events."""
    batch = Batch(batch=decoded(_decode_list, text)) if text.startswith(b"[") else decoded(_decode_batch, text)
    counted(batch.batch, max_events)
    return batch


def read_outer(text: bytes) -> Outer:
    """What a single call says beside its event."""
    outer: Outer = decoded(_decode_outer, text)
    return outer


SEGMENT = Segment()
