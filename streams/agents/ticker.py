"""The live lane's clock: a tick into each owned `events` partition, behind all that was collected before it.

Because ticks travel with the events, a timer fires only after the backlog before it has been seen. Other lanes get theirs
from `POST /v1/clock`.
"""

import time

import msgspec
from aiokafka import AIOKafkaProducer

from schemas.journeys import Kind, Tick


class Ticker:
    """Writes the wall clock into partitions of one topic."""

    def __init__(self, bootstrap: str, topic: str) -> None:
        self._bootstrap = bootstrap
        self._topic = topic
        self._producer: AIOKafkaProducer | None = None

    async def tick(self, partitions: list[int]) -> None:
        if self._producer is None:
            self._producer = AIOKafkaProducer(bootstrap_servers=self._bootstrap, acks="all", enable_idempotence=True)
            await self._producer.start()
        line = msgspec.json.encode(Tick(now_ms=time.time_ns() // 1_000_000))
        for partition in partitions:
            await self._producer.send(self._topic, line, partition=partition, headers=[("kind", Kind.TICK.encode())])

    async def stop(self) -> None:
        if self._producer is not None:
            await self._producer.stop()
            self._producer = None
