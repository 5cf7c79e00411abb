"""What was delivered before this process took a partition over, as the topic `deliveries` tells it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition

from schemas.rows import DeliveryRow

CLOCK_MARGIN_MS = 600_000  # two machines' clocks may differ by that
READ_MS = 500


@dataclass(frozen=True)
class Past:
    """The last attempt to deliver a trigger."""

    attempts: int
    attempted_at_ms: int
    outcome: str

    @property
    def is_final(self) -> bool:
        return self.outcome != "retry"


async def read_history(bootstrap: str, unfinished: Mapping[TopicPartition, int], deliveries: Sequence[TopicPartition]) -> dict[str, Past]:
    """The last attempt of each trigger that was fired at or after these offsets. Call when nobody else can write for their partitions."""
    common = {"bootstrap_servers": bootstrap, "enable_auto_commit": False, "auto_offset_reset": "earliest"}
    async with AIOKafkaConsumer(isolation_level="read_committed", **common) as reader, AIOKafkaConsumer(**common) as raw:
        since_ms = await _first_time_ms(reader, raw, unfinished)
        if since_ms is None:
            return {}
        starts = await _starts(reader, deliveries, since_ms - CLOCK_MARGIN_MS)
        past: dict[str, Past] = {}
        async for message in _read(reader, raw, starts):
            _note(past, message.value)
        return past


def _note(past: dict[str, Past], value: bytes) -> None:
    for row in (msgspec.json.decode(line, type=DeliveryRow) for line in value.split(b"\n")):
        known = past.get(row.trigger_id)
        if known is None or row.attempt >= known.attempts:
            past[row.trigger_id] = Past(row.attempt, row.attempted_at_ms, row.outcome)


async def _first_time_ms(reader: AIOKafkaConsumer, raw: AIOKafkaConsumer, unfinished: Mapping[TopicPartition, int]) -> int | None:
    """When the oldest unfinished record was written; None if there is none."""
    times: dict[TopicPartition, int] = {}
    async for message in _read(reader, raw, unfinished):
        times.setdefault(TopicPartition(message.topic, message.partition), message.timestamp)
        if len(times) == len(unfinished):
            break
    return min(times.values(), default=None)


async def _starts(consumer: AIOKafkaConsumer, keys: Sequence[TopicPartition], since_ms: int) -> dict[TopicPartition, int]:
    """The first offset at that time; partitions with nothing since are left out."""
    found = await consumer.offsets_for_times(dict.fromkeys(keys, max(0, since_ms)))
    return {key: value.offset for key, value in found.items() if value is not None}


async def _read(reader: AIOKafkaConsumer, raw: AIOKafkaConsumer, starts: Mapping[TopicPartition, int]) -> AsyncIterator[Any]:
    """From these offsets to what is the end now: the raw end, since a transaction open elsewhere must not hide what is behind it."""
    if not starts:
        return
    ends = await raw.end_offsets(list(starts))
    reader.assign(list(starts))
    for key, offset in starts.items():
        reader.seek(key, offset)
    while any([await reader.position(key) < ends[key] for key in starts]):
        for batch in (await reader.getmany(timeout_ms=READ_MS)).values():
            for message in batch:
                yield message
