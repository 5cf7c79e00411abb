"""What a replay came to, and whether it adds up: what was read and sent, against what the warehouse holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import msgspec

Ask = Callable[[str, Mapping[str, Any]], list[tuple[Any, ...]]]

TOTALS = """SELECT count(), uniqExact(message_id), uniqExact(person_id), uniqExactIf(product_id, product_id != ''),
    uniqExactIf(category, category != ''), countIf(late) FROM events_resolved WHERE lane = {lane:String}"""
EVENTS = "SELECT event, count() FROM events WHERE lane = {lane:String} GROUP BY event ORDER BY count() DESC, event"
REJECTED = """SELECT concat(stage, ':', code), count() FROM rejected WHERE lane = {lane:String} AND code != 'duplicate'
    GROUP BY stage, code ORDER BY stage, code"""
DUPLICATES = "SELECT count() FROM rejected WHERE lane = {lane:String} AND code = 'duplicate'"
REVENUE = """SELECT currency, toString(sum(assumeNotNull(value))) FROM events
    WHERE lane = {lane:String} AND event = 'purchase' AND value IS NOT NULL GROUP BY currency ORDER BY currency"""
CARTS = """SELECT count(), countIf(status = 'open'), countIf(status = 'ordered'), countIf(status = 'emptied'), countIf(status = 'expired'),
    countIf(abandoned_at IS NOT NULL), countIf(recovered) FROM carts FINAL WHERE lane = {lane:String}"""
CART_NAMES = ("episodes", "open", "ordered", "emptied", "expired", "abandoned", "recovered")
LEVELS = """SELECT level, count() FROM funnel_levels FINAL WHERE lane = {lane:String} AND funnel = {funnel:String} AND level > 0
    GROUP BY level ORDER BY level"""


class Funnel(msgspec.Struct, frozen=True):
    """The funnel that the lane's worker computed live."""

    name: str
    steps: list[str]
    window_ms: int


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """The file, and what the collector answered. `resent`: events sent again because the answer was lost."""

    rows: int
    unreadable: int
    accepted: int
    refused: int
    resent: int
    reasons: dict[str, int]


class Summary(msgspec.Struct, kw_only=True):
    """One replay. `problems` is empty when everything adds up."""

    lane: str
    rows_read: int
    accepted: int
    rejected: int
    rejected_by_reason: dict[str, int]
    resent: int
    stored: int
    duplicates: int
    late: int
    events: dict[str, int]
    persons: int
    items: int
    categories: int
    revenue: dict[str, Decimal]
    carts: dict[str, int]
    funnel_steps: list[str]
    funnel_levels: dict[str, int]
    funnel_differences: int
    rejected_rows: dict[str, int]
    elapsed_s: float = 0.0
    problems: list[str] = []


def summarise(ask: Ask, lane: str, read: Read, funnel: Funnel) -> Summary:
    """Ask the warehouse, and compare."""
    of_lane = {"lane": lane}
    stored, distinct, persons, items, categories, late = ask(TOTALS, of_lane)[0]
    summary = Summary(
        lane=lane,
        rows_read=read.rows,
        accepted=read.accepted,
        rejected=read.unreadable + read.refused,
        rejected_by_reason=read.reasons,
        resent=read.resent,
        stored=stored,
        duplicates=ask(DUPLICATES, of_lane)[0][0],
        late=late,
        events=dict(ask(EVENTS, of_lane)),
        persons=persons,
        items=items,
        categories=categories,
        revenue={currency: Decimal(amount) for currency, amount in ask(REVENUE, of_lane)},
        carts=dict(zip(CART_NAMES, ask(CARTS, of_lane)[0], strict=True)),
        funnel_steps=funnel.steps,
        funnel_levels={str(level): count for level, count in ask(LEVELS, of_lane | {"funnel": funnel.name})},
        funnel_differences=ask(*_differences(lane, funnel))[0][0],
        rejected_rows=dict(ask(REJECTED, of_lane)),
    )
    summary.problems = problems(summary, distinct)
    return summary


def problems(summary: Summary, distinct: int) -> list[str]:
    """Everything that does not add up, in words."""
    found = []
    if summary.accepted + summary.rejected != summary.rows_read:
        found.append(f"{summary.accepted} accepted + {summary.rejected} rejected are not the {summary.rows_read} rows read")
    if not summary.accepted:
        found.append("no row became an event; is it the right format?")
    excess = summary.stored + summary.duplicates - summary.accepted
    if not 0 <= excess <= summary.resent:
        found.append(f"{summary.stored} stored + {summary.duplicates} duplicates are not the {summary.accepted} accepted")
    if distinct != summary.stored:
        found.append(f"{summary.stored} events are stored for {distinct} message ids")
    if sum(summary.rejected_rows.values()) < summary.rejected:
        found.append(f"the table rejected holds {sum(summary.rejected_rows.values())} of {summary.rejected} rejected rows")
    if summary.funnel_differences:
        found.append(f"the live funnel differs from windowFunnel for {summary.funnel_differences} persons")
    return found


def _differences(lane: str, funnel: Funnel) -> tuple[str, dict[str, Any]]:
    """Persons whose live level is not what windowFunnel says of their events (docs/decisions/window-funnel.md)."""
    names = {f"step_{number}": step for number, step in enumerate(funnel.steps)}
    conditions = ", ".join(f"event = {{{name}:String}}" for name in names)
    sql = f"""SELECT count() FROM
        (SELECT person_id, level FROM funnel_levels FINAL WHERE lane = {{lane:String}} AND funnel = {{funnel:String}} AND level > 0) AS live
        FULL JOIN
        (SELECT person_id, windowFunnel({funnel.window_ms})(toUInt64(toUnixTimestamp64Milli(occurred_at)), {conditions}) AS level
            FROM events_resolved WHERE lane = {{lane:String}} AND NOT late GROUP BY person_id HAVING level > 0) AS past
        ON live.person_id = past.person_id WHERE live.level != past.level SETTINGS join_use_nulls = 0"""
    return sql, {"lane": lane, "funnel": funnel.name, **names}
