"""What comes after an order: it disturbs nothing else, and its truth is right on cases counted by hand."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from typing import Any

from simulator.config import DAY_MS, SimConfig
from simulator.faults import Arrival
from simulator.happening import Device, Happening, Line
from simulator.timeline import arrivals
from simulator.truth import Rules, Truth
from simulator.truth_sales import Order, gaps_days, orders_of, repurchased, retention

PHONE = Device("phone", "mobile")
SHOE, SOCK = Line("p-1", Decimal("10.50"), 1), Line("p-2", Decimal("2"), 2)
PLAIN = SimConfig(seed=6, shoppers=120)
RICH = SimConfig(seed=6, shoppers=120, repeated=0.3, refunded=0.2, refunded_partly=0.3, cancelled=0.2)
ENDINGS = ("-again", "-part", "-whole", "-cancel")


@cache
def sent(config: SimConfig) -> tuple[Arrival, ...]:
    return tuple(arrivals(config))


def is_after(arrival: Arrival) -> bool:
    return arrival.happening.message_id.endswith(ENDINGS)


def test_all_else_is_as_it_was() -> None:
    rest = [(arrival.arrival_ms, arrival.body) for arrival in sent(RICH) if not is_after(arrival)]
    assert rest == [(arrival.arrival_ms, arrival.body) for arrival in sent(PLAIN)]


def test_each_thing_happens_about_as_often_as_was_asked_for() -> None:
    """Of some 110 orders; those at the end have no time left to be paid back."""
    found = {arrival.happening.message_id for arrival in sent(RICH) if is_after(arrival)}
    orders = sum(arrival.happening.event == "purchase" and not is_after(arrival) for arrival in sent(RICH))
    shares = {ending: sum(name.endswith(ending) for name in found) / orders for ending in ENDINGS}
    assert orders > 80
    assert 0.2 < shares["-again"] < 0.4 and 0.1 < shares["-whole"] < 0.3 and 0.15 < shares["-part"] < 0.4 and 0.1 < shares["-cancel"] < 0.3


def test_nobody_is_paid_back_more_than_was_paid() -> None:
    once = {arrival.happening.message_id: arrival.happening for arrival in sent(RICH) if not arrival.rejected}  # copies left out
    orders = orders_of(once.values(), lambda happening: happening.device.id)
    assert {order.repeats for order in orders} == {0, 1}
    assert all(order.refunded <= order.value for order in orders)


def told(number: int, event: str, at_ms: int, **fields: Any) -> Happening:
    return Happening(at_ms=at_ms, event=event, message_id=f"m{number}", device=PHONE, **fields)


def order(number: int, at_ms: int, order_id: str, value: str = "14.50") -> Happening:
    return told(number, "purchase", at_ms, order_id=order_id, value=Decimal(value), currency="EUR", items=(SHOE, SOCK))


def of_phone(*happenings: Happening) -> list[Order]:
    return orders_of(happenings, lambda happening: f"d:{happening.device.id}")


def test_an_order_is_counted_once_and_what_is_left_is_paid_back() -> None:
    [found] = of_phone(
        order(1, 0, "o"),
        order(2, 900, "o"),
        told(3, "refund", DAY_MS, order_id="o", value=Decimal(4), currency="EUR", items=(SOCK,)),
        told(4, "order_cancel", 2 * DAY_MS, order_id="o"),
        told(5, "refund", 3 * DAY_MS, order_id="o", value=Decimal(9), currency="EUR"),
    )
    assert (found.value, found.repeats) == (Decimal("14.50"), 1)
    assert found.refunds == [(DAY_MS, Decimal(4)), (2 * DAY_MS, Decimal("10.50"))]


def test_the_result_nets_refunds() -> None:
    truth = Truth(Rules())
    back = told(2, "refund", DAY_MS, order_id="o", value=Decimal(4), currency="EUR")
    for each in (order(1, 0, "o"), back, order(3, 5 * DAY_MS, "p")):
        truth.add(Arrival(each.at_ms, each, b""))
    result = truth.result(60 * DAY_MS)
    assert (result["revenue"], result["refunded"], result["net_revenue"]) == ({"EUR": "29.0000"}, {"EUR": "4.0000"}, {"EUR": "25.0000"})
    assert (result["orders"], result["buyers"], result["repeat_buyers"]) == (2, 1, 1)
    assert result["repurchased"] == {"7": {"buyers": 1, "again": 1}, "30": {"buyers": 1, "again": 1}}


def test_only_buyers_who_had_the_time_are_asked_whether_they_came_again() -> None:
    orders = of_phone(order(1, 0, "a"), order(2, 8 * DAY_MS, "b"))
    assert repurchased(orders, 6 * DAY_MS)["7"] == {"buyers": 0, "again": 0}
    assert repurchased(orders, 29 * DAY_MS) == {"7": {"buyers": 1, "again": 0}, "30": {"buyers": 0, "again": 0}}
    assert repurchased(orders, 30 * DAY_MS)["30"] == {"buyers": 1, "again": 1}
    assert gaps_days(orders) == {8: 1}


def test_cohorts_are_of_the_first_time_or_of_all_later_ones() -> None:
    starts = [0, 10, 20, 30]
    times = {"ann": [1, 12, 25, 31], "bob": [15], "cyd": [-5, 3]}
    assert retention(times, starts, recurring=False) == {(0, 0): 2, (0, 1): 1, (0, 2): 1, (1, 0): 1}
    assert retention(times, starts, recurring=True) == {(1, 0): 1, (1, 1): 1, (2, 0): 1}


def test_who_is_held_out_is_known() -> None:
    everyone, nobody, half = (Truth(Rules(holdout_percent=percent)) for percent in (100, 0, 50))
    for truth in (everyone, nobody, half):
        for arrival in sent(PLAIN):
            truth.add(arrival)
    persons = set(everyone.result(PLAIN.end_ms)["levels"])
    assert (everyone.held_out(), nobody.held_out()) == (persons, set())
    assert 0.4 < len(half.held_out()) / len(persons) < 0.6
