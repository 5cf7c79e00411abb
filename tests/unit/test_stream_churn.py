"""Churn tiers by time alone, out again by activity, the same in any order of arrival."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.logic import churn
from streams.logic.churn import Churn, Stay
from streams.logic.policy import Policy
from tests.unit.stream_lab import DAY, T0

POLICY = Policy()


def lives(*days: float, until: float = 0) -> Churn:
    """Active on these days, in this order; then time until another."""
    state = Churn(0, [])
    for day in days:
        churn.seen(state, T0 + int(day * DAY), POLICY)
    churn.advance(state, T0 + int(until * DAY), POLICY)
    return state


def stays(state: Churn) -> list[tuple[str, float, float | None]]:
    found = [(s.tier, (s.entered_ms - T0) / DAY, None if s.left_ms is None else (s.left_ms - T0) / DAY) for s in state.stays]
    return sorted(found, key=lambda stay: stay[1])


def test_each_tier_follows_the_one_before() -> None:
    assert stays(lives(0, until=6.99)) == []
    assert stays(lives(0, until=7)) == [("short", 7, None)]
    assert stays(lives(0, until=29)) == [("short", 7, None)]
    assert stays(lives(0, until=30)) == [("short", 7, 30), ("mid", 30, None)]
    assert stays(lives(0, until=900)) == [("short", 7, 30), ("mid", 30, 90), ("long", 90, None)]


def test_time_may_come_in_any_steps() -> None:
    state = lives(0)
    for day in range(100):
        churn.advance(state, T0 + day * DAY, POLICY)
    assert stays(state) == stays(lives(0, until=99))


def test_activity_leaves_and_the_count_starts_anew() -> None:
    assert stays(lives(0, 10, until=16)) == [("short", 7, 10)]
    assert stays(lives(0, 10, until=17)) == [("short", 7, 10), ("short", 17, None)]
    assert stays(lives(0, 100, until=100)) == [("short", 7, 30), ("mid", 30, 90), ("long", 90, 100)]


def test_activity_at_the_very_moment_comes_too_late_to_prevent_it() -> None:
    assert stays(lives(0, 7)) == [("short", 7, 7)]


def test_whoever_did_nothing_yet_is_in_no_tier() -> None:
    assert stays(lives(until=900)) == [] and churn.next_wake_ms(Churn(0, []), POLICY) is None


def test_what_comes_next() -> None:
    assert churn.next_wake_ms(lives(0), POLICY) == T0 + 7 * DAY
    assert churn.next_wake_ms(lives(0, until=7), POLICY) == T0 + 30 * DAY
    assert churn.next_wake_ms(lives(0, until=90), POLICY) is None
    assert churn.next_wake_ms(lives(0, 91), POLICY) == T0 + 98 * DAY


def test_activity_that_time_overtook_leaves_no_stay_that_ends_before_it_begins() -> None:
    state = lives(0, until=8)
    churn.seen(state, T0 + 5 * DAY, POLICY)
    churn.advance(state, T0 + 8 * DAY, POLICY)
    assert stays(state) == []
    churn.advance(state, T0 + 12 * DAY, POLICY)
    assert stays(state) == [("short", 12, None)]


days = st.lists(st.integers(1, 400), max_size=8)


@settings(max_examples=300)
@given(days, st.randoms(use_true_random=False))
def test_any_order_of_arrival_gives_the_same_stays(active: list[int], random: Any) -> None:
    """The first activity comes first: what was before all that is known is no idle time yet."""
    state = lives(0)
    for day in random.sample(active, len(active)):
        churn.seen(state, T0 + day * DAY, POLICY)
        if random.random() < 0.3:
            churn.advance(state, T0 + random.randint(0, 500) * DAY, POLICY)
    churn.advance(state, T0 + 500 * DAY, POLICY)
    in_order = lives(0, *sorted(active), until=500)
    assert stays(state) == stays(in_order)


@settings(max_examples=300)
@given(days, days)
def test_after_a_merge_the_tier_is_that_of_all_activity(ours: list[int], theirs: list[int]) -> None:
    winner, loser = lives(0, *sorted(ours), until=500), lives(0, *sorted(theirs), until=500)
    churn.merge(winner, loser, POLICY)
    churn.advance(winner, T0 + 500 * DAY, POLICY)
    together = lives(0, *sorted([*ours, *theirs]), until=500)
    assert [stay for stay in stays(winner) if stay[2] is None] == [stay for stay in stays(together) if stay[2] is None]
    assert all(left is None or entered <= left for _, entered, left in stays(winner))


def test_a_tier_that_is_no_longer_set_is_left_as_it_was() -> None:
    state = Churn(T0, [Stay("gone", T0 - 5 * DAY, T0 - 2 * DAY)])
    before = msgspec.json.encode(state.stays)
    churn.seen(state, T0 + DAY, POLICY)
    assert msgspec.json.encode(state.stays) == before
