"""A person's stays in the churn tiers, from the times between activities."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

from streams.logic.policy import Policy
from tests.unit.reference_events import Fact


class Stay(NamedTuple):
    """A stay in a tier; `left_ms` is None while it lasts. An activity at the very moment of entering comes too late."""

    tier: str
    entered_ms: int
    left_ms: int | None


def stays_of(facts: list[Fact], policy: Policy, now_ms: int) -> list[Stay]:
    """All stays of one person until `now_ms`."""
    return stays_between([fact.at_ms for fact in facts if fact.active], policy, now_ms)


def stays_between(active_ms: Iterable[int], policy: Policy, now_ms: int) -> list[Stay]:
    """All stays between these activities, in any order."""
    stays: list[Stay] = []
    for began_ms, next_ms in pairwise([*sorted(set(active_ms)), None]):
        assert began_ms is not None
        until_ms = now_ms if next_ms is None else next_ms
        reached = [(tier, began_ms + idle_ms) for tier, idle_ms in policy.churn_tiers_ms if began_ms + idle_ms <= until_ms]
        leaves: list[int | None] = [*(entered_ms for _, entered_ms in reached[1:]), next_ms]
        stays += [Stay(tier, entered_ms, left_ms) for (tier, entered_ms), left_ms in zip(reached, leaves, strict=False)]
    return stays
