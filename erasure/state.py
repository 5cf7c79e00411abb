"""The stream's changelogs: what they still hold of the person, read as they lie in Kafka, compacted or not."""

from __future__ import annotations

from dataclasses import dataclass

from erasure.lanes import STATE, Lane
from erasure.lines import Lines
from erasure.topics import records
from runtime.settings import Settings


@dataclass(frozen=True)
class Kept:
    """`valid`: (topic, partition, key) whose latest value is of the person; `stale`: what waits for compaction, tombstones too."""

    valid: frozenset[tuple[str, int, bytes]]
    stale: int
    places: frozenset[tuple[str, int]]  # partitions that hold any of it

    @property
    def count(self) -> int:
        return len(self.valid) + self.stale


async def look(settings: Settings, lane: Lane, lines: Lines) -> Kept:
    """Read both changelogs from their beginning."""
    latest: dict[tuple[str, int, bytes], bool] = {}
    hits = 0
    places = set()
    async for record, key in records(settings, [lane.kafka_name(topic) for topic in STATE]):
        name = (key.topic, key.partition, record.key or b"")
        is_hit = lines.is_key(name[2]) or (record.value is not None and lines.is_in(record.value))
        latest[name] = is_hit and record.value is not None
        hits += is_hit
        if is_hit:
            places.add(name[:2])
    valid = frozenset(name for name, is_hit in latest.items() if is_hit)
    return Kept(valid, hits - len(valid), frozenset(places))


async def bury(settings: Settings, kept: Kept) -> None:
    """Write tombstones, where no worker is there to do it, and something behind them: Kafka compacts nothing but what lies before."""
    from aiokafka import AIOKafkaProducer

    async with AIOKafkaProducer(bootstrap_servers=settings.kafka_bootstrap, acks="all") as producer:
        for topic, partition, key in kept.valid:
            await producer.send_and_wait(topic, None, key, partition)
        for topic, partition in kept.places:
            await producer.send_and_wait(topic, b"", b"@buried", partition)
