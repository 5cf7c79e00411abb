"""One topic's way into its table: ranges are announced, written and committed, one round after the other."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeVar

from aiokafka import TopicPartition

from sinks import metrics
from sinks.buffer import Buffer, Limits, Record
from sinks.clickhouse import BadInput, WarehouseAway, WarehouseError
from sinks.faults import reach
from sinks.freshness import Freshness
from sinks.intake import Fenced
from sinks.intent import Intent, Position, to_metadata
from sinks.tables import Table
from sinks.verdict import judge

log = logging.getLogger(__name__)
T = TypeVar("T")
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 15.0


class Commits(Protocol):
    """Where offsets are committed."""

    async def commit(self, offsets: Mapping[TopicPartition, tuple[int, str]]) -> None:
        """Raises Fenced."""


@dataclass(frozen=True)
class Round:
    """A range that is being written, with what it holds."""

    key: TopicPartition
    buffer: Buffer
    intent: Intent
    records: list[Record]


class Flow:
    """The partitions of one topic. `token_name` stands for the topic in tokens."""

    def __init__(
        self, table: Table, token_name: str, commits: Commits, limits: Limits, inserts: asyncio.Semaphore, freshness: Freshness
    ) -> None:
        self.buffers: dict[TopicPartition, Buffer] = {}
        self.freshness = freshness
        self._table, self._token_name, self._commits, self._limits, self._inserts = table, token_name, commits, limits, inserts
        self._task: asyncio.Task[None] | None = None
        self.is_well = True

    def kick(self, now_s: float) -> None:
        """Start a round if one is due and none is running. An error that ends the process is raised here."""
        if self._task and not self._task.done():
            return
        if self._task:
            self._task.result()
        if any(buffer.is_due(now_s, self._limits) for buffer in self.buffers.values()):
            self._task = asyncio.create_task(self._round())

    async def settle(self, timeout_s: float) -> None:
        """Wait for the round under way; give it up after a while: who comes next repeats it."""
        if self._task and not self._task.done():
            await asyncio.wait([self._task], timeout=timeout_s)
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._task = None

    async def _round(self) -> None:
        try:
            chosen = self._choose()
            reach("before_intent")
            await self._announce([each for each in chosen if each.buffer.opened is None])
            done = await asyncio.gather(*(self._write(each) for each in chosen))
            await self._commits.commit({each.key: (each.intent.last + 1, "") for each in done})
            reach("after_commit")
            for each in done:
                each.buffer.done(each.intent, time.monotonic())
        except Fenced as error:
            log.warning("partitions were taken over", extra={"fields": {"table": self._table.name, "reason": error}})
            self.buffers = {}

    def _choose(self) -> list[Round]:
        chosen = [(key, buffer, buffer.choose(self._limits)) for key, buffer in self.buffers.items()]
        return [Round(key, buffer, intent, buffer.records(intent)) for key, buffer, intent in chosen if intent]

    async def _announce(self, rounds: list[Round]) -> None:
        """Commit what is about to be written. A range without rows needs no word."""
        await self._commits.commit({each.key: (each.intent.first, to_metadata(each.intent)) for each in rounds if each.records})
        reach("after_intent")

    async def _write(self, each: Round) -> Round:
        """Insert until it is in; the range may come back shorter."""
        if each.buffer.opened is not None:
            self._note_repeat(each)
        reasons: dict[Position, str] = {}
        if not each.records:
            return each
        try:
            await self._insert(each, reasons)
        except BadInput as error:
            each, reasons = await self._quarantine(each, error)
            await self._insert(each, reasons)
        self.freshness.written(each.records)
        metrics.ROWS.labels(self._table.name).inc(sum(record.rows for record in each.records) - len(each.intent.bad))
        metrics.REJECTED.labels(self._table.name).inc(len(each.intent.bad))
        return each

    async def _quarantine(self, each: Round, error: BadInput) -> tuple[Round, dict[Position, str]]:
        """Find the bad lines and commit the verdict, before anything is written: whoever writes the range leaves out the same lines."""
        log.error("the warehouse refuses rows", extra={"fields": {"table": self._table.name, "range": each.intent, "reason": error}})
        intent, reasons = await self._until_answered(lambda: self._judge(each, error))
        await self._commits.commit({each.key: (intent.first, to_metadata(intent))})
        reach("after_verdict")
        return Round(each.key, each.buffer, intent, each.buffer.records(intent)), reasons

    async def _judge(self, each: Round, error: BadInput) -> tuple[Intent, dict[Position, str]]:
        intent, reasons = await judge(each.intent, each.records, self._table.check)
        if not reasons:
            raise WarehouseError(error.code, f"refused, though its table's columns can hold every line: {error}")
        return intent, reasons

    async def _insert(self, each: Round, reasons: Mapping[Position, str]) -> None:
        token = each.intent.token(self._token_name, each.key.partition)
        async with self._inserts:
            started_s = time.monotonic()
            await self._until_answered(lambda: self._table.write(each.records, each.intent, token, reasons))
            metrics.INSERT_S.labels(self._table.name).observe(time.monotonic() - started_s)
        reach("after_insert")

    async def _until_answered(self, action: Callable[[], Awaitable[T]]) -> T:
        """Repeat while the warehouse is away or in trouble. Raises BadInput."""
        pause_s = FIRST_PAUSE_S
        while True:
            try:
                result = await action()
                self.is_well = True
                return result
            except BadInput:
                raise
            except (WarehouseAway, WarehouseError) as error:
                self.is_well = False
                metrics.RETRIES.labels(self._table.name).inc()
                log.warning(
                    "insert failed, trying again", extra={"fields": {"table": self._table.name, "pause_s": pause_s, "error": error}}
                )
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, LONGEST_PAUSE_S)

    def _note_repeat(self, each: Round) -> None:
        metrics.REPEATED.labels(self._table.name).inc()
        fields = {"table": self._table.name, "partition": each.key.partition, "range": to_metadata(each.intent)}
        if not each.records:
            log.error("an open range is gone from the topic: its rows are lost unless they had been written", extra={"fields": fields})
        else:
            log.info("repeating the open range of an earlier owner", extra={"fields": fields})
