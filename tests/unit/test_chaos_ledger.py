"""Which events must, may and must not be stored; what is lost, doubled or strange is found."""

from __future__ import annotations

from collections import Counter

import pytest

from chaos.clients import HASTY_PERCENT, is_hasty
from chaos.ledger import Ledger, judge
from simulator.faults import Arrival
from simulator.happening import Device, Happening

KEY = "k"


def message(message_id: str = "m", arrival_ms: int = 10, rejected: str = "", device: str = "d", shared: bool = False) -> Arrival:
    happening = Happening(at_ms=5, event="page_view", message_id=message_id, device=Device(device, "mobile", shared=shared))
    return Arrival(arrival_ms, happening, b"{}", rejected)


def ledger_of(*sent: tuple[Arrival, bool]) -> Ledger:
    ledger = Ledger()
    for arrival, acknowledged in sent:
        ledger.note([arrival], acknowledged)
    return ledger


def test_what_was_acknowledged_and_is_stored_is_well() -> None:
    found = judge(ledger_of((message(), True)), KEY, [(KEY, "m", 10)], {})
    assert (found.stored, found.lost, found.doubled, found.strange) == (1, [], [], [])
    assert [arrival.happening.message_id for arrival in found.true] == ["m"]


@pytest.mark.parametrize("duplicates", [{}, {(KEY, "m"): 1}])
def test_what_was_acknowledged_and_is_not_stored_is_lost(duplicates: dict[tuple[str, str], int]) -> None:
    assert judge(ledger_of((message(), True)), KEY, [], duplicates).lost == ["m"]


def test_what_was_not_acknowledged_may_be_absent_or_present() -> None:
    ledger = ledger_of((message(), False))
    assert judge(ledger, KEY, [], {}).lost == judge(ledger, KEY, [(KEY, "m", 10)], {}).lost == []
    absent = judge(ledger, KEY, [], {})
    assert (absent.true, absent.unsure) == ([], [])
    assert judge(ledger, KEY, [(KEY, "m", 10)], {}).unsure == ["m"]


@pytest.mark.parametrize("acknowledged", [True, False])
def test_twice_is_never_right(acknowledged: bool) -> None:
    assert judge(ledger_of((message(), acknowledged)), KEY, [(KEY, "m", 10)] * 2, {}).doubled == ["m"]


def test_each_acknowledged_copy_is_a_row_or_a_known_duplicate() -> None:
    ledger = ledger_of((message(arrival_ms=10), True), (message(arrival_ms=20), True))
    assert judge(ledger, KEY, [(KEY, "m", 10)], {}).lost == ["m"]
    assert judge(ledger, KEY, [(KEY, "m", 10)], {(KEY, "m"): 1}).lost == []


def test_the_truth_takes_the_copy_that_is_stored() -> None:
    ledger = ledger_of((message(arrival_ms=10), False), (message(arrival_ms=20), True))
    for received_ms in (10, 20):
        assert [arrival.arrival_ms for arrival in judge(ledger, KEY, [(KEY, "m", received_ms)], {}).true] == [received_ms]


def test_a_copy_after_the_acknowledged_one_must_not_be_the_one_that_is_stored() -> None:
    ledger = ledger_of((message(arrival_ms=10), True), (message(arrival_ms=20), True))
    assert judge(ledger, KEY, [(KEY, "m", 20)], {(KEY, "m"): 1}).strange == ["m"]


@pytest.mark.parametrize("row", [(KEY, "other", 10), ("other", "m", 10), (KEY, "m", 11)])
def test_what_nobody_sent_is_strange(row: tuple[str, str, int]) -> None:
    assert len(judge(ledger_of((message(), False)), KEY, [row], {}).strange) == 1


def test_a_broken_message_is_not_expected_among_the_events() -> None:
    ledger = ledger_of((message("m-broken", rejected="too_large"), True), (message("n-broken", rejected="too_large"), False))
    assert judge(ledger, KEY, [], {}).lost == []
    assert (ledger.refused(), ledger.acknowledged) == (Counter(too_large=1), 1)
    assert judge(ledger, KEY, [(KEY, "m-broken", 10)], {}).strange == [f"{KEY}/m-broken"]


def test_some_devices_are_hasty_but_none_that_two_people_share() -> None:
    hasty = sum(is_hasty(message(device=f"s1-p{n}-d0")) for n in range(1000))
    assert HASTY_PERCENT * 5 < hasty < HASTY_PERCENT * 20
    assert not any(is_hasty(message(device=f"s1-p{n}-d0", shared=True)) for n in range(1000))
