"""The subjects in the order of the report: how each side's rows are had, and what is counted in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from reconcile import measures, recompute
from reconcile import questions as ask
from reconcile.episodes import CartRules
from reconcile.measures import Counted, Row

Ask = Callable[[str, Mapping[str, Any]], Iterable[Row]]
Fold = Callable[[Iterable[Row], CartRules, int], Iterable[Row]]


def _as_it_is(rows: Iterable[Row], _: CartRules, __: int) -> Iterable[Row]:
    return rows


@dataclass(frozen=True)
class Subject:
    """`fold` makes rows of what `past` answers. `has_period`: whether its rows have a time that a period can choose by."""

    name: str
    live: str
    past: str
    measures: Callable[[Row], Counted]
    fold: Fold = _as_it_is
    has_period: bool = True

    def past_rows(self, answers: Ask, parameters: Mapping[str, Any], rules: CartRules, now_ms: int) -> Iterable[Row]:
        """The rows that the events give, as things stand at `now_ms`."""
        if self.past == ask.SIGN_INS:
            aliases: list[Any] = list(answers(ask.ALIASES, parameters))
            sign_ins: Iterable[Any] = answers(ask.SIGN_INS, parameters)
            return recompute.identities(sign_ins, aliases)
        rows = self.fold(answers(self.past, parameters), rules, now_ms)
        from_ms, until_ms = parameters["from_ms"], parameters["until_ms"]
        return (row for row in rows if from_ms <= row[1] < until_ms) if self.has_period else rows


SUBJECTS = (
    Subject("events", ask.EVENTS, ask.EVENTS_ONCE, measures.events),
    Subject("persons", ask.PERSONS, ask.PERSONS_PAST, measures.persons),
    Subject("identities", ask.IDENTITIES, ask.SIGN_INS, measures.identities, has_period=False),
    Subject("sessions", ask.SESSIONS, ask.SESSIONS_PAST, measures.sessions),
    Subject("funnel_levels", ask.LEVELS, ask.LEVELS_PAST, measures.levels),
    Subject("carts", ask.CARTS, ask.CART_EVENTS, measures.carts, recompute.carts),
    Subject("triggers", ask.TRIGGERS, ask.CART_EVENTS, measures.triggers, recompute.triggers),
    Subject("orders", ask.ORDERS, ask.ORDERS_PAST, measures.orders),
    Subject("segments", ask.SEGMENTS, ask.SEGMENTS_PAST, measures.segments),
    Subject("shares", ask.SHARES, ask.SHARES_PAST, measures.shares, recompute.shares),
)
