"""One run: the stack, its load and its bad luck side by side; then peace, and the comparison with the truth."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from random import Random

from chaos import evidence, stage, verdict
from chaos.clients import Clients
from chaos.evidence import Evidence
from chaos.ledger import Ledger, judge
from chaos.report import Report
from chaos.shop import Shop
from chaos.stage import LANE, WRITE_KEY
from chaos.wrecker import Wrecker
from runtime.compare import compare
from runtime.lanes import LaneError, drain, until_settled
from runtime.local.stack import Stack
from runtime.local.supervisor import Say
from runtime.pace import lane_clock_ms
from runtime.query import query
from runtime.settings import Settings
from schemas.topics import lane_topic
from simulator.config import DAY_MS, SimConfig
from simulator.play import Play
from simulator.rules import rules_of
from simulator.truth import Truth

STANDSTILL_S = 300.0  # the lane may be as long as this without a step while all around it is being killed
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
        self._ledger = Ledger()
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
            clients = await open_now.enter_async_context(Clients(settings, WRITE_KEY, LANE, self._ledger))
            wrecker = Wrecker(stack, stage.more_workers(settings), Random(f"{seed}:wrecker"), self._say)
            open_now.push_async_callback(wrecker.close)
            play = Play(self._plan.config, clients, self._plan.seconds, None, self._keep_up)
            with report.timed("faults and load"):
                await self._suffer(play, wrecker)
            with report.timed("drain"):
                await drain(settings, LANE, play.final_ms, progress=partial(self._say, "lane"))
                await until_settled(settings, LANE, progress=partial(self._say, "lane"))
            with report.timed("compare"):
                await self._judge(play, clients, shop)
            report.note_faults(wrecker.done)
        report.ended_by_themselves = dict(self._crashes)
        return report

    async def _suffer(self, play: Play, wrecker: Wrecker) -> None:
        """The load, and the faults beside it; both to their end, with everybody well again."""
        watching = asyncio.create_task(self._watch(play))
        try:
            async with asyncio.TaskGroup() as together:
                together.create_task(play.run())
                together.create_task(self._wreck(wrecker))
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from errors
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

    async def _wreck(self, wrecker: Wrecker) -> None:
        await self._keep_up(self._plan.config.start_ms)  # once the load has come through
        await wrecker.rage(self._plan.seconds)
        self._say("chaos", "no more faults: everything heals, the rest of the load is sent, the lane is drained")
        await wrecker.heal()

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
            ledger = self._ledger
            unknown = len(ledger.sent) - ledger.acknowledged
            self._say("load", f"day {day:.1f} of {play.config.days}: {len(ledger.sent):,} events sent, {unknown:,} not acknowledged")

    async def _judge(self, play: Play, clients: Clients, shop: Shop) -> None:
        settings, report, ledger = self._settings, self._report, self._ledger
        log = await evidence.read_triggers(settings.kafka_bootstrap, lane_topic(LANE, "triggers"))
        ask = partial(query, settings)
        found = await asyncio.to_thread(evidence.gather, ask, LANE, log)
        events = judge(ledger, WRITE_KEY, found.events, found.duplicates)
        report.sent, report.acknowledged, report.stored = len(ledger.sent), ledger.acknowledged, events.stored
        report.resent, report.answers_lost = clients.resent, shop.answers_lost
        report.note("lost", events.lost)
        report.note("doubled", events.doubled)
        truth = Truth(rules_of(settings))
        for arrival in events.true:
            truth.add(arrival)
        lines = await asyncio.to_thread(compare, truth.result(play.final_ms), ask, LANE)
        report.persons = next(line.truth for line in lines if line.measure == "persons")
        report.note("funnel_differences", [str(line) for line in verdict.funnel_lines(lines)])
        answers = verdict.judge_answers(ledger, events, found, *clients.answered)
        forged = [f"webhooks with a wrong signature: {shop.forged}"] if shop.forged else []
        report.note("other_differences", [*answers, *forged, *(str(line) for line in verdict.other_lines(lines))])
        self._judge_carts(truth, play.final_ms, found, shop)

    def _judge_carts(self, truth: Truth, final_ms: int, found: Evidence, shop: Shop) -> None:
        report, episodes = self._report, truth.episodes(final_ms)
        report.carts = len(episodes)
        report.note("carts_differences", verdict.judge_carts(found, episodes))
        triggers = verdict.judge_triggers(found, episodes, shop.came)
        report.note("triggers_lost", triggers.lost)
        report.note("triggers_doubled", triggers.doubled)
        report.note("triggers_untrue", triggers.untrue)
        report.triggers = triggers.fired
        report.deliveries, report.deliveries_doubled = triggers.deliveries, triggers.deliveries_doubled

    def _say(self, name: str, text: str) -> None:
        if text.startswith("ended with code") and not text.startswith("ended with code 0"):
            self._crashes[stage.role_of(name)] += 1
        self._print(name, text)
