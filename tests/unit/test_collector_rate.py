"""Rate limits and quotas, on plain numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.rate import Policy, Rates, rates_of
from runtime.settings import Settings

DAY_MS = 86_400_000
NOON_MS = 20_000 * DAY_MS + DAY_MS // 2
TEN = Policy(events_per_s=10, burst_events=100)


def test_without_a_limit_nothing_is_over() -> None:
    rates = Rates({"wk": Policy()})
    assert all(rates.take("wk", 10**9, NOON_MS) is None for _ in range(10))
    assert rates.take("nobody", 10**9, NOON_MS) is None


def test_a_burst_passes_and_then_the_rate_holds() -> None:
    rates = Rates({"wk": TEN})
    assert [rates.take("wk", 1, NOON_MS) for _ in range(100)] == [None] * 100
    over = rates.take("wk", 1, NOON_MS)
    assert over and (over.code, over.retry_after_s) == ("rate_limited", 1)
    assert [rates.take("wk", 1, NOON_MS + 1000) for _ in range(10)] == [None] * 10
    assert rates.take("wk", 1, NOON_MS + 1000) is not None


def test_a_batch_larger_than_the_burst_passes_and_is_paid_off() -> None:
    rates = Rates({"wk": TEN})
    assert rates.take("wk", 2500, NOON_MS) is None
    over = rates.take("wk", 1, NOON_MS)
    assert over and over.retry_after_s == 241  # 2400 in debt, at 10 a second, and the first event after that
    assert rates.take("wk", 1, NOON_MS + 239_900) is not None
    assert rates.take("wk", 1, NOON_MS + over.retry_after_s * 1000) is None


def test_keys_do_not_use_up_each_others_limit() -> None:
    rates = Rates({"a": TEN, "b": TEN})
    assert rates.take("a", 1000, NOON_MS) is None
    assert rates.take("a", 1, NOON_MS) is not None
    assert rates.take("b", 1, NOON_MS) is None


def test_a_quota_ends_with_the_day() -> None:
    rates = Rates({"wk": Policy(events_per_day=50)})
    assert rates.take("wk", 49, NOON_MS) is None
    assert rates.take("wk", 49, NOON_MS) is None  # it began below the quota: batches are not cut
    over = rates.take("wk", 1, NOON_MS + 500)
    assert over and (over.code, over.retry_after_s) == ("quota_exceeded", DAY_MS // 2000)
    assert rates.take("wk", 1, NOON_MS + DAY_MS // 2 - 1) is not None
    assert rates.take("wk", 1, NOON_MS + DAY_MS // 2) is None


def test_what_was_not_stored_is_given_back() -> None:
    rates = Rates({"wk": Policy(events_per_s=10, burst_events=100, events_per_day=100)})
    for _ in range(20):
        assert rates.take("wk", 100, NOON_MS) is None
        rates.give_back("wk", 100)


def test_a_clock_that_was_set_back_gives_nothing() -> None:
    rates = Rates({"wk": TEN})
    assert rates.take("wk", 100, NOON_MS) is None
    assert rates.take("wk", 1, NOON_MS - 5000) is not None
    assert rates.take("wk", 1, NOON_MS - 5000) is not None


@given(st.lists(st.tuples(st.integers(0, 2000), st.integers(1, 300)), max_size=60))
def test_over_any_time_the_rate_holds_but_for_the_burst_and_one_batch(requests: list[tuple[int, int]]) -> None:
    rates, now_ms, passed, largest = Rates({"wk": TEN}), NOON_MS, 0, 0
    for pause_ms, events in requests:
        now_ms += pause_ms
        if rates.take("wk", events, now_ms) is None:
            passed += events
            largest = max(largest, events)
    assert passed <= 100 + 10 * (now_ms - NOON_MS) / 1000 + largest


@given(st.integers(1, 5000), st.integers(0, 10_000))
def test_whoever_waits_as_told_is_let_in(events: int, pause_ms: int) -> None:
    rates = Rates({"wk": TEN})
    assert rates.take("wk", events, NOON_MS) is None
    over = rates.take("wk", 1, NOON_MS + pause_ms)
    if over:
        assert over.retry_after_s >= 1
        assert rates.take("wk", 1, NOON_MS + pause_ms + over.retry_after_s * 1000) is None


@pytest.mark.parametrize(("workers", "burst"), [(1, 200), (4, 50)])
def test_the_settings_make_a_policy_of_each_key_and_share_it_among_processes(workers: int, burst: int) -> None:
    settings = Settings(
        write_keys={"a": "web", "b": "web"},
        collector_workers=workers,
        rate_limit_events_per_s=20,
        key_rate_limits_events_per_s={"b": 0},
        key_quotas_events_per_day={"b": 400},
    )
    rates = rates_of(settings)
    assert [rates.take("a", 1, NOON_MS) is None for _ in range(burst + 1)] == [True] * burst + [False]
    assert rates.take("b", 400 // workers, NOON_MS) is None
    over = rates.take("b", 1, NOON_MS)
    assert over and over.code == "quota_exceeded"
