"""The few numbers of a lane that a live view shows, read from ClickHouse."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

Ask = Callable[[str, Mapping[str, Any]], list[tuple[Any, ...]]]

EVENTS = """SELECT count(), countIf(event = 'purchase'), countIf(late),
    (SELECT count() FROM funnel_levels FINAL WHERE lane = {lane:String}) FROM events WHERE lane = {lane:String}"""
REJECTED = """SELECT countIf(code != 'duplicate'), countIf(code = 'duplicate') FROM rejected WHERE lane = {lane:String}"""
CARTS = """SELECT countIf(status = 'open'), countIf(abandoned_at IS NOT NULL), countIf(recovered), countIf(status = 'ordered')
    FROM carts FINAL WHERE lane = {lane:String} AND status != 'merged'"""
WEBHOOKS = "SELECT uniqExactIf(trigger_id, outcome = 'delivered') FROM deliveries WHERE lane = {lane:String}"
FUNNEL = """SELECT channel, arrayMap(step -> countEqual(levels, step), range(1, {steps:UInt8} + 1)) FROM
    (SELECT channel, groupArray(level) AS levels FROM funnel_levels FINAL WHERE lane = {lane:String} GROUP BY channel)
    WHERE channel != '' ORDER BY length(levels) DESC"""


@dataclass(frozen=True)
class Figures:
    """`funnel`: by channel, how many persons reached at least each step."""

    events: int = 0
    orders: int = 0
    late: int = 0
    persons: int = 0
    rejected: int = 0
    duplicates: int = 0
    carts_open: int = 0
    carts_abandoned: int = 0
    carts_recovered: int = 0
    carts_ordered: int = 0
    webhooks: int = 0
    funnel: dict[str, list[int]] = field(default_factory=dict)


def read_figures(ask: Ask, lane: str, steps: int) -> Figures:
    """Blocking: five small queries."""
    of_lane = {"lane": lane}
    names = [each.name for each in fields(Figures)]
    values = [value for sql in (EVENTS, REJECTED, CARTS, WEBHOOKS) for value in ask(sql, of_lane)[0]]
    by_channel = {channel: _at_least(counts) for channel, counts in ask(FUNNEL, of_lane | {"steps": steps})}
    return Figures(**dict(zip(names, values, strict=False)), funnel=by_channel)


def _at_least(counts: list[int]) -> list[int]:
    """Persons at exactly each level, to persons who came at least as far."""
    return [sum(counts[step:]) for step in range(len(counts))]
