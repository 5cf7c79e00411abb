"""One rebuild: feed a shadow lane, compare it with the lane that it stands for, and exchange them if asked to."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any

from replays.rebuild.feed import Feed, copied
from replays.rebuild.stored import EVENTS, HOURS, collected, slices
from replays.rebuild.swap import Difference, Swap, SwapError
from runtime.lanes import LaneError, close_lane, drain, open_lane, pause_lane, resume_lane, until_read
from runtime.query import command, query, raw
from runtime.settings import Settings
from schemas.suppression import SQL, Suppression

CLOCK = "SELECT toUnixTimestamp64Milli(min(now_at)), count() FROM clocks_now WHERE lane = {lane:String}"
EVER_MS = 1 << 62
Watch = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """`source`: warehouse or topic. `swap`: exchange when the events are the same."""

    lane: str
    into: str
    source: str
    swap: bool = False


@dataclass
class Rebuilt:
    """What came of it. `problems` is empty when all is well."""

    lane: str
    into: str
    events: int = 0
    tables: list[Difference] = field(default_factory=list)
    swapped: bool = False
    problems: list[str] = field(default_factory=list)
    elapsed_s: float = 0.0

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


class Rebuild:
    """Runs on a stack that is up. No webhook goes out: the shadow lane has nobody who sends."""

    def __init__(self, settings: Settings, plan: Plan, watch: Watch = lambda text: None) -> None:
        self._settings, self._plan, self._watch = settings, plan, watch
        self._swap = Swap(partial(query, settings), partial(command, settings), plan.lane, plan.into)
        self._found = Rebuilt(plan.lane, plan.into)
        self._offsets: dict[int, int] = {}
        self._fed_ms = 0

    async def run(self) -> Rebuilt:
        """Raises LaneError or SwapError where it cannot go on; the lane itself is then as it was."""
        settings, plan, began_s = self._settings, self._plan, time.monotonic()
        until_ms = await asyncio.to_thread(self._clock_ms)
        await asyncio.to_thread(open_lane, settings, plan.into)
        try:
            await self._feed(until_ms)
            await drain(settings, plan.into, until_ms, progress=self._watch)
            if plan.swap:
                await self._exchange()
            else:
                self._found.tables = await asyncio.to_thread(self._swap.compare)
        finally:
            await asyncio.to_thread(close_lane, settings, plan.into)
        self._found.problems = [] if plan.swap else _problems(self._found.tables[:1])
        self._found.elapsed_s = round(time.monotonic() - began_s, 1)
        return self._found

    async def _exchange(self) -> None:
        """The lane stands still meanwhile: what came since is fed, too; then its tables are exchanged and it goes on."""
        settings, plan = self._settings, self._plan
        self._watch(f"the lane {plan.lane} stands still")
        paused = await asyncio.to_thread(pause_lane, settings, plan.lane, ("worker",))
        try:
            await until_read(settings, plan.lane, progress=self._watch)
            paused += await asyncio.to_thread(pause_lane, settings, plan.lane, ("sink",))
            until_ms = await asyncio.to_thread(self._clock_ms)
            await self._feed(EVER_MS)
            await drain(settings, plan.into, until_ms, progress=self._watch)
            self._found.tables = await asyncio.to_thread(self._swap.compare)
            if wrong := _problems(self._found.tables[:1]):
                raise SwapError(f"nothing is exchanged: {'; '.join(wrong)}")
            self._watch("exchange the tables")
            await asyncio.to_thread(self._swap.exchange)
            self._found.swapped = True
        finally:
            await asyncio.to_thread(resume_lane, settings, plan.lane, paused)

    async def _feed(self, until_ms: int) -> None:
        """What was received since the last time, up to then."""
        async with Feed(self._settings, self._plan.into) as feed:
            if self._plan.source == "topic":
                hashes = [each for (each,) in await asyncio.to_thread(query, self._settings, SQL)]
                async for records in copied(
                    self._settings, self._plan.lane, feed, self._offsets, Suppression(self._settings.erasure_salt, hashes)
                ):
                    self._found.events += records
                    self._watch(f"{self._found.events:,} records")
            else:
                await self._feed_stored(feed, until_ms)
            await feed.close()
        self._fed_ms = until_ms

    async def _feed_stored(self, feed: Feed, until_ms: int) -> None:
        of_lane = {"lane": self._plan.lane}
        span = {**of_lane, "from_ms": self._fed_ms, "until_ms": until_ms}
        hours = await asyncio.to_thread(query, self._settings, HOURS, span)
        for start_ms, end_ms in slices([(int(hour), int(count)) for hour, count in hours]):
            part = {**of_lane, "from_ms": max(start_ms, self._fed_ms), "until_ms": min(end_ms, until_ms)}
            lines = await asyncio.to_thread(raw, self._settings, EVENTS, part)
            self._found.events += await feed.add(collected(line) for line in lines.splitlines())
            self._watch(f"{self._found.events:,} events")

    def _clock_ms(self) -> int:
        ((clock_ms, partitions),) = query(self._settings, CLOCK, {"lane": self._plan.lane})
        if not partitions:
            raise LaneError(f"the lane {self._plan.lane} has no clock: there is nothing to rebuild")
        return int(clock_ms)


def _problems(tables: list[Difference]) -> list[str]:
    return [
        f"{each.table}: {each.only_before} rows that the shadow lacks, {each.only_rebuilt} that only it has"
        for each in tables
        if each.only_before or each.only_rebuilt
    ]
