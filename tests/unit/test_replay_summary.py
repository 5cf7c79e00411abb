"""Whether a replay adds up, from its numbers alone."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from replays.report import as_text
from replays.summary import Summary, problems

GOOD = Summary(
    lane="x",
    rows_read=10,
    accepted=8,
    rejected=2,
    rejected_by_reason={"missing_field": 2},
    resent=0,
    stored=7,
    duplicates=1,
    late=0,
    events={"view_item": 7},
    persons=3,
    items=4,
    categories=2,
    revenue={},
    carts={"episodes": 0},
    funnel_steps=["view_item", "purchase"],
    funnel_levels={"1": 3},
    funnel_differences=0,
    rejected_rows={"replay:missing_field": 2},
)


def test_what_adds_up_is_no_problem() -> None:
    assert problems(GOOD, distinct=7) == []


def test_events_that_were_sent_again_may_be_duplicates_or_not() -> None:
    for duplicates in (1, 3, 5):
        assert problems(msgspec.structs.replace(GOOD, resent=4, duplicates=duplicates), distinct=7) == []
    assert problems(msgspec.structs.replace(GOOD, resent=4, duplicates=6), distinct=7) != []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rows_read": 11}, "11 rows read"),
        ({"stored": 6}, "6 stored + 1 duplicates"),
        ({"stored": 8, "duplicates": 0}, "8 events are stored for 7 message ids"),
        ({"funnel_differences": 2}, "differs from windowFunnel for 2 persons"),
        ({"rejected_rows": {}}, "holds 0 of 2"),
        ({"accepted": 0}, "is it the right format"),
    ],
)
def test_what_does_not_add_up_is_said(change: dict[str, Any], said: str) -> None:
    assert said in " ".join(problems(msgspec.structs.replace(GOOD, **change), distinct=7))


def test_the_text_names_every_problem() -> None:
    text = as_text(msgspec.structs.replace(GOOD, problems=["it does not add up"]))
    assert "rejected    2 (missing_field 2)" in text
    assert text.endswith("PROBLEM     it does not add up")
