"""Plays the simulation to a collector: slot after slot, at a pace if one is asked for, with the time told now and then."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Protocol

from simulator.config import DAY_MS, HOUR_MS, SimConfig
from simulator.faults import Arrival
from simulator.timeline import arrivals
from simulator.truth import Truth

MOST_EVENTS, MOST_BYTES = 500, 400_000  # of one request
TICK_EVERY_MS = 6 * HOUR_MS
KEEP_UP_EVERY_MS = 12 * HOUR_MS
MOST_BEHIND_MS = 4 * DAY_MS  # the parts of a lane must not come apart by as much as the allowed lateness


class Wire(Protocol):
    """Where the events go; both return when what was sent is acknowledged."""

    async def send(self, messages: Sequence[Arrival], clock_ms: int | None) -> None: ...

    async def clock(self, now_ms: int) -> None: ...


async def no_wait(at_ms: int) -> None:
    """For a lane that nobody reads yet."""


@dataclass
class Play:
    """How far it has come; read it while `run` is going on. `keep_up(at_ms)` returns once the lane has come to `at_ms`."""

    config: SimConfig
    wire: Wire
    seconds: float = 0.0  # 0: as fast as possible
    truth: Truth | None = None
    keep_up: Callable[[int], Awaitable[None]] = no_wait
    sent: int = 0
    now_ms: int = 0

    @property
    def final_ms(self) -> int:
        """To drain the lane to: nothing arrives later."""
        return self.config.end_ms + HOUR_MS

    @property
    def done(self) -> float:
        """0 to 1, by simulated time."""
        return max(0.0, min(1.0, (self.now_ms - self.config.start_ms) / (self.config.end_ms - self.config.start_ms)))

    async def run(self) -> None:
        """Send everything. Raises what the wire raises."""
        loop = asyncio.get_running_loop()
        began_s, ticked_ms, kept_up_ms = loop.time(), 0, self.config.start_ms
        for at_ms, slot in groupby(arrivals(self.config), key=lambda arrival: arrival.arrival_ms):
            self.now_ms = at_ms
            await asyncio.sleep(max(0.0, began_s + self.seconds * self.done - loop.time()))
            for batch in batches(slot):
                await self.wire.send(batch, at_ms)
                self._count(batch)
            if at_ms - ticked_ms >= TICK_EVERY_MS:
                ticked_ms = at_ms
                await self.wire.clock(at_ms + 1)
            if at_ms - kept_up_ms >= KEEP_UP_EVERY_MS:
                kept_up_ms = at_ms
                await self.keep_up(at_ms - MOST_BEHIND_MS)
        self.now_ms = self.config.end_ms

    def _count(self, batch: Sequence[Arrival]) -> None:
        self.sent += len(batch)
        if self.truth is not None:
            for arrival in batch:
                self.truth.add(arrival)


def batches(slot: Iterable[Arrival]) -> Iterator[list[Arrival]]:
    """A slot's events, in order, in portions that a collector takes."""
    batch: list[Arrival] = []
    size_bytes = 0
    for arrival in slot:
        if batch and (len(batch) == MOST_EVENTS or size_bytes + len(arrival.body) > MOST_BYTES):
            yield batch
            batch, size_bytes = [], 0
        batch.append(arrival)
        size_bytes += len(arrival.body)
    if batch:
        yield batch
