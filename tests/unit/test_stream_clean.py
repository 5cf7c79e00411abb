"""When an event really happened."""

import pytest

from streams.logic.clean import Times, correct
from streams.logic.policy import Policy
from tests.unit.stream_lab import DAY, HOUR, MINUTE, SECOND, T0

POLICY = Policy()
NOW = T0


@pytest.mark.parametrize("transit_ms", [-2 * SECOND, -1, 0, 1, 300, 2 * SECOND])
def test_a_difference_that_may_be_transit_is_no_skew(transit_ms: int) -> None:
    assert correct(NOW - HOUR, NOW - transit_ms, NOW, POLICY) == Times(NOW - HOUR, 0, False)


@pytest.mark.parametrize("skew_ms", [-DAY, -2 * SECOND - 1, 2 * SECOND + 1, 40 * DAY])
def test_a_clock_that_is_wrong_is_corrected_either_way(skew_ms: int) -> None:
    happened_ms = NOW - HOUR
    assert correct(happened_ms - skew_ms, NOW - skew_ms, NOW, POLICY) == Times(happened_ms, skew_ms, False)


def test_without_a_sent_time_the_client_is_believed() -> None:
    assert correct(NOW - HOUR, 0, NOW, POLICY) == Times(NOW - HOUR, 0, False)


@pytest.mark.parametrize("sent_at_ms", [0, NOW, NOW - HOUR])
def test_without_a_client_time_it_happened_when_it_came(sent_at_ms: int) -> None:
    assert correct(0, sent_at_ms, NOW, POLICY) == Times(NOW, 0, False)


@pytest.mark.parametrize("ahead_ms", [0, 1, MINUTE])
def test_a_little_future_is_let_be(ahead_ms: int) -> None:
    assert correct(NOW + ahead_ms, 0, NOW, POLICY).occurred_at_ms == NOW + ahead_ms


@pytest.mark.parametrize("ahead_ms", [MINUTE + 1, 400 * DAY, 1 << 62])
def test_more_future_becomes_the_time_of_reception_and_tells_by_how_much(ahead_ms: int) -> None:
    assert correct(NOW + ahead_ms, 0, NOW, POLICY) == Times(NOW, -ahead_ms, False)


def test_a_time_before_the_epoch_becomes_the_time_of_reception() -> None:
    assert correct(1, NOW + HOUR, NOW, POLICY) == Times(NOW, NOW - 1, False)


@pytest.mark.parametrize(("behind_ms", "late"), [(7 * DAY, False), (7 * DAY + 1, True), (400 * DAY, True)])
def test_the_limit_of_lateness_is_inclusive(behind_ms: int, late: bool) -> None:
    assert correct(NOW - behind_ms, 0, NOW, POLICY) == Times(NOW - behind_ms, 0, late)


def test_lateness_is_judged_after_the_correction() -> None:
    skew_ms = 8 * DAY
    assert not correct(NOW - HOUR - skew_ms, NOW - skew_ms, NOW, POLICY).late
