"""Delivers the triggers of one partition: each at its own pace, and the offset follows the slowest."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Mapping, Sequence
from contextlib import suppress

from schemas.rows import DeliveryRow, TriggerRow
from sinks import metrics
from sinks.attempt import Postman, Result, unsent
from sinks.faults import reach
from sinks.history import Past
from sinks.intake import Fenced
from sinks.ledger import Ledger
from sinks.letter import Letter
from sinks.outbox import Outbox
from sinks.payload import is_wanted, stops
from sinks.schedule import MAX_AGE_S, delay_s

log = logging.getLogger(__name__)
Report = tuple[DeliveryRow, Letter, bool]


class Courier:
    """`add` records as they are read, `close` to hand the partition over."""

    def __init__(
        self, outbox: Outbox, postman: Postman, delays_s: Sequence[float], past: Mapping[str, Past], position: int, posts: asyncio.Semaphore
    ) -> None:
        self.ledger = Ledger(position)
        self._caught_up = asyncio.Event()
        self._committed = position
        self._outbox, self._postman, self._delays_s, self._past, self._posts = outbox, postman, delays_s, past, posts
        self._letters: dict[str, Letter] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._reports: list[Report] = []
        self._wake = asyncio.Event()
        self._writer = asyncio.create_task(self._write_reports())

    def add(self, offset: int, created_ms: int, triggers: Sequence[TriggerRow]) -> None:
        """One record. Those of its triggers that were not dealt with before this process started are sent."""
        for trigger in triggers:
            reason = stops(trigger)
            if reason and trigger.trigger_id in self._letters:
                self._letters[trigger.trigger_id].void(reason)
        letters = [self._letter(offset, created_ms / 1000, trigger) for trigger in triggers if self._is_new(trigger)]
        self.ledger.add(offset, len(letters))
        for letter in letters:
            self._letters[letter.trigger.trigger_id] = letter
            self._tasks[letter.trigger.trigger_id] = asyncio.create_task(self._deliver(letter))

    def release(self) -> None:
        """What was there at the start has been read: what stops a trigger is known, and posting may begin."""
        self._caught_up.set()

    def check(self) -> None:
        """Raises what ended the writer, if it has ended."""
        if self._writer.done():
            self._writer.result()

    def nudge(self) -> None:
        """Commit the position if there is something to commit."""
        if self.ledger.position > self._committed:
            self._wake.set()

    async def close(self, patience_s: float) -> None:
        """Let requests under way end and be written down; what is waiting is left to whoever comes next."""
        for trigger_id, letter in list(self._letters.items()):
            if not letter.is_posting:
                self._tasks[trigger_id].cancel()
        if self._tasks:
            await asyncio.wait(self._tasks.values(), timeout=patience_s)
        while not self._writer.done() and (self._reports or self.ledger.position > self._committed):
            self._wake.set()
            await asyncio.wait([self._writer], timeout=0.01)
        for task in (*self._tasks.values(), self._writer):
            task.cancel()
        await asyncio.gather(*self._tasks.values(), self._writer, return_exceptions=True)
        await self._outbox.close()

    def _is_new(self, trigger: TriggerRow) -> bool:
        past = self._past.get(trigger.trigger_id)
        return is_wanted(trigger) and trigger.trigger_id not in self._letters and not (past and past.is_final)

    def _letter(self, offset: int, created_s: float, trigger: TriggerRow) -> Letter:
        past = self._past.get(trigger.trigger_id)
        if past is None:
            return Letter(trigger, offset, created_s)
        due_s = past.attempted_at_ms / 1000 + (delay_s(past.attempts, self._delays_s, random.random()) or 0.0)
        return Letter(trigger, offset, created_s, past.attempts, due_s)

    async def _deliver(self, letter: Letter) -> None:
        """Attempt after attempt, until it is delivered or given up."""
        await self._caught_up.wait()
        while True:
            await _until_due(letter, self._postman.clock())
            async with self._posts:
                letter.is_posting = True
                result = await self._attempt(letter)
                letter.attempts += 1
                wait_s = delay_s(letter.attempts, self._delays_s, random.random(), result.retry_after_s)
                outcome = (
                    "delivered" if result.verdict == "delivered" else "dead" if result.verdict == "gone" or wait_s is None else "retry"
                )
                self._report(letter, result, outcome)
                letter.is_posting = False
            if outcome != "retry":
                return
            letter.due_s = self._postman.clock() + (wait_s or 0.0)

    async def _attempt(self, letter: Letter) -> Result:
        now_s = self._postman.clock()
        if letter.void_because:
            return unsent(letter.void_because, int(now_s * 1000))
        if letter.attempts == 0 and now_s - letter.created_s > MAX_AGE_S:
            return unsent("too old: it could not be sent in time", int(now_s * 1000))
        return await self._postman.post(letter)

    def _report(self, letter: Letter, result: Result, outcome: str) -> None:
        metrics.WEBHOOKS.labels(outcome).inc()
        if outcome != "delivered":
            fields = {"trigger": letter.trigger.trigger_id, "attempt": letter.attempts, "outcome": outcome, "status": result.status}
            log.warning("webhook not delivered", extra={"fields": {**fields, "error": result.error}})
        self._reports.append((result.row(letter, outcome, self._postman.url), letter, outcome != "retry"))
        self._wake.set()

    async def _write_reports(self) -> None:
        """All reports that have come up since the last transaction, in the next one."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            reports, self._reports = self._reports, []
            for _, letter, is_final in reports:
                if is_final:
                    self.ledger.finish(letter.offset)
                    del self._letters[letter.trigger.trigger_id], self._tasks[letter.trigger.trigger_id]
            position = self.ledger.position
            try:
                await self._outbox.write([row for row, _, _ in reports], position)
            except Fenced as error:
                log.warning("the partition was taken over", extra={"fields": {"reason": error}})
                return
            self._committed = position
            reach("after_delivery")


async def _until_due(letter: Letter, now_s: float) -> None:
    """Sleep until the next attempt; less if the trigger is taken back."""
    left_s = letter.due_s - now_s
    if left_s > 0:
        with suppress(TimeoutError):
            await asyncio.wait_for(letter.changed.wait(), left_s)
