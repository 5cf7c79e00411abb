"""Writes events into a lane's topic as the collector does, with the time that was then between them."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from runtime.lanes import LaneError
from runtime.settings import Settings
from schemas.collected import Collected, partition_key
from schemas.journeys import Kind, Tick
from schemas.partition import partition_of
from schemas.suppression import Suppression
from schemas.topics import lane_topic

TICK_MS = 600_000
IN_FLIGHT = 256  # records that Kafka has not acknowledged yet
_encode = msgspec.json.Encoder().encode


class Feed:
    """`async with Feed(...)`: `add` events in the order of reception; `tell` the time; records wait until they are full or time is told."""

    def __init__(self, settings: Settings, lane: str) -> None:
        self._settings, self._topic = settings, lane_topic(lane, "events")
        self._lines: defaultdict[int, list[bytes]] = defaultdict(list)
        self._bytes: defaultdict[int, int] = defaultdict(int)
        self._waiting: set[asyncio.Future[Any]] = set()
        self._now_ms = 0
        self.partitions = 0

    async def __aenter__(self) -> Feed:
        self._producer = AIOKafkaProducer(
            bootstrap_servers=self._settings.kafka_bootstrap, acks="all", enable_idempotence=True, max_request_size=8 << 20, linger_ms=5
        )
        await self._producer.start()
        self.partitions = len(await self._producer.partitions_for(self._topic))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._producer.stop()

    async def add(self, events: Iterable[Collected]) -> int:
        """How many those were."""
        count = 0
        for event in events:
            now_ms = event.received_at_ms // TICK_MS * TICK_MS
            if now_ms > self._now_ms:
                await self.tell(now_ms)
            await self._put(partition_of(partition_key(event), self.partitions), _encode(event))
            count += 1
        return count

    async def tell(self, now_ms: int) -> None:
        """All that was added was received before."""
        self._now_ms = now_ms
        for partition in range(self.partitions):
            await self._send(partition)
            await self.copy(partition, _encode(Tick(now_ms=now_ms)), [("kind", Kind.TICK.encode())])

    async def copy(self, partition: int, value: bytes, headers: list[tuple[str, bytes]]) -> None:
        """A record as it is."""
        if len(self._waiting) >= IN_FLIGHT:
            await self.flush()
        self._waiting.add(await self._producer.send(self._topic, value, partition=partition, headers=headers))

    async def flush(self) -> None:
        """All that was sent is in Kafka. Raises what the producer raises."""
        waiting, self._waiting = self._waiting, set()
        await asyncio.gather(*waiting)

    async def close(self) -> None:
        """What still waits is sent, too."""
        for partition in list(self._lines):
            await self._send(partition)
        await self.flush()

    async def _put(self, partition: int, line: bytes) -> None:
        if self._bytes[partition] + len(line) >= self._settings.max_record_bytes:
            await self._send(partition)
        self._lines[partition].append(line)
        self._bytes[partition] += len(line) + 1

    async def _send(self, partition: int) -> None:
        lines = self._lines.pop(partition, [])
        self._bytes[partition] = 0
        if lines:
            await self.copy(partition, b"\n".join(lines), [("kind", Kind.EVENT.encode())])


async def copied(
    settings: Settings, lane: str, feed: Feed, starts: dict[int, int], erased: Suppression, ends: Mapping[int, int] | None = None
) -> AsyncIterator[int]:
    """Copy a lane's topic `events` from `starts` (offsets by partition, moved on) to `ends`, else to its end; yields how many records came.

    Raises LaneError where the topic's beginning is not kept any more, or the lanes have not as many partitions.
    """
    topic = lane_topic(lane, "events")
    consumer = AIOKafkaConsumer(bootstrap_servers=settings.kafka_bootstrap, isolation_level="read_committed", enable_auto_commit=False)
    await consumer.start()
    try:
        await consumer._client.force_metadata_update()
        keys = [TopicPartition(topic, number) for number in sorted(consumer.partitions_for_topic(topic) or ())]
        if len(keys) != feed.partitions:
            raise LaneError(f"the lane {lane} has {len(keys)} partitions and the new one {feed.partitions}: set CARTWAKE_PARTITIONS")
        consumer.assign(keys)
        begins, last = await consumer.beginning_offsets(keys), await consumer.end_offsets(keys)
        until = {key: last[key] if ends is None else ends.get(key.partition, 0) for key in keys}
        for key in keys:
            if begins[key] > starts.get(key.partition, 0):
                raise LaneError(f"{topic} does not keep its beginning any more (partition {key.partition}): use --from-warehouse")
            consumer.seek(key, starts.get(key.partition, 0))
        while [key for key in keys if await consumer.position(key) < until[key]]:
            batches = await consumer.getmany(timeout_ms=200)
            for key, messages in batches.items():
                for message in messages:
                    value = erased.kept(message.value)
                    if value and message.offset < until[key]:
                        await feed.copy(key.partition, value, list(message.headers))
            yield sum(map(len, batches.values()))
        starts |= {key.partition: max(until[key], starts.get(key.partition, 0)) for key in keys}
    finally:
        await consumer.stop()
