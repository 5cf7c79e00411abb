"""The page for an analyst's first hour shows what the warehouse answers after the demo."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.analyst_page import DEMO, PAGE, answer, questions
from tests.views_lab import Lab, lab, simulated

pytestmark = pytest.mark.timeout(180)
QUESTIONS = list(questions(PAGE.read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def demo(warehouse: tuple[str, int]) -> Iterator[Lab]:
    with lab(*warehouse) as made:
        simulated(DEMO).store(made, "demo")
        yield made


@pytest.mark.parametrize("number", range(len(QUESTIONS)))
def test_an_answer_on_the_page_is_the_warehouses(demo: Lab, number: int) -> None:
    sql, shown = QUESTIONS[number]
    assert answer(demo, sql) == shown, "run `python -m tests.analyst_page` and read what has changed"


def test_the_page_has_its_questions() -> None:
    assert len(QUESTIONS) >= 12
