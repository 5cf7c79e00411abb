"""Times in all the spellings that clients use."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.limits import EARLIEST_MS, LATEST_MS
from collector.times import to_ms

AT_MS = 1_700_000_000_123


@pytest.mark.parametrize(
    ("value", "at_ms"),
    [
        ("2023-11-14T22:13:20.123Z", AT_MS),
        ("2023-11-14T22:13:20.123+00:00", AT_MS),
        ("2023-11-15T06:13:20.123+08:00", AT_MS),
        ("2023-11-15T06:13:20.123+0800", AT_MS),
        ("2023-11-14T22:13:20.123", AT_MS),
        ("2023-11-14 22:13:20.123 UTC", AT_MS),
        ("2023-11-14T22:13:20.1239999Z", AT_MS),
        ("20231114T221320Z", AT_MS - 123),
        ("2023-11-14", 1_699_920_000_000),
        (AT_MS, AT_MS),
        (1_700_000_000, AT_MS - 123),
        (1_700_000_000.123, AT_MS),
        ("1700000000123", AT_MS),
        ("1700000000.123", AT_MS),
        ("1997-01-01T00:00:00Z", 852_076_800_000),
    ],
)
def test_spellings(value: str | int | float, at_ms: int) -> None:
    assert to_ms(value) == at_ms


@pytest.mark.parametrize(
    "value", ["yesterday", "2023-13-01", "1712345678901234567890123456789012345", 0, -1, 5, 10**20, 1e300, math.nan, math.inf, "0001-01-01"]
)
def test_what_is_no_time(value: str | float) -> None:
    assert to_ms(value) is None


@given(st.one_of(st.text(), st.integers(), st.floats()))
def test_nothing_raises_and_every_answer_is_in_range(value: str | int | float) -> None:
    at_ms = to_ms(value)
    assert at_ms is None or EARLIEST_MS <= at_ms < LATEST_MS
