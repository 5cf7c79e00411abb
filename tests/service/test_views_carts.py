"""Carts and triggers by hand, and on a simulated lane of which half is held out, against what the shoppers did."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from math import sqrt
from statistics import quantiles
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from simulator.config import SimConfig
from simulator.truth_carts import RANKED, Cart
from tests.views_lab import DAY_MS, NOON_MS, Lab, Simulated, lab, simulated

pytestmark = pytest.mark.timeout(180)
HOUR_MS = 3_600_000
SHANGHAI = ZoneInfo("Asia/Shanghai")
CONFIG = SimConfig(seed=4, shoppers=300)
FIRST, LAST = date(2026, 1, 6), date(2026, 1, 29)
PERIOD = f"lane = 'simulated', from_day = '{FIRST}', to_day = '{LAST}'"
MARCH = "from_day = '2026-03-01', to_day = '2026-03-31'"


@pytest.fixture(scope="module")
def shop(warehouse: tuple[str, int]) -> Iterator[Lab]:
    """At NOON_MS it is 20:00 on Sunday, 1 March in Shanghai."""
    with lab(*warehouse, business_timezone="Asia/Shanghai") as made:
        truth().store(made, "simulated")
        yield made


def cart(name: str, at_ms: int, **changes: Any) -> dict[str, Any]:
    """A cart worth 10 EUR of the person of that name; `abandoned` and `closed` in ms after its opening."""
    opened_ms = NOON_MS + at_ms
    times = {f"{event}_at_ms": opened_ms + changes.pop(event) for event in ("abandoned", "closed") if event in changes}
    row = {"episode_id": name, "person_id": f"d:{name}", "opened_at_ms": opened_ms, "changed_at_ms": opened_ms, "status": "open"}
    return {**row, "version": 1, "value": "10", "abandoned_value": "10", "currency": "EUR", "step": "cart", **times, **changes}


def trigger(name: str, at_ms: int, **changes: Any) -> dict[str, Any]:
    row = {"trigger_id": f"t-{name}", "rule": "r", "person_id": f"d:{name}", "episode_id": name, "step": 1, "status": "fired"}
    sent = {"decision": "send", "fired_at_ms": NOON_MS + at_ms, "version": 1, "cart_step": "cart", "value": "10", "currency": "EUR"}
    return {**row, **sent, **changes}


def ask(shop: Lab, view: str, arguments: str, columns: str, order: str = "") -> list[tuple[Any, ...]]:
    rows = shop.ask(f"SELECT {columns} FROM {view}({arguments})" + (f" ORDER BY {order}" if order else ""))
    return [tuple(row.values()) for row in rows]


def insert(shop: Lab, table: str, lane: str, *rows: dict[str, Any]) -> None:
    shop.insert(table, [{**row, "lane": lane} for row in rows])


def test_a_cart_is_abandoned_at_the_step_where_it_first_fell_idle(shop: Lab) -> None:
    left = {"abandoned": HOUR_MS, "abandoned_step": "cart"}
    insert(
        shop,
        "carts",
        "steps",
        cart("bought", 0, status="ordered", step="payment", closed=1000, revenue="10"),
        cart("back", 0, **left, status="ordered", step="payment", closed=2 * HOUR_MS, revenue="9", recovered=True),
        cart("slow", 0, **left, status="ordered", closed=9 * DAY_MS, revenue="9"),
        cart("gone", 0, **left, status="expired", closed=30 * DAY_MS),
        cart("paying", 0, abandoned=HOUR_MS, abandoned_step="payment", step="payment"),
        cart("joined", 0, **left, status="merged"),
        cart("dollars", 0, currency="USD"),
        cart("february", -20 * HOUR_MS - 1),  # one millisecond before the first of March
    )
    columns = "step, reached, abandoned, abandonment_rate, ordered_later, recovered, recovered_revenue, lost, currency"
    assert ask(shop, "cart_abandonment", f"lane = 'steps', {MARCH}", columns, "currency, step") == [
        ("all", 5, 4, 0.8, 2, 1, Decimal(9), 1, "EUR"),
        ("cart", 5, 3, 0.6, 2, 1, Decimal(9), 1, "EUR"),
        ("checkout", 3, 0, 0.0, 0, 0, Decimal(0), 0, "EUR"),
        ("payment", 3, 1, 1 / 3, 0, 0, Decimal(0), 0, "EUR"),
        ("all", 1, 0, 0.0, 0, 0, Decimal(0), 0, "USD"),
        ("cart", 1, 0, 0.0, 0, 0, Decimal(0), 0, "USD"),
    ]


def test_only_carts_that_are_idle_by_the_lanes_clock_are_at_risk(shop: Lab) -> None:
    """The clock is that of the slower partition: half an hour after noon."""
    left = {"abandoned": 1, "abandoned_step": "cart"}
    insert(
        shop,
        "carts",
        "risk",
        cart("fresh", 0, **left),
        cart("again", -HOUR_MS, **left, changed_at_ms=NOON_MS + 1),
        cart("old", -2 * DAY_MS, **left, person_id="u:ann", step="payment"),
        cart("bought", -DAY_MS, **left, status="ordered"),
    )
    clock = {"partition": 0, "now_at_ms": NOON_MS + HOUR_MS // 2, "version": 1}
    insert(shop, "clocks", "risk", clock, {**clock, "partition": 1, "now_at_ms": NOON_MS + DAY_MS})
    insert(shop, "triggers", "risk", trigger("old", -DAY_MS), trigger("fresh", 0, decision="suppress", reason="holdout"))
    assert ask(shop, "carts_at_risk", "lane = 'risk'", "step, age, carts, value, known, told", "step") == [
        ("cart", "under a day", 1, Decimal(10), 0, 0),
        ("payment", "1 to 3 days", 1, Decimal(10), 1, 1),
    ]


def test_what_became_of_each_trigger(shop: Lab) -> None:
    insert(
        shop,
        "triggers",
        "outcomes",
        trigger("a", 0),
        trigger("b", 0),
        trigger("c", 0, decision="suppress", reason="holdout"),
        trigger("d", 0),
        trigger("d", 0, version=2, status="void", reason="late_event", value="0"),
        trigger("e", 4 * HOUR_MS, step=2),  # the second of March
    )
    tried = {"attempt": 1, "attempted_at_ms": NOON_MS, "outcome": "retry", "url": "u"}
    insert(shop, "deliveries", "outcomes", {**tried, "trigger_id": "t-a"}, {**tried, "trigger_id": "t-a", "attempt": 2, "outcome": "dead"})
    columns = "step, status, decision, reason, outcome, triggers, attempts, value"
    day = "from_day = '2026-03-01', to_day = '2026-03-01'"
    assert ask(shop, "trigger_outcomes", f"lane = 'outcomes', {day}", columns, "status, decision, outcome") == [
        (1, "fired", "send", "", "", 1, 0, Decimal(10)),
        (1, "fired", "send", "", "dead", 1, 2, Decimal(10)),
        (1, "fired", "suppress", "holdout", "", 1, 0, Decimal(10)),
        (1, "void", "send", "late_event", "", 1, 0, Decimal(0)),
    ]


def groups(shop: Lab, lane: str, told: tuple[int, int], out: tuple[int, int]) -> None:
    """Persons who were told and who were held out: how many recovered, of how many."""
    for name, (recovered, size), decision in (("told", told, {}), ("out", out, {"decision": "suppress", "reason": "holdout"})):
        for number in range(size):
            person, after = f"{name}{number}", {"status": "ordered", "recovered": True, "closed": (number + 2) * HOUR_MS, "revenue": "8"}
            insert(shop, "carts", lane, cart(person, 0, abandoned=HOUR_MS, abandoned_step="cart", **(after if number < recovered else {})))
            insert(shop, "triggers", lane, trigger(person, HOUR_MS, **decision))


def test_recovery_and_how_soon_it_came(shop: Lab) -> None:
    """One, two, three and four hours after the trigger; whoever is held out is left out."""
    groups(shop, "recovery", (4, 5), (1, 1))
    columns = "told, recovered, recovery_rate, value, recovered_revenue, after_quarter_ms, after_median_ms, after_three_quarters_ms"
    found = ask(shop, "cart_recovery", f"lane = 'recovery', {MARCH}", columns)
    assert found == [(5, 4, 0.8, Decimal(50), Decimal(32), 1.75 * HOUR_MS, 2.5 * HOUR_MS, 3.25 * HOUR_MS)]
    groups(shop, "never", (0, 2), (1, 1))
    assert ask(shop, "cart_recovery", f"lane = 'never', {MARCH}", "recovered, recovered_revenue, after_median_ms") == [
        (0, Decimal(0), None)
    ]


@pytest.mark.parametrize(
    ("told", "out", "low", "high"),
    [  # Newcombe 1998, table II, method 10
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((6, 7), (2, 7), 0.0582, 0.8062),
        ((5, 56), (0, 29), -0.0381, 0.1926),
    ],
)
def test_the_interval_is_newcombes(shop: Lab, told: tuple[int, int], out: tuple[int, int], low: float, high: float) -> None:
    lane = f"uplift-{told[0]}"
    groups(shop, lane, told, out)
    [row] = shop.ask(f"SELECT * FROM holdout_uplift(lane = '{lane}', {MARCH}) WHERE cart_step = 'all'")
    assert (row["told_recovered"], row["told"], row["held_out_recovered"], row["held_out"]) == (*told, *out)
    assert row["uplift"] == pytest.approx(told[0] / told[1] - out[0] / out[1])
    assert (round(row["uplift_low"], 4), round(row["uplift_high"], 4)) == (low, high)
    assert row["extra_orders"] == pytest.approx(row["uplift"] * told[1])
    assert row["told_revenue"] == {"EUR": 8 * told[0]}


def test_a_person_counts_once_and_other_reasons_nowhere(shop: Lab) -> None:
    groups(shop, "once", (1, 1), (0, 1))
    late = {"decision": "suppress", "reason": "late_event"}
    insert(shop, "carts", "once", cart("second", DAY_MS, abandoned=HOUR_MS), cart("late", 0, abandoned=HOUR_MS))
    insert(shop, "triggers", "once", trigger("second", DAY_MS + HOUR_MS, person_id="d:told0"), trigger("late", HOUR_MS, **late))
    columns = "cart_step, told, told_rate, held_out, held_out_rate, uplift, relative_uplift"
    found = ask(shop, "holdout_uplift", f"lane = 'once', {MARCH}", columns, "cart_step")
    assert found == [("all", 1, 1.0, 1, 0.0, 1.0, None), ("cart", 1, 1.0, 1, 0.0, 1.0, None)]


def truth() -> Simulated:
    return simulated(CONFIG, 50.0)


def day_of(at_ms: int) -> date:
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(SHANGHAI).date()


@cache
def episodes() -> tuple[tuple[str, Cart], ...]:
    return tuple(truth().truth.episodes(truth().final_ms))


@cache
def reasons() -> dict[tuple[str, int], str]:
    """Why each trigger of the lane was not sent ('' if it was), by person and time."""
    rows = [row for row in truth().lane.rows("triggers") if row["status"] == "fired"]
    return {(row["person_id"], row["fired_at_ms"]): row.get("reason", "") for row in rows}


def test_abandonment_is_that_of_the_shoppers(shop: Lab) -> None:
    expected: dict[tuple[str, str], list[Any]] = defaultdict(lambda: [0, 0, Decimal(0), 0, 0, Decimal(0)])
    for _, each in episodes():
        if not FIRST <= day_of(each.opened_ms) <= LAST:
            continue
        for step in ("all", *RANKED[: RANKED.index(each.step) + 1]):
            row = expected[step, each.currency]
            row[0] += 1
            if each.abandoned_at_ms is not None and step in ("all", each.abandoned_step):
                row[1] += 1
                row[2] += each.abandoned_value
                row[3] += each.status == "ordered"
                row[4] += each.recovered
                row[5] += each.revenue if each.recovered else 0
    columns = "step, currency, reached, abandoned, abandoned_value, ordered_later, recovered, recovered_revenue"
    found = ask(shop, "cart_abandonment", PERIOD, columns)
    assert {row[:2]: list(row[2:]) for row in found} == expected
    assert {step for step, _ in expected} == {"all", *RANKED}


def test_what_is_at_risk_is_what_is_left_in_open_carts(shop: Lab) -> None:
    """Nobody has changed a cart in the last half hour of the lane, so all that are open and were abandoned are idle."""
    expected: dict[tuple[str, str], list[Any]] = defaultdict(lambda: [0, Decimal(0)])
    for _, each in episodes():
        if each.status == "open" and each.abandoned_at_ms is not None:
            expected[each.step, each.currency][0] += 1
            expected[each.step, each.currency][1] += sum((line.amount for line in each.lines.values()), Decimal(0))
    found: dict[tuple[str, str], list[Any]] = defaultdict(lambda: [0, Decimal(0)])
    for step, currency, carts, value in ask(shop, "carts_at_risk", "lane = 'simulated'", "step, currency, carts, value"):
        found[step, currency][0] += carts
        found[step, currency][1] += value
    assert found == expected != {}


def fired() -> Iterator[tuple[str, Cart, str]]:
    """Each abandoned cart of the period with its person and why its trigger was not sent."""
    for person, each in episodes():
        if each.abandoned_at_ms is not None and FIRST <= day_of(each.abandoned_at_ms) <= LAST:
            yield person, each, reasons()[person, each.abandoned_at_ms]


def test_triggers_and_recovery_are_those_of_the_abandoned_carts(shop: Lab) -> None:
    by_reason = Counter(reason for _, _, reason in fired())
    rows = shop.ask(f"SELECT reason, sum(triggers) AS n FROM trigger_outcomes({PERIOD}) WHERE status = 'fired' GROUP BY reason")
    assert {row["reason"]: row["n"] for row in rows} == by_reason
    assert min(by_reason[""], by_reason["holdout"]) > 20
    expected: dict[str, list[Cart]] = defaultdict(list)
    for _, each, reason in fired():
        if not reason:
            expected[each.currency].append(each)
    for row in shop.ask(f"SELECT * FROM cart_recovery({PERIOD})"):
        carts = expected.pop(row["currency"])
        back = sorted((each.ordered_ms or 0) - (each.abandoned_at_ms or 0) for each in carts if each.recovered)
        assert (row["told"], row["recovered"]) == (len(carts), len(back))
        assert row["value"] == sum(each.abandoned_value for each in carts)
        assert row["recovered_revenue"] == sum(each.revenue for each in carts if each.recovered)
        found = [row[f"after_{name}_ms"] for name in ("quarter", "median", "three_quarters")]
        assert found == pytest.approx(quantiles(back, n=4, method="inclusive"))
    assert expected == {}


def test_who_is_held_out_is_whom_the_truth_says(shop: Lab) -> None:
    """But for those who turned out to be someone seen earlier when the trigger had been decided."""
    out = truth().truth.held_out()
    merged_ms: dict[str, int] = {}
    for row in truth().lane.rows("identities"):
        merged_ms[row["person_id"]] = max(row["merged_at_ms"], merged_ms.get(row["person_id"], 0))
    rows = shop.ask(
        """SELECT person_id, reason, toUnixTimestamp64Milli(fired_at) AS at_ms FROM triggers_now
        WHERE lane = 'simulated' AND status = 'fired' AND reason != 'late_event'"""
    )
    others = [row for row in rows if (row["reason"] == "holdout") != (row["person_id"] in out)]
    assert len(rows) > 100 and len(others) < 0.05 * len(rows)
    assert all(merged_ms.get(row["person_id"], 0) >= row["at_ms"] for row in others)


def test_uplift_is_that_of_the_two_groups(shop: Lab) -> None:
    first: dict[str, tuple[Cart, str]] = {}
    for person, each, reason in sorted(fired(), key=lambda found: found[1].abandoned_at_ms or 0):
        if reason in ("", "holdout"):
            first.setdefault(person, (each, reason))
    for row in shop.ask(f"SELECT * FROM holdout_uplift({PERIOD})"):
        mine = [(each, reason) for each, reason in first.values() if row["cart_step"] in ("all", each.abandoned_step)]
        told = [each.recovered for each, reason in mine if not reason]
        out = [each.recovered for each, reason in mine if reason]
        assert (row["told"], row["told_recovered"], row["held_out"], row["held_out_recovered"]) == (
            len(told),
            sum(told),
            len(out),
            sum(out),
        )
        revenue = Counter[str]()
        for each, reason in mine:
            if reason and each.recovered:
                revenue[each.currency] += each.revenue  # type: ignore[assignment]
        assert row["held_out_revenue"] == revenue
        if row["cart_step"] == "all":
            low, high = newcombe(sum(told), len(told), sum(out), len(out))
            assert (row["uplift_low"], row["uplift_high"]) == (pytest.approx(low), pytest.approx(high))
            assert low < 0 < high  # nobody in the simulation reads what the shop sends


def newcombe(a: int, m: int, b: int, n: int) -> tuple[float, float]:
    """The interval, its two Wilson intervals found as the ends where the score test just does not reject."""
    (low_a, high_a), (low_b, high_b) = wilson(a, m), wilson(b, n)
    p, q = a / m, b / n
    return p - q - sqrt((p - low_a) ** 2 + (high_b - q) ** 2), p - q + sqrt((high_a - p) ** 2 + (q - low_b) ** 2)


def wilson(count: int, size: int) -> tuple[float, float]:
    share = count / size

    def rejects(true: float) -> bool:
        return abs(share - true) > 1.959963984540054 * sqrt(true * (1 - true) / size)

    return bisect(lambda true: not rejects(true), 0.0, share), bisect(rejects, share, 1.0)


def bisect(is_right: Callable[[float], bool], low: float, high: float) -> float:
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if is_right(middle) else (middle, high)
    return high
