"""Triggers, carts and answers that are not the truth are found; those that are raise nothing."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from chaos.evidence import Evidence
from chaos.ledger import Events, Ledger
from chaos.report import MUST_BE_ZERO, Report
from chaos.schedule import ROLES, Fault
from chaos.verdict import Triggers, funnel_lines, judge_answers, judge_carts, judge_triggers, other_lines
from runtime.compare import Line
from schemas.rows import TriggerRow
from simulator.truth_carts import Cart
from tests.unit.test_chaos_ledger import ledger_of, message

TRUE = [
    ("u:a", Cart("c", 100, "EUR", status="ordered", abandoned_at_ms=200, abandoned_value=Decimal("9.5"), recovered=True)),
    ("u:b", Cart("", 100, "EUR")),
]
CARTS: list[tuple[Any, ...]] = [("u:a", "c", "ordered", 200, "9.5000", True), ("u:b", "", "open", 0, "0.0000", False)]
FIRED: list[tuple[Any, ...]] = [("u:a", "c", 200)]
CAME = {"t1": ["e1"]}
NO_EVENTS = Events(0, [], [], [], [], [])


def row(trigger_id: str = "t1", version: int = 1, status: str = "fired") -> TriggerRow:
    return TriggerRow(
        lane="chaos",
        trigger_id=trigger_id,
        rule="cart_abandoned",
        person_id="u:a",
        episode_id="e1",
        step=1,
        status=status,
        decision="send",
        fired_at_ms=200,
        version=version,
    )


GOOD = Evidence([], {}, Counter(), CARTS, FIRED, set(), 0, [row()])


def differences(found: Triggers) -> tuple[int, int, int]:
    return len(found.lost), len(found.doubled), len(found.untrue)


def test_the_truth_raises_nothing() -> None:
    found = judge_triggers(GOOD, TRUE, CAME)
    assert differences(found) == (0, 0, 0)
    assert (found.fired, found.deliveries, found.deliveries_doubled) == (1, 1, 0)
    assert judge_carts(GOOD, TRUE) == []
    assert judge_answers(Ledger(), NO_EVENTS, GOOD, 0, {}) == []


@pytest.mark.parametrize(
    ("found", "came", "expected"),
    [
        (replace(GOOD, triggers=[]), CAME, (1, 0, 0)),
        (replace(GOOD, triggers=FIRED * 2), CAME, (0, 1, 0)),
        (replace(GOOD, triggers=[*FIRED, ("u:b", "", 300)]), CAME, (0, 0, 1)),
        (replace(GOOD, triggers=[("u:a", "c", 201)]), CAME, (1, 0, 1)),
        (replace(GOOD, triggers_log=[row(), row()]), CAME, (0, 1, 0)),
        (replace(GOOD, triggers_log=[row(), row(version=2, status="void")]), CAME, (0, 0, 0)),
        (GOOD, {}, (1, 0, 0)),
        (replace(GOOD, taken_back={"t1"}), {}, (0, 0, 0)),
        (GOOD, {"t1": ["e1"], "t2": ["e1"]}, (0, 1, 1)),
        (replace(GOOD, triggers_log=[row(), row("t2")]), {"t1": ["e1"], "t2": ["e2"]}, (0, 0, 0)),
        (GOOD, {"t1": ["e1", "e1"]}, (0, 0, 0)),
    ],
    ids=[
        "not fired",
        "fired twice in the table",
        "fired without a reason",
        "fired at another time",
        "twice in the log",
        "taken back later",
        "never received",
        "taken back before it was sent",
        "two webhook ids for one episode",
        "two episodes",
        "one webhook id twice",
    ],
)
def test_triggers(found: Evidence, came: dict[str, list[str]], expected: tuple[int, int, int]) -> None:
    assert differences(judge_triggers(found, TRUE, came)) == expected


def test_a_webhook_id_that_came_again_is_counted() -> None:
    assert judge_triggers(GOOD, TRUE, {"t1": ["e1"] * 3}).deliveries_doubled == 2


@pytest.mark.parametrize("place", range(6))
def test_every_column_of_a_cart_counts(place: int) -> None:
    wrong = list(CARTS[0])
    wrong[place] = not wrong[place] if isinstance(wrong[place], bool) else "x"
    assert len(judge_carts(replace(GOOD, carts=[tuple(wrong), CARTS[1]]), TRUE)) == 2
    assert len(judge_carts(replace(GOOD, carts=CARTS[1:]), TRUE)) == len(judge_carts(replace(GOOD, carts=[*CARTS, CARTS[0]]), TRUE)) == 1


@pytest.mark.parametrize(
    ("found", "accepted", "rejected", "events"),
    [
        (GOOD, 1, {"too_large": 1}, NO_EVENTS),
        (replace(GOOD, refused=Counter(too_large=1)), 0, {"too_large": 1}, NO_EVENTS),
        (replace(GOOD, refused=Counter(too_large=1)), 1, {}, NO_EVENTS),
        (replace(GOOD, refused=Counter(too_large=1, internal_error=1)), 1, {"too_large": 1}, NO_EVENTS),
        (replace(GOOD, refused=Counter(too_large=1), rows_doubled=1), 1, {"too_large": 1}, NO_EVENTS),
        (replace(GOOD, refused=Counter(too_large=1)), 1, {"too_large": 1}, replace(NO_EVENTS, strange=["m"])),
    ],
    ids=["broken event not kept", "accepted", "refused", "a code nobody sent", "rows twice", "strange event"],
)
def test_answers(found: Evidence, accepted: int, rejected: dict[str, int], events: Events) -> None:
    ledger = ledger_of((message(), True), (message("b", rejected="too_large"), True), (message("c"), False))
    assert len(judge_answers(ledger, events, found, accepted, rejected)) == 1


def test_broken_events_may_be_kept_once_for_each_time_they_were_sent() -> None:
    ledger = ledger_of((message("b", rejected="too_large"), True))
    assert judge_answers(ledger, NO_EVENTS, replace(GOOD, refused=Counter(too_large=3)), 0, {"too_large": 1}) == []


def test_lines_of_the_comparison_are_sorted_into_funnel_others_and_what_repeats_change() -> None:
    names = ["events sent", "duplicates", "rejected: too_large", "funnel level 2", "persons whose level is not the true one", "orders"]
    lines = [Line(name, 1, 2, False) for name in names]
    assert [line.measure for line in funnel_lines(lines)] == names[3:5]
    assert [line.measure for line in other_lines(lines)] == names[5:]
    assert funnel_lines([Line("funnel level 2", 1, 1, True)]) == other_lines([Line("orders", 1, 1, True)]) == []


def well() -> Report:
    report = Report(1, 60.0)
    report.note_faults({Fault("kill", role): 1 for role in ROLES})
    return report


def test_a_report_without_differences_is_well() -> None:
    assert well().well and json.loads(well().as_json())["well"] is True
    assert well().as_text().endswith("nothing lost, nothing doubled")


@pytest.mark.parametrize("kind", MUST_BE_ZERO)
def test_each_difference_makes_it_not_well(kind: str) -> None:
    report = well()
    report.note(kind, ["this one"])
    assert not report.well and json.loads(report.as_json())[kind] == 1
    assert "this one" in report.as_text() and report.as_text().endswith("NOT WELL")


@pytest.mark.parametrize("role", ROLES)
def test_a_role_that_was_never_hit_makes_it_not_well(role: str) -> None:
    report = well()
    report.note_faults({Fault("pause", each): 1 for each in ROLES if each != role})
    assert not report.well and f"never hit: {role}" in report.as_text()
