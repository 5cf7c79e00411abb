"""The transactional pipeline of one input partition: its output, its changed state and the applied input offset are one transaction.

Nothing but the offset in the changelog decides where to go on, so a record is applied once however often it is delivered, and a new owner
fences the old one (same transactional id). Kafka: KIP-98, KIP-447.
"""

import asyncio
import logging
import os
import time
from collections import deque
from collections.abc import Callable
from contextlib import aclosing
from typing import Any, NamedTuple, Protocol

import msgspec
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, ProducerFenced

from schemas.journeys import OFFSET_KEY
from streams import changelog, garbage, metrics
from streams.logic.output import Output, row_kind
from streams.records import kind_of, pack
from streams.stage import Stage

log = logging.getLogger(__name__)
_MAX_BATCH_RECORDS = 200
_MAX_BATCH_BYTES = 4 << 20
_MAX_QUEUE_RECORDS = 400
_MAX_QUEUE_BYTES = _MAX_BATCH_BYTES  # the next batch, while the one before is applied: a worker has many partitions
_FULL_BYTES = 65_536  # that many are a transaction without waiting for more
_GATHER_S = 0.02
_TRANSACTION_TIMEOUT_MS = 15_000
_GIVE_UP_AFTER_S = 60.0
_CLOSE_S = 3.0
_RETRY = (KafkaError, OSError)


class Delivery(Protocol):
    """A record as it was delivered, to be acknowledged once it is applied."""

    offset: int
    value: bytes
    headers: Any

    def ack(self) -> None: ...


class Setup(msgspec.Struct, frozen=True, kw_only=True):
    """What a pipeline works on. `topic_of` gives the Kafka name of a result topic of the lane."""

    bootstrap: str
    agent: str
    transactional_id: str
    input_topic: str
    state_topic: str
    partition: int
    partitions: int
    max_record_bytes: int
    topic_of: Callable[[str], str]
    make_stage: Callable[[], Stage]
    turn: asyncio.Lock = msgspec.field(default_factory=asyncio.Lock)  # whose turn it is to compute, of all that share it


class Computed(NamedTuple):
    """What a stage has made of some records, which nobody but itself knows yet. `more`: it has more to tell."""

    records: int
    out: Output
    more: bool
    began_s: float


