"""One run: the stack, its load and its bad luck side by side; then peace, and the comparison with the truth."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from functools import partial
from random import Random

from chaos import stage
from chaos.course import Course
from chaos.passers_by import PassersBy
from chaos.report import Report
from chaos.shop import Shop
from chaos.stage import LANE, LANES, LIVE_IDLE_S
from chaos.wrecker import Wrecker
from runtime.lanes import LaneError, drain, until_passed, until_settled
from runtime.local.stack import LIVE, Stack
from runtime.local.supervisor import Say
from runtime.pace import lane_clock_ms
from runtime.settings import Settings
from simulator.config import DAY_MS, SimConfig
from simulator.play import Play
from simulator.rules import rules_of

LIVE_HOPS_MS = 5_000  # what is forwarded between partitions of the live lane is there after a few of its ticks
STANDSTILL_S = 300.0  # the lane may be as long as this without a step while all around it is being killed
ASKED = ("ended with code 0 ", "ended with code 143 ")  # after SIGTERM; the second one is Java's
LOOK_EVERY_S = 5.0
POLL_S = 0.3


@dataclass(frozen=True)
class Plan:
    """How long things go wrong, and who comes meanwhile."""

    seconds: float
    seed: int
    shoppers: int
    days: int
    slot_ms: int = 3_600_000

    @property
    def config(self) -> SimConfig:
        return SimConfig(seed=self.seed, shoppers=self.shoppers, days=self.days, slot_ms=self.slot_ms)


class Run:
    """`settings` are those of the throw-away stack; `clock` is the wall's, in epoch seconds."""

    def __init__(self, settings: Settings, plan: Plan, clock: Callable[[], float], say: Say) -> None:
        self._settings, self._plan, self._clock, self._print = settings, plan, clock, say
        rules = rules_of(settings)
        self._simulated = Course(settings, LANE, rules)
        self._live = Course(settings, LIVE, replace(rules, idle_ms=LIVE_IDLE_S * 1000))
        self._crashes: Counter[str] = Counter()
        self._report = Report(plan.seed, plan.seconds)

    async def run(self) -> Report:
        """Raises NotBackError, LaneError, SendError or StartError when it does not come to its end."""
        settings, seed, report = self._settings, self._plan.seed, self._report
        async with AsyncExitStack() as open_now:
            with report.timed("start"):
                shop = Shop(settings.webhook_secret, settings.receiver_port, self._clock, Random(f"{seed}:shop"))
                await open_now.enter_async_context(shop)
                stack = await open_now.enter_async_context(Stack(settings, stage.specs(settings), say=self._say))
            for course in (self._simulated, self._live):
                await open_now.enter_async_context(course.clients)
            wrecker = Wrecker(stack, stage.all_workers(settings), Random(f"{seed}:wrecker"), self._say)
            open_now.push_async_callback(wrecker.close)
            play = Play(self._plan.config, self._simulated.clients, self._plan.seconds, None, self._keep_up)
            passers_by = PassersBy(self._live.clients, self._clock, Random(f"{seed}:passers-by"), f"live{seed}")
            with report.timed("faults and load"):
                await self._suffer(play, passers_by, wrecker)
            with report.timed("drain"):
                await self._drain(play, passers_by)
            with report.timed("compare"):
                await self._simulated.judge(report, play.final_ms, shop.came[LANE])
                await self._live.judge(report, passers_by.final_ms, shop.came[LIVE])
            report.note_faults(wrecker.done)
        report.answers_lost, report.ended_by_themselves = shop.answers_lost, dict(self._crashes)
        report.note("other_differences", [f"webhooks with a wrong signature: {shop.forged}"] if shop.forged else [])
        return report

    async def _suffer(self, play: Play, passers_by: PassersBy, wrecker: Wrecker) -> None:
        """The load, and the faults beside it; both to their end, with everybody well again."""
        watching = asyncio.create_task(self._watch(play))
        try:
            async with asyncio.TaskGroup() as together:
                together.create_task(play.run())
                together.create_task(passers_by.run())
                together.create_task(self._wreck(wrecker, passers_by))
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from errors
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

    async def _wreck(self, wrecker: Wrecker, passers_by: PassersBy) -> None:
        await self._keep_up(self._plan.config.start_ms)  # once the load has come through
        await wrecker.rage(self._plan.seconds)
        passers_by.leave()
        self._say("chaos", "no more faults: everything heals, the rest of the load is sent, the lanes are drained")
        await wrecker.heal()

    async def _drain(self, play: Play, passers_by: PassersBy) -> None:
        settings, progress = self._settings, partial(self._say, "lane")
        await drain(settings, LANE, play.final_ms, progress=progress)
        await until_passed(settings, LIVE, passers_by.final_ms + LIVE_HOPS_MS, progress=progress)
        for lane in LANES:
            await until_settled(settings, lane, progress=progress)

    async def _keep_up(self, at_ms: int) -> None:
        """Return once the lane has come to `at_ms`; who is asked may be away meanwhile."""
        deadline_s, last_ms = time.monotonic() + STANDSTILL_S, 0
        while (now_ms := await self._lane_clock_ms()) < at_ms:
            if now_ms > last_ms:
                deadline_s, last_ms = time.monotonic() + STANDSTILL_S, now_ms
            if time.monotonic() > deadline_s:
                raise LaneError(f"the lane has stood still for {STANDSTILL_S:.0f} s: see the workers' and the sink's logs")
            await asyncio.sleep(POLL_S)

    async def _lane_clock_ms(self) -> int:
        from clickhouse_connect.driver.exceptions import Error as WarehouseError

        try:
            return await asyncio.to_thread(lane_clock_ms, self._settings, LANE)
        except (WarehouseError, OSError):
            return 0

    async def _watch(self, play: Play) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            day = (play.now_ms - play.config.start_ms) / DAY_MS if play.now_ms else 0.0
            ledgers = [course.ledger for course in (self._simulated, self._live)]
            sent = [len(ledger.sent) for ledger in ledgers]
            unknown = sum(sent) - sum(ledger.acknowledged for ledger in ledgers)
            self._say("load", f"day {day:.1f} of {play.config.days}: {sent[0]:,} events, live {sent[1]:,}, not acknowledged {unknown:,}")

    def _say(self, name: str, text: str) -> None:
        if text.startswith("ended with code") and not text.startswith(ASKED):
            self._crashes[stage.role_of(name)] += 1
        self._print(name, text)
