"""Churn tiers by time alone, out again by activity, the same in any order of arrival and however late two persons turn out to be one."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.logic import churn
from streams.logic import stays as stay_rows
from streams.logic.churn import Churn, Stay
from streams.logic.output import Output
from streams.logic.policy import Policy
from tests.unit.reference_churn import stays_between
from tests.unit.stream_lab import DAY, T0, Shop, collected

POLICY = Policy()
Stays = list[tuple[str, float, float | None]]


def lives(*days: float) -> Churn:
    """Active on these days, in this order."""
    state = Churn()
    for day in days:
        churn.seen(state, T0 + int(day * DAY), POLICY)
    return state


def stays(state: Churn, until: float) -> Stays:
    """In days."""
    found = churn.stays(state, T0 + int(until * DAY), POLICY)
    return [(s.tier, (s.entered_ms - T0) / DAY, None if s.left_ms is None else (s.left_ms - T0) / DAY) for s in found]


def expected(days: Sequence[int], until: int) -> Stays:
    """The same from the times between activities."""
    found = stays_between([T0 + day * DAY for day in days], POLICY, T0 + until * DAY)
    return [(s.tier, (s.entered_ms - T0) / DAY, None if s.left_ms is None else (s.left_ms - T0) / DAY) for s in found]


def test_each_tier_follows_the_one_before() -> None:
    assert stays(lives(0), 6.99) == []
    assert stays(lives(0), 7) == [("short", 7, None)]
    assert stays(lives(0), 29) == [("short", 7, None)]
    assert stays(lives(0), 30) == [("short", 7, 30), ("mid", 30, None)]
    assert stays(lives(0), 900) == [("short", 7, 30), ("mid", 30, 90), ("long", 90, None)]


def test_activity_leaves_and_the_count_starts_anew() -> None:
    assert stays(lives(0, 10), 16) == [("short", 7, 10)]
    assert stays(lives(0, 10), 17) == [("short", 7, 10), ("short", 17, None)]
    assert stays(lives(0, 100), 100) == [("short", 7, 30), ("mid", 30, 90), ("long", 90, 100)]


def test_activity_at_the_very_moment_comes_too_late_to_prevent_it() -> None:
    assert stays(lives(0, 7), 7) == [("short", 7, 7)]


def test_whoever_did_nothing_yet_is_in_no_tier() -> None:
    assert stays(lives(), 900) == [] and churn.next_wake_ms(Churn(), T0, POLICY) is None


def test_what_comes_next() -> None:
    assert churn.next_wake_ms(lives(0), T0, POLICY) == T0 + 7 * DAY
    assert churn.next_wake_ms(lives(0), T0 + 7 * DAY, POLICY) == T0 + 30 * DAY
    assert churn.next_wake_ms(lives(0), T0 + 90 * DAY, POLICY) is None
    assert churn.next_wake_ms(lives(0, 91), T0 + 91 * DAY, POLICY) == T0 + 98 * DAY


def test_no_tiers_no_stays() -> None:
    state, none = Churn(), Policy(churn_tiers_ms=())
    for day in (0, 400, 100):
        churn.seen(state, T0 + day * DAY, none)
    assert list(churn.stays(state, T0 + 900 * DAY, none)) == []
    assert len(state.islands) == 1 and churn.next_wake_ms(state, T0, none) is None


def test_what_was_told_of_a_tier_that_is_no_longer_set_is_taken_back() -> None:
    """As the recomputation has it, which knows the tiers that are set now."""
    state, out = lives(0, 10), Output(1)
    stay_rows.write(state, "u:ana", T0 + 12 * DAY, 0, POLICY, out)
    stay_rows.write(state, "u:ana", T0 + 12 * DAY, 0, Policy(churn_tiers_ms=(("mid", 30 * DAY),)), out)
    rows = [msgspec.json.decode(line) for _, line in out.lines["segments", 0]]
    assert [(row["value"], row["version"], row.get("is_deleted", 0)) for row in rows] == [("short", 1, 0), ("short", 2, 1)]


active = st.lists(st.integers(0, 400), min_size=1, max_size=12)


@settings(max_examples=300)
@given(active)
def test_any_order_of_arrival_gives_the_stays_between_the_activities(days: list[int]) -> None:
    state = lives(*days)
    assert stays(state, 500) == expected(days, 500)
    assert churn.lasting(state, T0 + 500 * DAY, POLICY)[-1] == Stay("long", T0 + (max(days) + 90) * DAY)
    assert len(state.islands) == 1 + len([1 for a, b in zip(sorted(days), sorted(days)[1:], strict=False) if b - a >= 7])


@settings(max_examples=300)
@given(active, active)
def test_after_a_merge_the_stays_are_those_of_all_activity(ours: list[int], theirs: list[int]) -> None:
    winner, loser = lives(*ours), lives(*theirs)
    churn.merge(winner, loser, POLICY)
    assert stays(winner, 500) == expected([*ours, *theirs], 500)


@settings(max_examples=300)
@given(active, st.integers(0, 400), st.randoms(use_true_random=False))
def test_what_is_let_go_is_over_and_what_is_made_anew_is_as_it_was(days: list[int], until: int, random: Random) -> None:
    state = lives(*days)
    churn.forget(state, T0 + until * DAY, POLICY)
    kept = [stay for stay in stays(lives(*days), 500) if stay[2] is None or stay[2] >= until]
    assert [stay for stay in stays(state, 500) if stay[2] is None or stay[2] >= until] == kept
    journal = [T0 + day * DAY for day in days if day >= until]
    churn.rebuild(state, random.sample(journal, len(journal)), T0 + until * DAY, POLICY)
    assert [stay for stay in stays(state, 500) if stay[2] is None or stay[2] >= until] == kept


moments = st.lists(st.tuples(st.sampled_from(["a", "b", "u"]), st.integers(0, 150)), min_size=1, max_size=10)


@settings(max_examples=150)
@given(moments, st.lists(st.tuples(st.sampled_from(["a", "b"]), st.integers(0, 150)), max_size=2), st.sets(st.integers(0, 150)))
def test_devices_that_turn_out_to_be_one_person_after_weeks(
    moments: list[tuple[str, int]], signs_in: list[tuple[str, int]], crashes: set[int]
) -> None:
    """What ended before the lateness and a day is as it was told of each; all that came since, and who is churned now, is of both."""
    shop = Shop()
    days: dict[str, list[int]] = {who: [day for each, day in moments if each == who] for who in "abu"}
    for day in range(160):
        at_ms = T0 + day * DAY
        todays = [
            collected("page_view", at_ms, f"{day}-{n}", device_id="" if who == "u" else who, user_id="u" if who == "u" else "")
            for n, (who, on_day) in enumerate(moments)
            if on_day == day
        ]
        todays += [
            collected("identify", at_ms, f"{day}-{who}", device_id=who, user_id="u") for who, on_day in set(signs_in) if on_day == day
        ]
        shop.at(at_ms, *todays)
        if day in crashes:
            shop.crash()
    users = {"u", *(who for who, _ in signs_in)}
    last_merge = max((day for _, day in signs_in), default=0)
    for person, whose in {"u:u": users, **{f"d:{who}": {who} for who in "ab" if who not in users}}.items():
        told = {(tier, entered, left) for who, tier, entered, left in stays_told(shop) if who == person}
        for stay in told ^ set(expected([day for who in whose for day in days[who]], 159)):
            assert stay[2] is not None and stay[2] <= last_merge - 8, f"{stay} of {person}"


def stays_told(shop: Shop) -> list[tuple[str, str, float, float | None]]:
    """The valid rows: person, tier, and days."""
    rows = shop.stream.latest("segments", "person_id", "value", "entered_at_ms").values()
    left = [(row["left_at_ms"] - T0) / DAY if "left_at_ms" in row else None for row in rows]
    return [(row["person_id"], row["value"], (row["entered_at_ms"] - T0) / DAY, at) for row, at in zip(rows, left, strict=True)]
