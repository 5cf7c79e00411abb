"""A feed put into a topic so that all of it becomes readable at one moment: the start of a measurement."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from types import TracebackType

from aiokafka import AIOKafkaProducer, TopicPartition

from bench.feed import Record
from runtime.settings import Settings
from schemas.topics import lane_topic

_MOST_IN_FLIGHT = 64  # records
_TRANSACTION_TIMEOUT_MS = 600_000


class HiddenLoad:
    """One open transaction: `fill` it, then `reveal` it to readers of committed records.

    So the worker can be started and warm before the clock starts, and nobody writes while it reads.
    """

    def __init__(self, settings: Settings, lane: str, topic: str = "events") -> None:
        self._topic = lane_topic(lane, topic)
        self._producer = AIOKafkaProducer(
            bootstrap_servers=settings.kafka_bootstrap,
            transactional_id=f"bench-load-{lane}",
            transaction_timeout_ms=_TRANSACTION_TIMEOUT_MS,
            compression_type="lz4",
            max_request_size=4 << 20,
        )

    async def __aenter__(self) -> HiddenLoad:
        await self._producer.start()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._producer.stop()

    async def fill(self, records: Iterable[Record]) -> None:
        """Returns when Kafka has them all; nobody can read them yet."""
        await self._producer.begin_transaction()
        waiting: set[asyncio.Future[object]] = set()
        for record in records:
            headers = [("kind", record.kind.encode())]
            waiting.add(await self._producer.send(self._topic, record.value, partition=record.partition, headers=headers))
            if len(waiting) >= _MOST_IN_FLIGHT:
                done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                for each in done:
                    each.result()
        await asyncio.gather(*waiting)

    async def reveal(self) -> None:
        await self._producer.commit_transaction()

    async def now(self, records: Iterable[Record]) -> None:
        """Fill and reveal at once."""
        await self.fill(records)
        await self.reveal()


def partitions_of(topic: str, partitions: int) -> list[TopicPartition]:
    return [TopicPartition(topic, partition) for partition in range(partitions)]
