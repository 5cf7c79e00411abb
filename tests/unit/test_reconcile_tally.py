"""Both numbers of each measure, and exactly the persons who differ."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from reconcile import recompute
from reconcile.measures import Counted, Row
from reconcile.report import Report, verdict_of
from reconcile.tally import Tally, tally


def counted(row: Row) -> Counted:
    yield "rows", 1
    yield "money", row[2]


def test_mistakes_that_make_up_for_each_other_are_found() -> None:
    found = tally([("ana", 0, Decimal(1)), ("bob", 0, Decimal(2))], [("ana", 0, Decimal(2)), ("bob", 0, Decimal(1))], counted)
    assert found.live == found.past == {"rows": 2, "money": Decimal(3)}
    assert found.differing == {
        "ana": ([("ana", 0, Decimal(1))], [("ana", 0, Decimal(2))]),
        "bob": ([("bob", 0, Decimal(2))], [("bob", 0, Decimal(1))]),
    }


@pytest.mark.parametrize(("live", "past", "differing"), [(1, 1, 0), (2, 1, 1), (1, 3, 1), (0, 1, 1), (2, 2, 0)])
def test_a_row_counts_as_often_as_it_is_there(live: int, past: int, differing: int) -> None:
    row = ("ana", 0, 5)
    found = tally([row] * live, [row] * past, counted)
    assert len(found.differing) == differing
    assert sum(len(only) for rows in found.differing.values() for only in rows) == abs(live - past)


def test_a_reason_takes_a_person_off_the_differences() -> None:
    found = Tally()
    for part in ("ana", "bob"):
        found.add(tally([(part, 0, 1)], [(part, 0, 2)], counted))
    verdict = verdict_of("things", found, {"bob": "on the way"})
    assert (verdict.differing, verdict.explained) == (1, {"on the way": 1})
    lines = [(line.measure, line.live, line.recomputed, line.difference) for line in verdict.lines]
    assert lines == [("money", 2, 4, -2), ("rows", 2, 2, 0)]
    report = Report("live", (0, 1), 0, 4, [verdict])
    assert (report.differences, report.explained, json.loads(report.as_json())["agrees"]) == (1, 1, False)
    assert "!! things of ana" in report.as_text() and "   things of bob (on the way)" in report.as_text()


def test_ids_go_to_the_smallest_user_of_the_group() -> None:
    aliases = [("cyd", True, "bob", True), ("bob", True, "ann", False), ("eve", False, "dan", False)]
    found = recompute.identities([("d1", "cyd"), ("d2", "zoe"), ("d3", "eve")], aliases)
    assert sorted(found) == [("d:d1", 0, "u:ann"), ("d:d2", 0, "u:zoe"), ("d:d3", 0, "u:dan"), ("u:bob", 0, "u:ann"), ("u:cyd", 0, "u:ann")]
