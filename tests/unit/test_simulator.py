"""The simulated shop: the same for the same seed, and as the issue describes its shoppers."""

from __future__ import annotations

import json
from collections import Counter
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.reasons import RejectReason
from simulator.config import DAY_MS, SimConfig
from simulator.faults import Arrival
from simulator.happening import Happening
from simulator.play import MOST_BYTES, MOST_EVENTS, batches
from simulator.timeline import arrivals
from simulator.truth import Rules, Truth

MANY = SimConfig(seed=7, shoppers=2_000)


@cache
def many() -> tuple[Arrival, ...]:
    return tuple(arrivals(MANY))


@cache
def happened() -> tuple[Happening, ...]:
    """What truly happened in the large run, each once, in order of time."""
    found = {arrival.happening.message_id: arrival.happening for arrival in many() if not arrival.rejected}
    return tuple(sorted(found.values(), key=lambda happening: happening.at_ms))


def shopper_of(happening: Happening) -> str:
    return happening.device.id.rpartition("-d")[0]


@given(seed=st.integers(0, 1_000), shoppers=st.integers(0, 8))
@settings(max_examples=15, deadline=None)
def test_the_same_seed_gives_the_same_bytes(seed: int, shoppers: int) -> None:
    config = SimConfig(seed=seed, shoppers=shoppers)
    assert [(a.arrival_ms, a.body) for a in arrivals(config)] == [(a.arrival_ms, a.body) for a in arrivals(config)]


@given(seed=st.integers(0, 1_000), shoppers=st.integers(1, 12), days=st.integers(1, 60))
@settings(max_examples=15, deadline=None)
def test_arrivals_are_in_order_and_within_the_days(seed: int, shoppers: int, days: int) -> None:
    config = SimConfig(seed=seed, shoppers=shoppers, days=days)
    times = [arrival.arrival_ms for arrival in arrivals(config)]
    assert times == sorted(times)
    assert all(config.start_ms < at_ms <= config.end_ms for at_ms in times)


@given(seed=st.integers(0, 1_000))
@settings(max_examples=10, deadline=None)
def test_every_event_sent_is_accounted_for(seed: int) -> None:
    truth = Truth(Rules())
    for arrival in arrivals(SimConfig(seed=seed, shoppers=10)):
        truth.add(arrival)
    result = truth.result(SimConfig().end_ms)
    assert result["accepted"] + sum(result["rejected"].values()) == result["sent"]
    assert result["stored"] + result["duplicates"] == result["accepted"]


def test_two_seeds_share_no_id() -> None:
    one, other = ({a.happening.message_id for a in arrivals(SimConfig(seed=seed, shoppers=5))} for seed in (1, 11))
    assert not one & other


def test_first_visits_come_through_the_channels_of_the_issue() -> None:
    first: dict[str, str] = {}
    for happening in happened():
        if happening.channel and "-s" not in shopper_of(happening):  # friends come by a share
            first.setdefault(shopper_of(happening), happening.channel)
    counts = Counter(first.values())
    shares = {channel: count / len(first) for channel, count in counts.items()}
    assert shares == {
        "search": pytest.approx(0.45, abs=0.04),
        "social": pytest.approx(0.30, abs=0.04),
        "offline": pytest.approx(0.15, abs=0.03),
        "direct": pytest.approx(0.10, abs=0.03),
    }


def test_people_have_2_6_devices_and_buy_on_mobiles() -> None:
    devices: dict[str, set[str]] = {}
    for happening in happened():
        devices.setdefault(shopper_of(happening), set()).add(happening.device.id)
    assert sum(map(len, devices.values())) / len(devices) == pytest.approx(2.6, abs=0.15)
    bought_on = Counter(happening.device.kind for happening in happened() if happening.event == "purchase" and not happening.device.shared)
    assert bought_on["mobile"] / bought_on.total() == pytest.approx(0.76, abs=0.04)


