"""Orders, what was paid back, who bought again and when: computed from the happenings alone."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise
from typing import Any

from simulator.config import DAY_MS
from simulator.happening import Happening, Lines

AFTER_DAYS = (7, 30)


@dataclass
class Order:
    """One order. `refunds`: when, and how much; a cancellation, or a refund that names no amount, pays back what is left."""

    order_id: str
    person: str
    at_ms: int
    currency: str
    value: Decimal
    items: Lines
    device_type: str
    repeats: int = 0
    refunds: list[tuple[int, Decimal]] = field(default_factory=list)

    @property
    def refunded(self) -> Decimal:
        return sum((amount for _, amount in self.refunds), Decimal(0))


def orders_of(happenings: Iterable[Happening], person_of: Callable[[Happening], str]) -> list[Order]:
    """All orders, by the time of their first purchase event."""
    found: dict[str, Order] = {}
    whole: set[str] = set()
    everything = sorted(happenings, key=lambda h: (h.at_ms, h.message_id))
    for each in everything:
        name = each.order_id or each.message_id
        if each.event == "purchase" and name in found:
            found[name].repeats += 1
        elif each.event == "purchase":
            value, kind = each.value or Decimal(0), each.device.kind
            found[name] = Order(name, person_of(each), each.at_ms, each.currency, value, each.items, kind)
    for each in everything:
        if each.event in ("refund", "order_cancel") and each.order_id not in whole:
            order = found[each.order_id]
            if each.value is None:
                whole.add(each.order_id)
            order.refunds.append((each.at_ms, order.value - order.refunded if each.value is None else each.value))
    return list(found.values())


def by_person(orders: Iterable[Order]) -> dict[str, list[Order]]:
    """Each buyer's orders in order of time."""
    found: dict[str, list[Order]] = {}
    for order in sorted(orders, key=lambda order: (order.at_ms, order.order_id)):
        found.setdefault(order.person, []).append(order)
    return found


def repurchased(orders: Iterable[Order], until_ms: int) -> dict[str, dict[str, int]]:
    """For 7 and 30 days: buyers whose first order is as old at `until_ms`, and how many of them had ordered again by then."""
    first_two = [(own[0].at_ms, own[1].at_ms if len(own) > 1 else None) for own in by_person(orders).values()]
    found = {}
    for days in AFTER_DAYS:
        old = [(first, second) for first, second in first_two if first + days * DAY_MS <= until_ms]
        again = sum(second is not None and second - first <= days * DAY_MS for first, second in old)
        found[str(days)] = {"buyers": len(old), "again": again}
    return found


def gaps_days(orders: Iterable[Order]) -> Counter[int]:
    """How many orders were followed by the person's next one after so many days (to the nearest)."""
    return Counter(
        (later.at_ms - earlier.at_ms + DAY_MS // 2) // DAY_MS for own in by_person(orders).values() for earlier, later in pairwise(own)
    )


def retention(times_ms: Mapping[str, Iterable[int]], starts_ms: list[int], recurring: bool) -> dict[tuple[int, int], int]:
    """(cohort, period number) to persons, for periods that begin at `starts_ms`; what is after the last start is left out.

    `times_ms`: when each person was there. A cohort is who came for the first time in a period, or (`recurring`) who had been there in
    an earlier one.
    """
    found: Counter[tuple[int, int]] = Counter()
    for times in times_ms.values():
        periods = sorted({bisect_right(starts_ms, at_ms) - 1 for at_ms in times} - {-1, len(starts_ms) - 1})
        for cohort in periods[1:] if recurring else periods[:1]:
            found.update((cohort, period - cohort) for period in periods if period >= cohort)
    return dict(found)


def sales_of(orders: list[Order], final_ms: int) -> dict[str, Any]:
    """Counts, and money by currency with four decimals."""
    revenue: dict[str, Decimal] = {}
    refunded: dict[str, Decimal] = {}
    for order in orders:
        revenue[order.currency] = revenue.get(order.currency, Decimal(0)) + order.value
        if order.refunds:
            refunded[order.currency] = refunded.get(order.currency, Decimal(0)) + order.refunded
    buyers = by_person(orders)
    return {
        "orders": len(orders),
        "order_repeats": sum(order.repeats for order in orders),
        "revenue": _money(revenue),
        "refunded": _money(refunded),
        "net_revenue": _money({currency: amount - refunded.get(currency, Decimal(0)) for currency, amount in revenue.items()}),
        "buyers": len(buyers),
        "repeat_buyers": sum(len(own) > 1 for own in buyers.values()),
        "repurchased": repurchased(orders, final_ms),
    }


def _money(amounts: Mapping[str, Decimal]) -> dict[str, str]:
    return {currency: f"{amount:.4f}" for currency, amount in sorted(amounts.items())}
