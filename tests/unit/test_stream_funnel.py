"""The live level equals `windowFunnel` as docs/decisions/window-funnel.md writes it down, in any order and after merges."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.logic import funnel
from streams.logic.funnel import Funnel
from streams.logic.policy import Policy
from tests.unit.reference_funnel import window_funnel
from tests.unit.stream_lab import DAY, T0

Event = tuple[int, tuple[int, ...]]  # when, and the steps that it reaches


def policy(steps: int, window_ms: int, horizon_ms: int = 90 * DAY) -> Policy:
    return Policy(funnel_steps=tuple(f"step{n}" for n in range(1, steps + 1)), funnel_window_ms=window_ms, funnel_horizon_ms=horizon_ms)


def taken(events: list[Event], rules: Policy, batches: Any = None) -> Funnel:
    state = Funnel(0, [])
    for at_ms, steps in events:
        funnel.add(state, T0 + at_ms, list(steps), rules)
        if batches is None or batches.random() < 0.5:
            funnel.update(state, rules)
    funnel.update(state, rules)
    return state


def expected(events: list[Event], steps: int, window_ms: int) -> int:
    return window_funnel([(at_ms, step) for at_ms, reached in events for step in reached], window_ms, steps)


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[Event], int, int]:
    steps = draw(st.integers(1, 5))
    reached = st.sets(st.integers(1, steps), max_size=3).map(lambda found: tuple(sorted(found)))
    return draw(st.lists(st.tuples(st.integers(0, 15), reached), max_size=14)), steps, draw(st.integers(0, 8))


@settings(max_examples=400)
@given(cases(), st.randoms(use_true_random=False))
def test_equals_the_reference_in_any_order_and_any_batches(case: tuple[list[Event], int, int], random: Any) -> None:
    events, steps, window_ms = case
    arriving = random.sample(events, len(events))
    assert taken(arriving, policy(steps, window_ms), random).level == expected(events, steps, window_ms)


@settings(max_examples=400)
@given(cases(), st.lists(st.booleans(), min_size=14, max_size=14))
def test_equals_the_reference_after_a_merge(case: tuple[list[Event], int, int], mine: list[bool]) -> None:
    events, steps, window_ms = case
    rules = policy(steps, window_ms)
    ours = taken([event for event, own in zip(events, mine, strict=False) if own], rules)
    theirs = taken([event for event, own in zip(events, mine, strict=False) if not own], rules)
    funnel.merge(ours, theirs, rules)
    assert ours.level == expected(events, steps, window_ms)


@given(cases())
def test_a_horizon_of_lateness_and_window_loses_nothing_that_comes_in_order(case: tuple[list[Event], int, int]) -> None:
    events, steps, window_ms = case
    rules = policy(steps, window_ms, horizon_ms=window_ms)
    assert taken(sorted(events), rules).level == expected(events, steps, window_ms)


def test_steps_of_an_event_name() -> None:
    rules = Policy(funnel_steps=("view_item", "add_to_cart", "view_item"))
    assert rules.steps() == {"view_item": (1, 3), "add_to_cart": (2,)}


def test_the_last_step_frees_the_memory() -> None:
    rules = policy(2, 10)
    done = taken([(0, (1,)), (5, (2,))], rules)
    assert (done.level, done.marks) == (2, [])
    assert not funnel.add(done, T0 + 6, [1], rules) and done.marks == []


def test_marks_behind_the_horizon_go() -> None:
    rules = policy(3, 10, horizon_ms=100)
    assert len(taken([(at_ms, (1,)) for at_ms in range(0, 1_000, 10)], rules).marks) == 11
