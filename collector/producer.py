"""Kafka, for as long as the process lives: an idempotent producer that is opened when Kafka can be reached, and anew when it has failed."""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any

from aiokafka import AIOKafkaProducer

from collector.limits import REQUEST_MAX_BYTES
from collector.packer import NotStored
from schemas.journeys import Kind

log = logging.getLogger(__name__)
_OPEN_TIMEOUT_S = 8.0
_CLOSE_TIMEOUT_S = 3.0
_RETRY_S = 0.5
_REQUEST_TIMEOUT_MS = 10_000


def producer_of(bootstrap: str) -> Any:
    """Needs a running event loop."""
    return AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        acks="all",
        enable_idempotence=True,
        compression_type="zstd",
        max_request_size=REQUEST_MAX_BYTES,
        request_timeout_ms=_REQUEST_TIMEOUT_MS,
    )


class KafkaLog:
    """Appends records. A failure that is not passing makes a new producer, since it leaves a gap in the old one's sequence numbers.

    The old one keeps its other records until they are acknowledged, so that only those of the failed partition are refused.
    """

    def __init__(
        self, make_producer: Callable[[], Any], observe_ack: Callable[[float, int], None], close_timeout_s: float = _CLOSE_TIMEOUT_S
    ) -> None:
        self._close_timeout_s = close_timeout_s
        self._make_producer = make_producer
        self._observe_ack = observe_ack
        self._producer: Any = None
        self._pending: dict[asyncio.Future[Any], tuple[Any, float]] = {}  # whose each record under way is, and since when
        self._broken = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._keeper = asyncio.create_task(self._keep_open())

    async def stop(self) -> None:
        if self._keeper:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        if self._producer is not None:
            await self._close(self._producer)

    async def send(self, topic: str, partition: int, value: bytes, kind: Kind) -> None:
        """Append one record and wait until all replicas have it: while Kafka is away, too. NotStored when the record is given up."""
        producer = self._producer
        if producer is None:
            raise NotStored("no connection to Kafka")
        began_s = time.monotonic()
        try:
            future = await producer.send(topic, value, partition=partition, headers=_header(topic, kind))
            self._pending[future] = (producer, began_s)
            future.add_done_callback(self._pending.pop)
            await future
        except Exception as error:
            log.warning("a record for %s-%d was not stored: %r", topic, partition, error)
            if producer is self._producer:
                self._broken.set()
            raise NotStored(repr(error)) from error
        self._observe_ack(time.monotonic() - began_s, len(value))

    def waits_s(self) -> float:
        """How long the oldest record under way has been waiting for its acknowledgement."""
        return time.monotonic() - min(began_s for _, began_s in self._pending.values()) if self._pending else 0.0

    async def topics(self) -> dict[str, int]:
        """All topics and their numbers of partitions, asked of Kafka now. Raises when it cannot be reached."""
        if self._producer is None:
            raise NotStored("no connection to Kafka")
        cluster = await self._producer.client.fetch_all_metadata()
        return {topic: len(cluster.partitions_for_topic(topic) or ()) for topic in cluster.topics()}

    async def _keep_open(self) -> None:
        self._producer = await self._open()
        while True:
            await self._broken.wait()
            old, self._producer = self._producer, await self._open()
            self._broken.clear()
            await self._close(old)

    async def _open(self) -> Any:
        while True:
            producer = self._make_producer()
            try:
                async with asyncio.timeout(_OPEN_TIMEOUT_S):
                    await producer.start()
                log.info("connected to Kafka")
                return producer
            except Exception as error:
                log.warning("Kafka cannot be reached: %r", error)
            await self._close(producer)
            await asyncio.sleep(_RETRY_S)

    async def _close(self, producer: Any) -> None:
        """Give it a moment to deliver what it has; what it has not delivered then counts as not stored."""
        try:
            async with asyncio.timeout(self._close_timeout_s):
                await producer.stop()
        except Exception as error:
            log.warning("the producer did not close cleanly: %r", error)
        for future, (owner, _) in list(self._pending.items()):
            if owner is producer and not future.done():
                future.set_exception(NotStored("the connection to Kafka was given up"))


def _header(topic: str, kind: Kind) -> list[tuple[str, bytes]]:
    """Result topics have no header."""
    return [] if topic.endswith("rejected") else [("kind", kind.encode())]
