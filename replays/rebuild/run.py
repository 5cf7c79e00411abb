"""One rebuild: feed a shadow lane, compare it with the lane that it stands for, and exchange them if asked to."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any

from replays.rebuild.feed import Feed, copied
from replays.rebuild.stillness import standing_still
from replays.rebuild.stored import EVENTS, HOURS, collected, slices
from replays.rebuild.swap import Difference, Swap, SwapError
from runtime.applied import applied
from runtime.lanes import LaneError, close_lane, drain, finish_lane, open_lane, pause_lane, until_read, worker_env
from runtime.query import command, query, raw
from runtime.settings import Settings
from schemas.suppression import SQL, Suppression
from schemas.topics import lane_topic

CLOCK = (
    "SELECT toUnixTimestamp64Milli(min(now_at)), toUnixTimestamp64Milli(max(now_at)), count() FROM clocks_now WHERE lane = {lane:String}"
)
EVER_MS = 1 << 62
MARGIN_MS = 60_000  # what a lane that runs received in the last minute may still be on its way into the table
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
    stood_still_s: float = 0.0
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

    async def run(self) -> Rebuilt:
        """Raises LaneError or SwapError where it cannot go on; the lane itself is then as it was."""
        settings, plan, began_s = self._settings, self._plan, time.monotonic()
        if plan.swap:
            await asyncio.to_thread(self._swap.refuse_leftovers)
        until_ms = (await asyncio.to_thread(self._clock_ms))[0] - (MARGIN_MS if plan.swap else 0)
        await asyncio.to_thread(open_lane, settings, plan.into, env=await asyncio.to_thread(worker_env, settings, plan.lane))
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
        """The lane stands still meanwhile: what came since is fed, too; then its tables are exchanged and it goes on.

        Both lanes come to rest first, at the same event and the same time. Were something on its way in the lane, the shadow would have a
        row of what the lane is yet to come to, and the lane, which has not written it, would not know that it may have to be taken back.
        """
        settings, plan, began_s = self._settings, self._plan, time.monotonic()
        self._watch(f"the lane {plan.lane} stands still")
        async with standing_still(settings, plan.lane) as stop:
            await stop("worker")
            await finish_lane(settings, plan.lane, "journey")
            await until_read(settings, plan.lane, progress=self._watch)
            await stop("sink")
            clock_ms = (await asyncio.to_thread(self._clock_ms))[1]
            await self._feed(EVER_MS, await applied(settings.kafka_bootstrap, lane_topic(plan.lane, "identify-state")))
            await drain(settings, plan.into, clock_ms, progress=self._watch, rounds=1)
            await asyncio.to_thread(pause_lane, settings, plan.into, "worker")
            await finish_lane(settings, plan.into)
            await until_read(settings, plan.into, progress=self._watch)
            self._found.tables = await asyncio.to_thread(self._swap.compare)
            if wrong := _problems(self._found.tables[:1]):
                raise SwapError(f"nothing is exchanged: {'; '.join(wrong)}")
            self._watch("exchange the tables")
            await asyncio.to_thread(self._swap.exchange)
            self._found.swapped = True
        self._found.stood_still_s = round(time.monotonic() - began_s, 1)

    async def _feed(self, until_ms: int, ends: Mapping[int, int] | None = None) -> None:
        """What the shadow lacks: of the table what was received before `until_ms`, of the topic what stands before `ends` (else all)."""
        async with Feed(self._settings, self._plan.into) as feed:
            if self._plan.source == "topic":
                hashes = [each for (each,) in await asyncio.to_thread(query, self._settings, SQL)]
                async for records in copied(
                    self._settings, self._plan.lane, feed, self._offsets, Suppression(self._settings.erasure_salt, hashes), ends
                ):
                    self._found.events += records
                    self._watch(f"{self._found.events:,} records")
            else:
                await self._feed_stored(feed, until_ms)
            await feed.close()

    async def _feed_stored(self, feed: Feed, until_ms: int) -> None:
        lanes = {"lane": self._plan.lane, "shadow": self._plan.into}
        hours = await asyncio.to_thread(query, self._settings, HOURS, {**lanes, "until_ms": until_ms})
        for start_ms, end_ms in slices([(int(hour), int(count)) for hour, count in hours]):
            part = {**lanes, "from_ms": start_ms, "until_ms": min(end_ms, until_ms)}
            lines = await asyncio.to_thread(raw, self._settings, EVENTS, part)
            self._found.events += await feed.add(collected(line) for line in lines.splitlines())
            self._watch(f"{self._found.events:,} events")

    def _clock_ms(self) -> tuple[int, int]:
        """Of the partition that is furthest behind, and of the one that is furthest on."""
        ((least_ms, most_ms, partitions),) = query(self._settings, CLOCK, {"lane": self._plan.lane})
        if not partitions:
            raise LaneError(f"the lane {self._plan.lane} has no clock: there is nothing to rebuild")
        return int(least_ms), int(most_ms)


def _problems(tables: list[Difference]) -> list[str]:
    return [
        f"{each.table}: {each.only_before} rows that the shadow lacks, {each.only_rebuilt} that only it has"
        for each in tables
        if each.only_before or each.only_rebuilt
    ]
