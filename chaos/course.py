"""One lane's part of a run: what was sent into it, and how what is left is judged."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial

from chaos import evidence, verdict
from chaos.clients import Clients
from chaos.evidence import Evidence
from chaos.ledger import Ledger, judge, untimed
from chaos.report import Report
from chaos.stage import WRITE_KEY
from reconcile.job import job_of
from reconcile.run import Reconciliation
from runtime.compare import compare
from runtime.local.stack import LIVE
from runtime.query import query, stream
from runtime.settings import Settings
from schemas.topics import lane_topic
from simulator.truth import Rules, Truth


class Course:
    """`clients` send into the lane. `rules` are those of its truth."""

    def __init__(self, settings: Settings, lane: str, rules: Rules) -> None:
        self.lane = lane
        self.ledger = Ledger()
        self.clients = Clients(settings, WRITE_KEY, "" if lane == LIVE else lane, self.ledger)
        self._settings, self._rules = settings, rules

    async def judge(self, report: Report, final_ms: int, came: Mapping[str, Sequence[str]]) -> None:
        """Add to the report what has become of it, once the lane is drained to `final_ms`. `came`: the shop's webhooks of this lane."""
        settings, lane, ledger = self._settings, self.lane, self.ledger
        log = await evidence.read_triggers(settings.kafka_bootstrap, lane_topic(lane, "triggers"))
        ask = partial(query, settings)
        found = await asyncio.to_thread(evidence.gather, ask, lane, log)
        rows = map(untimed, found.events) if lane == LIVE else found.events
        events = judge(ledger, WRITE_KEY, rows, found.duplicates)
        report.sent += len(ledger.sent)
        report.acknowledged += ledger.acknowledged
        report.resent += self.clients.resent
        report.stored += events.stored
        report.stored_unacknowledged += len(events.unsure)
        report.note("lost", events.lost)
        report.note("doubled", events.doubled)
        truth = Truth(self._rules)
        for arrival in events.true:
            truth.add(arrival)
        lines = await asyncio.to_thread(compare, truth.result(final_ms), ask, lane)
        report.persons += next(line.truth for line in lines if line.measure == "persons")
        report.note("funnel_differences", [f"{lane}: {line}" for line in verdict.funnel_lines(lines)])
        answers = verdict.judge_answers(ledger, events, found, *self.clients.answered)
        report.note("other_differences", [*answers, *(f"{lane}: {line}" for line in verdict.other_lines(lines))])
        self._judge_carts(report, truth, final_ms, found, came)
        idle_s = self._rules.idle_ms // 1000
        again = await asyncio.to_thread(Reconciliation(job_of(settings, lane, idle_s=idle_s), partial(stream, settings)).run)
        report.note("reconcile_differences", verdict.unexplained(lane, again))

    def _judge_carts(self, report: Report, truth: Truth, final_ms: int, found: Evidence, came: Mapping[str, Sequence[str]]) -> None:
        episodes = truth.episodes(final_ms)
        report.carts += len(episodes)
        report.note("carts_differences", verdict.judge_carts(found, episodes))
        triggers = verdict.judge_triggers(found, episodes, came)
        report.note("triggers_lost", triggers.lost)
        report.note("triggers_doubled", triggers.doubled)
        report.note("triggers_untrue", triggers.untrue)
        report.triggers += triggers.fired
        report.deliveries += triggers.deliveries
        report.deliveries_doubled += triggers.deliveries_doubled
