"""Rows of the table `events`, as the stream writes them into `journeys`: a feed's events with a person each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import msgspec

from bench.feed import Feed, Record
from schemas.collected import Collected
from schemas.journeys import Kind
from schemas.rows import EventRow

ROWS_A_RECORD = 500  # a worker under load puts a transaction's rows of a partition into one record
_decode = msgspec.json.Decoder(Collected).decode
_encode = msgspec.json.Encoder().encode
_SHARED = [field.name for field in msgspec.structs.fields(EventRow) if field.name in Collected.__struct_fields__]


def row_of(line: bytes, lane: str) -> bytes:
    event = _decode(line)
    person_id = f"u:{event.user_id}" if event.user_id else f"d:{event.device_id}"
    shared = {name: getattr(event, name) for name in _SHARED}
    return _encode(EventRow(lane=lane, person_id=person_id, occurred_at_ms=event.client_at_ms or event.received_at_ms, **shared))


def rows_of(feed: Feed, lane: str) -> dict[int, list[bytes]]:
    """By partition, in order of arrival."""
    found: dict[int, list[bytes]] = defaultdict(list)
    for partition, line in feed.events():
        found[partition].append(row_of(line, lane))
    return found


def records(rows: dict[int, list[bytes]]) -> Iterator[Record]:
    """In turn from each partition, as several pipelines write."""
    longest = max(map(len, rows.values()))
    for start in range(0, longest, ROWS_A_RECORD):
        for partition, lines in sorted(rows.items()):
            part = lines[start : start + ROWS_A_RECORD]
            if part:
                yield Record(partition, Kind.EVENT, b"\n".join(part))
