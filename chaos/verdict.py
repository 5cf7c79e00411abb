"""The evidence against the truth. Pure: rows and messages go in, differences come out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chaos.evidence import Evidence
from chaos.ledger import Events, Ledger
from reconcile.report import Report
from runtime.compare import Line
from schemas.rows import TriggerRow
from simulator.truth_carts import Cart
from sinks.payload import is_wanted

# Lines of the demo's comparison that repeated requests change, and that are judged here by themselves.
COUNTED_HERE = ("events sent", "events accepted", "duplicates", "rejected: ")
LEVELS = "persons whose level"


@dataclass(frozen=True)
class Triggers:
    """`lost`: true but not fired, or to be sent and never received. `untrue`: fired, and should not have been.

    `doubled`: twice in the log, twice for one episode, or received under two webhook ids for one episode.
    `deliveries_doubled`: one webhook id received again, as happens when the answer did not reach us.
    """

    fired: int
    lost: list[str]
    doubled: list[str]
    untrue: list[str]
    deliveries: int
    deliveries_doubled: int


def judge_triggers(found: Evidence, episodes: Iterable[tuple[str, Cart]], came: Mapping[str, Sequence[str]]) -> Triggers:
    """`episodes`: every true cart with its person; `came`: the episodes that each webhook id came with, one for each time."""
    true = Counter((person, cart.cart_id, cart.abandoned_at_ms) for person, cart in episodes if cart.abandoned_at_ms is not None)
    fired = Counter(tuple(row) for row in found.triggers)
    surplus = fired - true
    doubled = [repr(each) for each in surplus if each in true]
    doubled += [f"{trigger_id} version {version} in the log" for (trigger_id, version) in _twice(_versions(found.triggers_log))]
    doubled += [f"{webhook_id} for the episode {episode}" for episode, webhook_id in _second_ids(came)]
    wanted = {row.trigger_id for row in found.triggers_log if is_wanted(row)}
    unsent = wanted - set(came) - found.taken_back
    return Triggers(
        fired=len(found.triggers),
        lost=[repr(each) for each in (true - fired).elements()] + [f"{trigger_id} was not received" for trigger_id in sorted(unsent)],
        doubled=doubled,
        untrue=[repr(each) for each in surplus if each not in true] + [f"webhook {each}" for each in sorted(set(came) - wanted)],
        deliveries=len(came),
        deliveries_doubled=sum(len(episodes) - 1 for episodes in came.values()),
    )


def _versions(rows: Iterable[TriggerRow]) -> list[tuple[str, int]]:
    return [(row.trigger_id, row.version) for row in rows]


def _twice(values: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    return [value for value, count in Counter(values).items() if count > 1]


def _second_ids(came: Mapping[str, Sequence[str]]) -> list[tuple[str, str]]:
    """Webhook ids beyond the first of each episode."""
    first: dict[str, str] = {}
    return [(each, webhook_id) for webhook_id, of in came.items() for each in set(of) if first.setdefault(each, webhook_id) != webhook_id]


def judge_carts(found: Evidence, episodes: Iterable[tuple[str, Cart]]) -> list[str]:
    """Carts that are not as they should be: as text, `-` before what is missing, `+` before what should not be there."""
    true = Counter(_described(person, cart) for person, cart in episodes)
    stored = Counter(tuple(row) for row in found.carts)
    return [f"-{each}" for each in (true - stored).elements()] + [f"+{each}" for each in (stored - true).elements()]


def _described(person: str, cart: Cart) -> tuple[Any, ...]:
    """As the query for carts has it."""
    return person, cart.cart_id, cart.status, cart.abandoned_at_ms or 0, f"{cart.abandoned_value:.4f}", cart.recovered


def judge_answers(ledger: Ledger, events: Events, found: Evidence, accepted: int, rejected: Mapping[str, int]) -> list[str]:
    """What the collector answered, against what was sent; and the broken events that must be in `rejected`."""
    refused = ledger.refused()
    differences = [] if Counter(rejected) == refused else [f"refused: {dict(rejected)} in the answers, {dict(refused)} sent"]
    if accepted != ledger.acknowledged - refused.total():
        differences.append(f"accepted: {accepted} in the answers, {ledger.acknowledged - refused.total()} sent")
    differences += [f"rejected as {code}: {count} and only {found.refused[code]} kept" for code, count in (refused - found.refused).items()]
    sent = {arrival.rejected for arrival, _ in ledger.sent}
    differences += [f"rejected as {code}, which nobody sent: {found.refused[code]}" for code in found.refused.keys() - sent]
    differences += [f"nobody sent this: {each}" for each in events.strange]
    return differences + ([f"rows twice in deliveries: {found.rows_doubled}"] if found.rows_doubled else [])


def funnel_lines(lines: Iterable[Line]) -> list[Line]:
    return [line for line in lines if line.measure.startswith((LEVELS, "funnel level")) and not line.equal]


def other_lines(lines: Iterable[Line]) -> list[Line]:
    return [line for line in lines if not line.equal and not line.measure.startswith((*COUNTED_HERE, LEVELS, "funnel level"))]


def unexplained(lane: str, report: Report) -> list[str]:
    """Of the live numbers against those computed anew from `events`: one line for each person who differs without a reason."""
    named = [
        f"{lane}: {verdict.subject} of {each.person}: {each.live} live, {each.recomputed} recomputed"
        for verdict in report.verdicts
        for each in verdict.examples
        if not each.explanation
    ]
    return named + [f"{lane}: one more" for _ in range(report.differences - len(named))]