def test_carts_hold_about_three_products() -> None:
    ordered = [len(h.items) for h in happened() if h.event == "purchase" and not h.device.shared]
    assert sum(ordered) / len(ordered) == pytest.approx(3.0, abs=0.35)


def test_people_hesitate_for_days_and_come_back_in_bursts() -> None:
    orders: dict[str, list[int]] = {}
    first: dict[str, int] = {}
    for happening in happened():
        if happening.device.shared:
            continue
        first.setdefault(shopper_of(happening), happening.at_ms)
        if happening.event == "purchase":
            orders.setdefault(shopper_of(happening), []).append(happening.at_ms)
    waits_days = sorted((times[0] - first[shopper]) / DAY_MS for shopper, times in orders.items())
    assert 1 <= waits_days[len(waits_days) // 2] <= 3
    gaps = Counter(round((times[1] - times[0]) / DAY_MS) for times in orders.values() if len(times) > 1)
    assert {day for day, _ in gaps.most_common(3)} & {7, 30} == {7, 30} or gaps[7] > 20
    assert gaps[7] + gaps[6] + gaps[8] + gaps[29] + gaps[30] + gaps[31] > 0.9 * gaps.total()


def test_faults_come_at_their_rates() -> None:
    clean = [arrival for arrival in many() if not arrival.rejected]
    times_sent = Counter(arrival.happening.message_id for arrival in clean)
    assert sum(count - 1 for count in times_sent.values()) / len(times_sent) == pytest.approx(MANY.duplicated, rel=0.2)
    refused = Counter(arrival.rejected for arrival in many() if arrival.rejected)
    assert refused.total() / len(times_sent) == pytest.approx(MANY.malformed, rel=0.2)
    # No single event can bring the first two about; what the others are about shoppers of the simulator do not do.
    ours = {RejectReason.DUPLICATE, RejectReason.INTERNAL_ERROR, RejectReason.TOO_COMPLEX, RejectReason.NO_CONSENT, RejectReason.ERASED}
    assert set(refused) == set(RejectReason) - ours
    late = sum(arrival.arrival_ms - arrival.happening.at_ms > 7 * DAY_MS for arrival in clean)
    assert 0.0005 < late / len(clean) < 0.004


def test_a_wrong_clock_is_wrong_by_the_same_in_both_times() -> None:
    for arrival in many():
        if arrival.happening.device.skew_ms and not arrival.rejected:
            said = json.loads(arrival.body)
            assert said["timestamp"] != said["sentAt"] or arrival.arrival_ms == arrival.happening.at_ms
            break
    else:
        pytest.fail("nobody's clock is wrong")


def test_a_shared_device_sends_in_order() -> None:
    by_device: dict[str, list[int]] = {}
    for arrival in many():
        if arrival.happening.device.shared and not arrival.rejected:
            by_device.setdefault(arrival.happening.device.id, []).append(arrival.arrival_ms - arrival.happening.at_ms)
    assert by_device
    assert sum(max(delays) > 12 * 3_600_000 + 2 * MANY.slot_ms for delays in by_device.values()) == 0  # only a copy comes later


def test_shares_bring_friends_who_carry_the_share_on() -> None:
    shares = {happening.share_id: happening for happening in happened() if happening.event == "share"}
    opened = [happening.share_id for happening in happened() if happening.event == "share_open"]
    assert opened
    assert set(opened) <= set(shares)
    assert any(share.parent_share_id in shares for share in shares.values())


@given(st.lists(st.integers(1, MOST_BYTES // 100), max_size=2_000))
@settings(max_examples=20, deadline=None)
def test_batches_keep_the_order_and_stay_within_what_a_collector_takes(sizes: list[int]) -> None:
    some = next(iter(many()))
    slot = [Arrival(some.arrival_ms, some.happening, b"x" * size) for size in sizes]
    cut = list(batches(slot))
    assert [arrival for batch in cut for arrival in batch] == slot
    assert all(len(batch) <= MOST_EVENTS and sum(len(a.body) for a in batch) <= MOST_BYTES for batch in cut)
