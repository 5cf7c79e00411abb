"""Delivery rows and the consumer's offset, in one Kafka transaction: either both are there or neither."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import ProducerFenced
from aiokafka.structs import OffsetAndMetadata

from schemas.partition import partition_of
from schemas.rows import DeliveryRow
from sinks.intake import Fenced

TRANSACTION_TIMEOUT_MS = 10_000


class Outbox:
    """The only writer for one partition of `triggers`: starting one shuts out the one before."""

    def __init__(self, bootstrap: str, group: str, key: TopicPartition, deliveries: str) -> None:
        self._group, self._key, self._deliveries = group, key, deliveries
        self._partitions = 0
        self._producer = AIOKafkaProducer(
            bootstrap_servers=bootstrap,
            transactional_id=f"{group}-{key.partition}",
            transaction_timeout_ms=TRANSACTION_TIMEOUT_MS,
            request_timeout_ms=15_000,
        )

    async def start(self) -> None:
        """When this returns, what the writer before left open has been undone."""
        await self._producer.start()
        self._partitions = len(await self._producer.partitions_for(self._deliveries))

    async def close(self) -> None:
        await self._producer.stop()

    @property
    def delivery_keys(self) -> list[TopicPartition]:
        return [TopicPartition(self._deliveries, number) for number in range(self._partitions)]

    async def write(self, rows: Sequence[DeliveryRow], position: int) -> None:
        """Raises Fenced."""
        try:
            async with self._producer.transaction():
                for row in rows:
                    where = partition_of(row.trigger_id, self._partitions)
                    await self._producer.send(self._deliveries, msgspec.json.encode(row), row.trigger_id.encode(), where)
                await self._producer.send_offsets_to_transaction({self._key: OffsetAndMetadata(position, "")}, self._group)
        except ProducerFenced as error:
            raise Fenced(str(error)) from error
