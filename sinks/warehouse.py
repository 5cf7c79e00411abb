"""The process that fills the warehouse: every table topic of a lane, each row exactly once."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence

from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.errors import IllegalStateError
from aiokafka.structs import OffsetAndMetadata

from runtime.http import serve_health
from runtime.settings import Settings
from schemas.journeys import Kind
from schemas.topics import LIVE, Topic, lane_topic, table_topics
from sinks import metrics, overtaken
from sinks.buffer import Buffer, Limits, Record
from sinks.clickhouse import ClickHouse, connect
from sinks.erased import Erased
from sinks.flow import Flow
from sinks.freshness import Freshness
from sinks.intake import Fenced, Intake, topic_ids
from sinks.intent import from_metadata
from sinks.overtaken import Overtaken
from sinks.schedule import Clock
from sinks.tables import Table

log = logging.getLogger(__name__)
POLL_MS = 50
MAX_BUFFERED_BYTES = 96 << 20
PARALLEL_INSERTS = 4
REVOKE_PATIENCE_S = 5.0
STOP_PATIENCE_S = 10.0


class WarehouseSink:
    """All flows of a lane behind one consumer."""

    def __init__(self, settings: Settings, lane: str, warehouse: ClickHouse, ids: Mapping[str, str], clock: Clock) -> None:
        self._limits = Limits(settings.sink_flush_s, settings.sink_max_rows)
        self._intake = Intake(settings, f"cartwake-{lane}-warehouse", list(ids), self)
        self._erased = Erased(warehouse, settings.erasure_salt)
        inserts = asyncio.Semaphore(PARALLEL_INSERTS)
        self._flows: dict[str, Flow] = {}
        for topic in table_topics():
            name = lane_topic(lane, topic.name)
            table, fresh = (
                Table(warehouse, lane, topic, self._erased),
                Freshness(topic.table, lane == LIVE and topic.table == "events", clock),
            )
            self._flows[name] = Flow(table, f"{name}@{ids[name]}", self._intake, self._limits, inserts, fresh)
        self._kinds = {lane_topic(lane, topic.name): _row_kind(topic) for topic in table_topics()}
        self._owned = self._buffered_bytes = 0
        self._max_record_bytes = settings.max_record_bytes
        self._next_idle_s = 0.0
        self._overtaken = Overtaken(warehouse, settings, lane)
        self._sweep: asyncio.Task[int] | None = None
        self._next_sweep_s = time.monotonic() + overtaken.EVERY_S

    @property
    def is_ready(self) -> bool:
        return self._owned > 0 and all(flow.is_well for flow in self._flows.values())

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set; the inserts under way are then finished and committed."""
        await self._intake.start()
        try:
            while not stop.is_set():
                self._add(await self._intake.getmany(POLL_MS, self._room()))
                now_s = time.monotonic()
                await self._erased.refresh(now_s)
                if now_s >= self._next_sweep_s:
                    self._next_sweep_s = now_s + overtaken.EVERY_S
                    self._sweep = asyncio.create_task(self._overtaken.sweep())
                for flow in self._flows.values():
                    flow.kick(now_s)
                self._hold_back()
                if now_s >= self._next_idle_s:
                    self._next_idle_s = now_s + self._limits.flush_s
                    await self._commit_positions()
                    self._tell_lag()
            await self._settle(STOP_PATIENCE_S)
        finally:
            if self._sweep:
                self._sweep.cancel()
            await self._intake.close()

    async def prepare(self, keys: Sequence[TopicPartition]) -> None:
        """Nothing: the group's generation shuts out whoever had them."""

    async def take(self, committed: Mapping[TopicPartition, OffsetAndMetadata]) -> None:
        for key, value in committed.items():
            self._flows[key.topic].buffers[key] = Buffer(from_metadata(value.metadata), value.offset)
        self._owned = len(committed)

    async def drop(self) -> None:
        await self._settle(REVOKE_PATIENCE_S)
        self._owned = 0
        for flow in self._flows.values():
            flow.buffers = {}

    async def _settle(self, timeout_s: float) -> None:
        await asyncio.gather(*(flow.settle(timeout_s) for flow in self._flows.values()))

    def _add(self, batches: Mapping[TopicPartition, list[ConsumerRecord]]) -> None:
        now_s = time.monotonic()
        for key, messages in batches.items():
            buffer = self._flows[key.topic].buffers.get(key)
            for message in messages if buffer else ():
                assert buffer is not None
                buffer.add(_record(message, self._kinds[key.topic]), now_s)

    def _buffers(self) -> list[tuple[TopicPartition, Buffer]]:
        return [each for flow in self._flows.values() for each in flow.buffers.items()]

    def _room(self) -> int:
        """How many records may be taken at once. Packed ones may have been fetched by the dozen, and be ten times as large in memory."""
        return max(1, (MAX_BUFFERED_BYTES - self._buffered_bytes) // self._max_record_bytes)

    def _hold_back(self) -> None:
        """Read nothing more from partitions that are waiting, while too much waits in all; the memory is bounded by that."""
        buffers = self._buffers()
        self._buffered_bytes = total_bytes = sum(buffer.bytes for _, buffer in buffers)
        is_full = total_bytes >= MAX_BUFFERED_BYTES
        full = {key for key, buffer in buffers if buffer.bytes >= (1 if is_full else self._limits.max_bytes)}
        paused = self._intake.pause_only(full)
        metrics.BUFFERED_BYTES.set(total_bytes)
        metrics.PAUSED.set(paused)

    def _tell_lag(self) -> None:
        for flow in self._flows.values():
            records = sum(max(0, self._intake.end(key) - buffer.unfinished) for key, buffer in flow.buffers.items())
            flow.freshness.waiting(records, min(filter(None, (buffer.oldest_ms for buffer in flow.buffers.values())), default=None))

    async def _commit_positions(self) -> None:
        """Move past what holds no rows, such as the ends of transactions. Also tells an open range that its last record has been read."""
        epoch, idle = self._intake.epoch, {}
        try:
            for key, buffer in self._buffers():
                if buffer.is_empty or buffer.opened is not None:
                    buffer.position = max(buffer.position, await self._intake.position(key))
                if buffer.is_empty and buffer.position > buffer.committed:
                    idle[key] = (buffer.position, "")
            if epoch != self._intake.epoch:
                return
            await self._intake.commit(idle)
            for key, buffer in self._buffers():
                if key in idle:
                    buffer.committed = idle[key][0]
        except (Fenced, IllegalStateError) as error:
            log.debug("a rebalance is under way: %s", error)


def _row_kind(topic: Topic) -> bytes | None:
    """The header `kind` of records that hold rows; None where there is no such header."""
    return Kind.EVENT.value.encode() if topic.name == "journeys" else None


def _record(message: ConsumerRecord, kind: bytes | None) -> Record:
    value: bytes = message.value or b""
    is_rows = bool(value) and (kind is None or dict(message.headers).get("kind") == kind)
    value = value if is_rows else b""
    return Record(message.offset, message.timestamp, value, value.count(b"\n") + 1 if is_rows else 0)


async def run_warehouse(settings: Settings, lane: str, metrics_port: int, stop: asyncio.Event, clock: Clock) -> None:
    """The process, until `stop`."""
    sink: WarehouseSink | None = None
    health = await serve_health(metrics_port, lambda: sink is not None and sink.is_ready, host=settings.metrics_host)
    try:
        async with connect(settings) as warehouse:
            ids = await topic_ids(settings.kafka_bootstrap, [lane_topic(lane, topic.name) for topic in table_topics()])
            sink = WarehouseSink(settings, lane, warehouse, ids, clock)
            await sink.run(stop)
    finally:
        await health.close()
