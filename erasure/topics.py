"""A lane's topics: which records hold lines of the person, and cutting off what is before their ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from erasure.lanes import Lane, partitions, topics_of
from erasure.lines import Lines
from runtime.settings import Settings
from runtime.topics import admin_of

READ_MS = 300
MAX_RECORDS = 2_000


@dataclass
class Found:
    """By partition: lines of the person, the offset of their last record, and of the last record of all."""

    lines: dict[Any, int] = field(default_factory=dict)
    last: dict[Any, int] = field(default_factory=dict)
    read: dict[Any, int] = field(default_factory=dict)


async def scan(settings: Settings, lane: Lane, lines: Lines) -> Found:
    """Look through all records that can still be read, those of aborted transactions too."""
    found = Found()
    async for record, key in records(settings, [lane.kafka_name(topic.name) for topic in topics_of(lane)]):
        found.read[key] = record.offset
        hits = lines.hits(record.value or b"")
        if hits:
            found.lines[key] = found.lines.get(key, 0) + hits
            found.last[key] = record.offset
    return found


async def records(settings: Settings, topics: Sequence[str]) -> AsyncIterator[tuple[Any, Any]]:
    """(record, its partition) from the beginning to what is the end now."""
    from aiokafka import AIOKafkaConsumer, TopicPartition

    keys = [TopicPartition(topic, number) for topic, number in await asyncio.to_thread(partitions, settings, topics)]
    if not keys:
        return
    options = {"enable_auto_commit": False, "auto_offset_reset": "earliest", "isolation_level": "read_uncommitted"}
    async with AIOKafkaConsumer(bootstrap_servers=settings.kafka_bootstrap, **options) as consumer:
        consumer.assign(keys)
        ends = await consumer.end_offsets(keys)
        await consumer.seek_to_beginning()
        while any([await consumer.position(key) < end for key, end in ends.items()]):
            for key, batch in (await consumer.getmany(timeout_ms=READ_MS, max_records=MAX_RECORDS)).items():
                for record in batch:
                    yield record, key


def cut(settings: Settings, before: dict[Any, int]) -> dict[str, int]:
    """Delete the records below these offsets; how many those were, by topic. Kafka can only take away a partition's beginning."""
    from kafka.admin import OffsetSpec
    from kafka.structs import TopicPartition

    wanted = {TopicPartition(key.topic, key.partition): offset for key, offset in before.items()}
    if not wanted:
        return {}
    with admin_of(settings.kafka_bootstrap) as admin:
        begins = admin.list_partition_offsets(dict.fromkeys(wanted, OffsetSpec.EARLIEST))
        admin.delete_records(wanted)
    gone: dict[str, int] = {}
    for key, offset in wanted.items():
        gone[key.topic] = gone.get(key.topic, 0) + max(0, offset - begins[key].offset)
    return gone
