"""Sales by hand and on a simulated lane: each figure is computed again in Python, from what the shoppers did."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from simulator.config import SimConfig
from simulator.happening import Happening
from simulator.truth_persons import Persons
from simulator.truth_sales import Order, by_person, gaps_days, orders_of, repurchased, retention
from tests.views_lab import DAY_MS, Lab, Simulated, lab, simulated

pytestmark = pytest.mark.timeout(180)
HOUR_MS = 3_600_000
SHANGHAI = ZoneInfo("Asia/Shanghai")
CONFIG = SimConfig(seed=4, shoppers=150, repeated=0.2, refunded=0.15, refunded_partly=0.2, cancelled=0.1)
SPRING = "lane = 'hand', from_day = '2026-02-01', to_day = '2026-03-31'"
FIRST, LAST = date(2026, 1, 6), date(2026, 2, 2)  # cuts weeks, months and the lane
PERIOD = f"lane = 'simulated', from_day = '{FIRST}', to_day = '{LAST}'"
WHOLE = "lane = 'simulated', from_day = '2025-12-31', to_day = '2026-03-31'"
NO_VISIT = {"identify", "alias", "refund", "order_cancel"}
TEA = {"product_id": "tea", "name": "Tea", "category": "drink", "brand": "Leaf", "price": "2.50", "quantity": 4}
CUP = {"product_id": "cup", "name": "Cup", "category": "kitchen", "brand": "Clay", "price": "5", "quantity": 1}


@pytest.fixture(scope="module")
def shop(warehouse: tuple[str, int]) -> Iterator[Lab]:
    """At NOON_MS it is 20:00 on Sunday, 1 March in Shanghai; four hours later Monday begins."""
    with lab(*warehouse, business_timezone="Asia/Shanghai") as made:
        sold = {"event": "purchase", "currency": "EUR", "items": [TEA], "source": "web", "device_type": "mobile"}
        store = {"source": "store", "device_type": "store"}
        ana = {"person_id": "u:ana", "order_id": "o1", "currency": "EUR"}
        made.events(
            "hand",
            {"event": "page_view", "person_id": "d:1", "at_ms": -HOUR_MS, "device_type": "mobile"},
            {**sold, "person_id": "d:1", "at_ms": 0, "order_id": "o1", "value": "15", "items": [TEA, CUP]},
            {**sold, "person_id": "d:1", "at_ms": 999, "order_id": "o1", "value": "15", "items": [TEA, CUP]},
            {**sold, **store, "person_id": "u:bob", "at_ms": 4 * HOUR_MS, "order_id": "o2", "value": "20"},
            {"event": "refund", **ana, "at_ms": 5 * HOUR_MS, "value": "5", "items": [CUP]},
            {"event": "refund", "person_id": "u:dan", "at_ms": 5 * HOUR_MS, "order_id": "gone", "currency": "EUR", "value": "2"},
            {**sold, "person_id": "u:cyd", "at_ms": -DAY_MS, "order_id": "o3", "value": "7", "currency": "USD", "items": [CUP]},
            {"event": "order_cancel", "person_id": "u:cyd", "at_ms": 4 * HOUR_MS, "order_id": "o3"},
            {**sold, "person_id": "u:ana", "at_ms": 7 * DAY_MS, "order_id": "o4", "value": "10"},
            {"event": "order_cancel", **ana, "at_ms": 7 * DAY_MS + 1},
            {"event": "page_view", "person_id": "u:eve", "at_ms": 7 * DAY_MS, "device_type": "desktop"},
            {"event": "identify", "person_id": "u:fay", "at_ms": 0},
        )
        made.insert("identities", [{"lane": "hand", "id": "d:1", "person_id": "u:ana", "version": 1, "merged_at_ms": 0}])
        visit = {"lane": "hand", "version": 1, "device_type": "mobile", "person_id": "u:ana", "ended_at_ms": 1_772_366_400_000}
        made.insert("sessions", [{**visit, "session_id": "s", "started_at_ms": 1_772_366_400_000 - HOUR_MS}])
        simulated(CONFIG).store(made, "simulated")
        yield made


def ask(shop: Lab, view: str, arguments: str, columns: str, order: str = "") -> list[tuple[Any, ...]]:
    rows = shop.ask(f"SELECT {columns} FROM {view}({arguments})" + (f" ORDER BY {order}" if order else ""))
    return [tuple(row.values()) for row in rows]


def test_a_refund_counts_on_the_day_it_came(shop: Lab) -> None:
    columns = "toString(period), currency, orders, units, toString(revenue), toString(refunded), toString(net_revenue), refunds, buyers"
    found = ask(shop, "sales", f"{SPRING}, grain = 'day', dimension = 'none'", columns, "period, currency")
    assert found == [
        ("2026-02-28", "USD", 1, 1, "7", "0", "7", 0, 1),
        ("2026-03-01", "EUR", 1, 5, "15", "0", "15", 0, 1),
        ("2026-03-02", "EUR", 1, 4, "20", "7", "13", 2, 1),
        ("2026-03-02", "USD", 0, 0, "0", "7", "-7", 1, 0),
        ("2026-03-08", "EUR", 1, 4, "10", "10", "0", 1, 1),
    ]


def test_weeks_begin_on_monday_and_the_store_is_told_from_the_web(shop: Lab) -> None:
    columns = "toString(period), orders, toString(online_revenue), toString(offline_revenue), offline_orders, toString(aov)"
    found = ask(shop, "sales", f"{SPRING}, grain = 'week', dimension = 'none'", columns + ", currency", "period, currency")
    assert [row[:-1] for row in found if row[-1] == "EUR"] == [
        ("2026-02-23", 1, "15", "0", 0, "15"),
        ("2026-03-02", 2, "10", "20", 1, "15"),
    ]
    by_source = f"{SPRING}, grain = 'month', dimension = 'source'"
    assert ask(shop, "sales", by_source, "value, orders, aov, currency", "value, period, currency") == [
        ("store", 1, Decimal(20), "EUR"),
        ("web", 1, Decimal(7), "USD"),
        ("web", 2, Decimal("12.5"), "EUR"),
        ("web", 0, None, "USD"),
    ]


def test_what_is_given_back_of_an_item_is_never_more_than_was_bought(shop: Lab) -> None:
    columns = "value, name, units, toString(revenue), refunded_units, toString(refunded)"
    products = ask(shop, "sales_by_item", f"{SPRING}, grain = 'total', dimension = 'product'", columns + ", currency", "value, currency")
    assert products == [
        ("cup", "Cup", 1, "5", 1, "5", "EUR"),
        ("cup", "Cup", 1, "5", 1, "5", "USD"),
        ("tea", "Tea", 12, "30", 4, "10", "EUR"),
    ]
    by_brand = f"{SPRING}, grain = 'month', dimension = 'brand'"
    assert ask(shop, "sales_by_item", by_brand, "value, orders, buyers, currency", "period, value, currency") == [
        ("Clay", 1, 1, "USD"),
        ("Clay", 1, 1, "EUR"),
        ("Clay", 0, 0, "USD"),
        ("Leaf", 3, 2, "EUR"),
    ]


def test_conversion_leaves_the_store_out(shop: Lab) -> None:
    columns = "toString(period), visitors, sessions, orders, buyers, order_conversion, buyer_conversion"
    assert ask(shop, "conversion", f"{SPRING}, grain = 'month', dimension = 'none'", columns, "period") == [
        ("2026-02-01", 1, 0, 1, 1, None, 1.0),
        ("2026-03-01", 2, 1, 2, 1, 2.0, 0.5),
    ]
    kinds = ask(shop, "conversion", f"{SPRING}, grain = 'total', dimension = 'device_type'", "value, visitors, orders", "value")
    assert kinds == [("desktop", 1, 0), ("mobile", 2, 3)]


def test_who_bought_again(shop: Lab) -> None:
    columns = "buyers, repeat_buyers, buyers_7, again_7, rate_7, buyers_30, rate_30, median_days_to_second"
    assert ask(shop, "repurchase", SPRING, columns) == [(3, 1, 2, 1, 0.5, 0, None, 7.0)]
    march = "lane = 'hand', from_day = '2026-03-01', to_day = '2026-03-01'"
    assert ask(shop, "repurchase", march, "buyers, period_buyers, period_repeat_buyers") == [(1, 1, 0)]
    gaps = ask(shop, "repurchase_gaps", SPRING, "days, orders, share, burst", "days")
    assert gaps[7] == (7, 1, 1.0, None) and [row[1] for row in gaps[:7]] == [0] * 7
    assert ask(shop, "repurchase_gaps", SPRING.replace("hand", "nobody"), "days") == []


def test_cohorts_by_hand(shop: Lab) -> None:
    columns = "toString(cohort), period_number, size, returned, complete, revenue"
    weeks = "lane = 'hand', from_day = '2026-02-25', to_day = '2026-03-08'"
    assert ask(shop, "retention_buyers", f"{weeks}, grain = 'week', cohorts = 'first'", columns, "cohort, period_number") == [
        ("2026-02-23", 0, 2, 2, True, {"EUR": Decimal(0), "USD": Decimal(0)}),
        ("2026-02-23", 1, 2, 1, True, {"EUR": Decimal(10)}),
        ("2026-03-02", 0, 1, 1, True, {"EUR": Decimal(20)}),
    ]
    assert ask(shop, "retention_buyers", f"{weeks}, grain = 'week', cohorts = 'recurring'", columns) == [
        ("2026-03-02", 0, 1, 1, True, {"EUR": Decimal(10)})
    ]
    days = f"{weeks}, grain = 'day', cohorts = 'first'"
    visitors = ask(shop, "retention_visitors", days, "toString(cohort), returned", "1, period_number")
    assert [row for row in visitors if row[1]] == [
        ("2026-02-28", 1),
        ("2026-03-01", 1),
        ("2026-03-01", 1),
        ("2026-03-02", 1),
        ("2026-03-08", 1),
    ]


def truth() -> Simulated:
    return simulated(CONFIG)


def day_of(at_ms: int) -> date:
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(SHANGHAI).date()


@cache
def happened() -> tuple[Happening, ...]:
    """Every event that was taken, once."""
    return tuple({each.happening.message_id: each.happening for each in truth().arrivals if not each.rejected}.values())


@cache
def orders() -> tuple[Order, ...]:
    return tuple(orders_of(happened(), Persons(happened()).of))


def test_daily_sales_are_what_was_sold_and_paid_back(shop: Lab) -> None:
    expected: dict[tuple[Any, ...], list[Any]] = defaultdict(lambda: [0, Decimal(0), Decimal(0)])
    for order in orders():
        if FIRST <= (day := day_of(order.at_ms)) <= LAST:
            expected[day, order.device_type, order.currency][0] += 1
            expected[day, order.device_type, order.currency][1] += order.value
        for at_ms, amount in order.refunds:
            if FIRST <= (day := day_of(at_ms)) <= LAST:
                expected[day, order.device_type, order.currency][2] += amount
    columns = "period, value, currency, orders, revenue, refunded"
    found = ask(shop, "sales", f"{PERIOD}, grain = 'day', dimension = 'device_type'", columns)
    assert len(found) > 50
    assert {row[:3]: list(row[3:]) for row in found if any(row[3:])} == expected


def test_all_sales_are_those_of_the_orders_as_they_are_now(shop: Lab) -> None:
    now = shop.ask("SELECT currency, sum(value) AS v, sum(refunded) AS r FROM orders_now WHERE lane = 'simulated' GROUP BY currency")
    found = shop.ask(f"SELECT currency, revenue AS v, refunded AS r FROM sales({WHOLE}, grain = 'total', dimension = 'none')")
    result = truth().truth.result(truth().final_ms)
    assert {row["currency"]: (row["v"], row["r"]) for row in found} == {row["currency"]: (row["v"], row["r"]) for row in now}
    assert {row["currency"]: f"{row['v'] - row['r']:.4f}" for row in found} == result["net_revenue"]


def test_products_are_what_was_in_the_orders(shop: Lab) -> None:
    expected: Counter[tuple[str, str]] = Counter()
    for order in orders():
        for line in order.items:
            expected[line.product_id, order.currency] += line.quantity
    found = ask(shop, "sales_by_item", f"{WHOLE}, grain = 'total', dimension = 'product'", "value, currency, units, revenue, refunded")
    assert {row[:2]: row[2] for row in found} == expected
    back = {row["currency"]: row["refunded"] for row in shop.ask(f"SELECT * FROM sales({WHOLE}, grain = 'total', dimension = 'none')")}
    with_items = {currency: sum(row[4] for row in found if row[1] == currency) for currency in back}
    whole = {order.order_id for order in orders() if len(order.refunds) == 1 and order.refunded == order.value}
    unsaid = sum((order.refunded for order in orders() if order.order_id in whole and _names_an_amount(order)), Decimal(0))
    assert sum(back.values()) - sum(with_items.values()) == unsaid > 0


def _names_an_amount(order: Order) -> bool:
    """Whether all was paid back by an event that names an amount and no items: then the items are not known to be given back."""
    return any(each.event == "refund" and each.order_id == order.order_id and each.value and not each.items for each in happened())


def test_conversion_is_of_who_was_there(shop: Lab) -> None:
    person_of = Persons(happened()).of
    visitors: dict[date, set[str]] = defaultdict(set)
    for each in happened():
        if each.event not in NO_VISIT:
            visitors[day_of(each.at_ms)].add(person_of(each))
    latest = {row["session_id"]: row for row in sorted(truth().lane.rows("sessions"), key=lambda row: row["version"])}
    sessions = Counter(day_of(row["started_at_ms"]) for row in latest.values() if not row.get("is_deleted"))
    buyers: dict[date, set[str]] = defaultdict(set)
    for order in orders():
        buyers[day_of(order.at_ms)].add(order.person)
    found = ask(shop, "conversion", f"{WHOLE}, grain = 'day', dimension = 'none'", "period, visitors, sessions, buyers")
    days = visitors.keys() | sessions.keys()
    assert {row[0]: row[1:] for row in found} == {day: (len(visitors[day]), sessions[day], len(buyers[day])) for day in days}
    total = shop.ask(f"SELECT * FROM conversion({WHOLE}, grain = 'total', dimension = 'none')")[0]
    assert total["buyer_conversion"] == len(by_person(orders())) / len(set[str]().union(*visitors.values()))


def test_repurchase_is_that_of_the_truth(shop: Lab) -> None:
    last_ms = max(each.at_ms for each in happened())
    [found] = shop.ask(f"SELECT * FROM repurchase({WHOLE})")
    expected = repurchased(orders(), last_ms)
    result = truth().truth.result(truth().final_ms)
    assert (found["buyers"], found["repeat_buyers"]) == (result["buyers"], result["repeat_buyers"])
    for days in ("7", "30"):
        assert {"buyers": found[f"buyers_{days}"], "again": found[f"again_{days}"]} == expected[days]
        assert found[f"again_{days}"] > 0
    gaps = {row[0]: row[1] for row in ask(shop, "repurchase_gaps", WHOLE, "days, orders") if row[1]}
    assert gaps == gaps_days(orders())
    assert max(gaps, key=gaps.__getitem__) == 7  # who comes again comes in a burst


@pytest.mark.parametrize("cohorts", ["first", "recurring"])
@pytest.mark.parametrize("grain", ["day", "week", "month"])
@pytest.mark.parametrize("who", ["buyers", "visitors"])
def test_cohorts_are_those_of_the_truth(shop: Lab, who: str, grain: str, cohorts: str) -> None:
    starts = _starts(grain)
    starts_ms = [int(datetime(day.year, day.month, day.day, tzinfo=SHANGHAI).timestamp() * 1000) for day in starts]
    person_of = Persons(happened()).of
    times: dict[str, list[int]] = defaultdict(list)
    for each in happened() if who == "visitors" else ():
        if each.event not in NO_VISIT:
            times[person_of(each)].append(each.at_ms)
    for order in orders() if who == "buyers" else ():
        times[order.person].append(order.at_ms)
    expected = retention(times, starts_ms, cohorts == "recurring")
    until = starts[-1] - timedelta(days=1)
    called = f"lane = 'simulated', from_day = '2025-12-31', to_day = '{until}', grain = '{grain}', cohorts = '{cohorts}'"
    found = ask(shop, f"retention_{who}", called, "cohort, period_number, size, returned, complete, period")
    numbers = {day: number for number, day in enumerate(starts)}
    assert {(numbers[row[0]], row[1]): row[3] for row in found if row[3]} == expected
    assert all(row[4] and row[2] == expected[numbers[row[0]], 0] and numbers[row[5]] == numbers[row[0]] + row[1] for row in found)


def _starts(grain: str) -> list[date]:
    """The starts of periods from before the lane to after its end."""
    days = [date(2025, 12, 1) + timedelta(days=number) for number in range(92)]
    if grain == "month":
        return [day for day in days if day.day == 1]
    return [day for day in days if grain == "day" or day.weekday() == 0]


def test_revenue_of_a_cohort_is_that_of_its_orders(shop: Lab) -> None:
    first_week = {person: bisect_right(WEEKS, day_of(own[0].at_ms)) for person, own in by_person(orders()).items()}
    expected: dict[tuple[int, int], Counter[str]] = defaultdict(Counter)
    for order in orders():
        cohort, week = first_week[order.person], bisect_right(WEEKS, day_of(order.at_ms))
        expected[cohort, week - cohort][order.currency] += order.value - order.refunded  # type: ignore[assignment]
    found = ask(shop, "retention_buyers", f"{WHOLE}, grain = 'week', cohorts = 'first'", "cohort, period_number, revenue")
    assert {(bisect_right(WEEKS, row[0]), row[1]): row[2] for row in found if row[2]} == expected


WEEKS = [date(2025, 12, 1) + timedelta(days=7 * number) for number in range(20)]