class Pipeline:
    """`submit` deliveries; they are applied in order, many to a transaction, and acknowledged after its commit."""

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self.offset = -1
        self._stage: Stage | None = None
        self._producer: AIOKafkaProducer | None = None
        self._queue: deque[Delivery] = deque()
        self._queued_bytes = 0
        self._arrived = asyncio.Event()
        self._room = asyncio.Event()
        self._closed = False
        self._fresh = True  # nothing applied since the restore: a gap before the first delivery must be read
        self._task: asyncio.Task[None] | None = asyncio.create_task(self._run(), name=f"{setup.agent}-{setup.partition}")

    async def submit(self, delivery: Delivery) -> bool:
        """Queue a delivery; waits while too many are queued. Once closed it takes none (False): the next owner is given it again."""
        while (len(self._queue) >= _MAX_QUEUE_RECORDS or self._queued_bytes >= _MAX_QUEUE_BYTES) and not self._closed:
            self._room.clear()
            await self._room.wait()
        if self._closed:
            return False
        self._queue.append(delivery)
        self._queued_bytes += len(delivery.value)
        self._arrived.set()
        return True

    async def close(self) -> None:
        """Stop at once; what was not committed belongs to the next owner. Nobody is left waiting for room."""
        self._closed = True
        self._room.set()
        running = {self._task} if self._task else set()
        self._task = None  # with how it was cancelled it holds the state, and a cycle through what a restore has frozen would never go
        while running:  # a cancelled transaction is aborted first, for which Kafka may be away: the next cancel ends that too
            for task in running:
                task.cancel()
            _, running = await asyncio.wait(running, timeout=_CLOSE_S)
        await self._drop()

    async def _run(self) -> None:
        try:
            await self._apply_all()
        except asyncio.CancelledError:
            raise
        except BaseException:
            # A bug, not an outage: acknowledging would lose the records, so the process ends and the supervisor tells.
            log.exception("cannot go on agent=%s partition=%s", self.setup.agent, self.setup.partition)
            os._exit(1)

    async def _apply_all(self) -> None:
        while True:
            await self._arrived.wait()
            if self._queued_bytes < _FULL_BYTES:
                await asyncio.sleep(_GATHER_S)  # a transaction costs Kafka the same for one record and for many
            batch: list[Delivery] = []
            self._fill(batch)
            if not batch:
                self._arrived.clear()
                continue
            await self._apply_until_done(batch)
            for delivery in batch:
                delivery.ack()

    def _fill(self, batch: list[Delivery]) -> None:
        """As much of what waits as one transaction should hold."""
        size_bytes = sum(len(delivery.value) for delivery in batch)
        while self._queue and len(batch) < _MAX_BATCH_RECORDS and size_bytes < _MAX_BATCH_BYTES:
            batch.append(self._queue.popleft())
            size_bytes += len(batch[-1].value)
            self._queued_bytes -= len(batch[-1].value)
        self._room.set()
        metrics.QUEUE_RECORDS.labels(self.setup.agent, self.setup.partition).set(len(self._queue))

    async def _apply_until_done(self, batch: list[Delivery]) -> None:
        """A failed transaction costs the producer and the state; both are made anew from the changelog."""
        failing_since = 0.0
        while True:
            try:
                await self._apply(batch)
                return
            except _RETRY as error:
                now_s = time.monotonic()
                failing_since = failing_since or now_s
                log.warning("transaction failed agent=%s partition=%s error=%r", self.setup.agent, self.setup.partition, error)
                metrics.TRANSACTIONS.labels(self.setup.agent, "failed").inc()
                await self._drop()
                if now_s - failing_since > _GIVE_UP_AFTER_S:
                    log.error("no transaction for %s s, leaving", _GIVE_UP_AFTER_S)
                    os._exit(1)
                await asyncio.sleep(5.0 if isinstance(error, ProducerFenced) else 0.5)

    async def _apply(self, batch: list[Delivery]) -> None:
        if self._stage is None:
            await self._restore()
            if self.offset >= 0:
                await self._commit([], self.offset)  # what a batch of several transactions did not come to
        if self._fresh:
            await self._catch_up(batch[0].offset)
        async with self.setup.turn:
            self._fill(batch)  # others' turns took their time: the longer, the fuller is the transaction
            todo = [delivery for delivery in batch if delivery.offset > self.offset]
            computed = await self._compute([(kind_of(d.headers), d.value) for d in todo]) if todo else None
        if computed is not None:
            await self._finish(computed, todo[-1].offset)

    async def _catch_up(self, first_offset: int) -> None:
        """Apply what lies between the changelog's offset and the first delivery: the group's committed offset is only a hint."""
        setup = self.setup
        if first_offset > self.offset + 1:
            records: list[tuple[str, bytes]] = []
            last = self.offset
            gap = changelog.read_range(setup.bootstrap, setup.input_topic, setup.partition, self.offset + 1, first_offset)
            async with aclosing(gap):
                async for record in gap:
                    records.append((kind_of(record.headers), record.value or b""))
                    last = record.offset
                    if len(records) >= _MAX_BATCH_RECORDS:
                        await self._commit(records, last)
                        records = []
            if records:
                await self._commit(records, last)
        self._fresh = False

    async def _commit(self, records: list[tuple[str, bytes]], offset: int) -> None:
        async with self.setup.turn:
            computed = await self._compute(records)
        await self._finish(computed, offset)

    async def _compute(self, records: list[tuple[str, bytes]]) -> Computed:
        began_s = time.perf_counter()
        out = Output(self.setup.partitions)
        for kind, value in records:
            self._running_stage.on_record(kind, value, out)
            await asyncio.sleep(0)  # a record may hold hundreds of events: heartbeats and transactions go on meanwhile
        return Computed(len(records), out, self._running_stage.flush(out), began_s)

    async def _finish(self, computed: Computed, offset: int) -> None:
        """Write one transaction; more follow while the stage has more to do than one should hold."""
        agent = self.setup.agent
        await self._write(computed.out, offset)
        self.offset = offset
        more = computed.more
        while more:
            out = Output(self.setup.partitions)
            more = self._running_stage.flush(out)
            await self._write(out, offset)
        metrics.TRANSACTION_SECONDS.labels(agent).observe(time.perf_counter() - computed.began_s)
        metrics.RECORDS.labels(agent).inc(computed.records)

    @property
    def _running_stage(self) -> Stage:
        """Never a local variable: what failed remembers those, and the state is to go when it is dropped."""
        assert self._stage is not None
        return self._stage

    async def _write(self, out: Output, offset: int) -> None:
        setup, producer = self.setup, self._producer
        assert producer is not None
        async with producer.transaction():
            futures = []
            for (topic, partition), lines in out.held.items():
                for kind, value in pack(lines, row_kind(topic), setup.max_record_bytes):
                    headers = [("kind", kind.encode())] if kind else []
                    futures.append(await producer.send(setup.topic_of(topic), value, partition=partition, headers=headers))
            changes = {**out.changes, OFFSET_KEY: str(offset).encode()}
            futures += await changelog.write_state(producer, setup.state_topic, setup.partition, changes)
            await asyncio.gather(*futures)
        metrics.TRANSACTIONS.labels(setup.agent, "committed").inc()
        for name, amount in out.counts.items():
            metrics.LINES.labels(setup.agent, name).inc(amount)

    async def _restore(self) -> None:
        """Fence the former owner, then read the changelog to its end."""
        setup = self.setup
        began_s = time.perf_counter()
        self._producer = AIOKafkaProducer(
            bootstrap_servers=setup.bootstrap,
            transactional_id=setup.transactional_id,
            transaction_timeout_ms=_TRANSACTION_TIMEOUT_MS,
            request_timeout_ms=_TRANSACTION_TIMEOUT_MS,
            compression_type="zstd",
            max_batch_size=900_000,
            max_request_size=4 << 20,
        )
        await self._producer.start()
        stage = setup.make_stage()
        stage.partition = setup.partition
        found = await changelog.read_state(setup.bootstrap, setup.state_topic, setup.partition)
        self.offset = int(found.pop(OFFSET_KEY, b"-1"))
        for key, value in found.items():
            stage.load(key, value)
        stage.restored()
        garbage.leave_alone()
        self._stage, self._fresh = stage, True
        took_s = time.perf_counter() - began_s
        metrics.STATE_KEYS.labels(setup.agent, setup.partition).set(len(found))
        metrics.RESTORE_SECONDS.labels(setup.agent, setup.partition).set(took_s)
        log.info("restored agent=%s partition=%s keys=%s offset=%s", setup.agent, setup.partition, len(found), self.offset)

    async def _drop(self) -> None:
        """Let go of producer and state: neither may be used after a failure."""
        self._stage = None
        producer, self._producer = self._producer, None
        if producer is not None:
            try:
                await asyncio.wait_for(producer.stop(), 3)
            except _RETRY as error:
                log.info("producer did not stop cleanly error=%r", error)
