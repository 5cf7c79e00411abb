"""Customers: scores, segments, tiers; and what they will be worth, fitted to the warehouse's orders."""

from __future__ import annotations

import asyncio
import csv
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from runtime import cli
from runtime.settings import to_env
from sinks.clv import Wanted, fit
from tests.views_lab import DAY_MS, NOON_MS, SIMULATED, Lab, lab, simulated
from tests.views_truth import by_person, day_of, told

pytestmark = pytest.mark.timeout(180)
DATA = Path(os.environ.get("CARTWAKE_DATA") or Path(__file__).resolve().parents[3] / "shared" / "data")
CDNOW = DATA / "cdnow" / "CDNOW_sample.txt"
TIERS = {"silver": 2, "gold": 3}


@pytest.fixture(scope="module")
def warehouse_lab(warehouse: tuple[str, int]) -> Iterator[Lab]:
    with lab(*warehouse, business_timezone="Asia/Shanghai", customer_loyal_orders=2, loyalty_tiers=TIERS) as made:
        yield made


def order(person: str, days_ago: float, value: int | str, **more: object) -> dict[str, object]:
    bought = {"event": "purchase", "person_id": person, "at_ms": int(-days_ago * DAY_MS), "value": value, "currency": "EUR"}
    return {**bought, "order_id": f"{person} {days_ago} {value}", **more}


def test_customers_by_hand(warehouse_lab: Lab) -> None:
    """The shop's day ends four hours after noon in UTC."""
    warehouse_lab.events(
        "hand",
        order("d:new", 1, 50),
        order("d:potential", 60, 10),
        order("d:lost", 100, 30),
        order("d:lost", 130, 30),
        order("d:lost", 400, 30),
        order("d:loyal", 20, 40),
        order("u:loyal", 40, 40),
        order("d:loyal", 30, 99, event="purchase", currency="USD"),
        order("d:fifth", 5, 20),
        order("d:fifth", 6, 1, order_id="gone"),
        {"event": "order_cancel", "person_id": "d:fifth", "at_ms": 0, "order_id": "gone"},
        {"event": "page_view", "person_id": "d:looks", "at_ms": -8 * DAY_MS},
        {"event": "identify", "person_id": "d:looks", "at_ms": 0},
        order("d:new", -1, 1000),  # after the last day
    )
    warehouse_lab.insert("identities", [{"lane": "hand", "id": "d:loyal", "person_id": "u:loyal", "version": 1, "merged_at_ms": NOON_MS}])
    period = "lane = 'hand', from_day = '2024-01-01', to_day = '2026-03-01'"
    rows = warehouse_lab.ask(f"SELECT * FROM customers({period}) WHERE currency = 'EUR' ORDER BY revenue, person_id")
    columns = ("recency_days", "orders", "recency_score", "frequency_score", "monetary_score", "segment", "value_tier", "loyalty_tier")
    assert {row["person_id"]: (*(row[name] for name in columns), row["churn_tier"]) for row in rows} == {
        "d:potential": (60, 1, 2, 1, 1, "potential", "low", "normal", "mid"),
        "d:fifth": (5, 1, 4, 1, 2, "new", "low", "normal", "active"),
        "d:new": (1, 1, 5, 1, 3, "new", "mid", "normal", "active"),
        "u:loyal": (20, 2, 3, 4, 4, "loyal", "mid", "silver", "short"),
        "d:lost": (100, 3, 1, 5, 5, "lost", "high", "silver", "long"),
    }
    rows = warehouse_lab.ask(f"SELECT * FROM churn_by_value({period})")
    assert {tuple(row.values()) for row in rows if row["churn_tier"] == "short"} == {
        ("short", "mid", "EUR", 1, Decimal(80)),
        ("short", "low", "USD", 1, Decimal(99)),
        ("short", "none", "", 1, Decimal(0)),
    }


def test_purchases_of_a_day_are_one(warehouse_lab: Lab) -> None:
    warehouse_lab.events("days", order("d:1", 30, 10), order("d:1", 20, 8), order("d:1", 19.9, 2), order("d:1", 6, 20), order("d:2", 9, 5))
    rows = warehouse_lab.ask(
        "SELECT * FROM repeat_purchases(lane = 'days', from_day = '2026-01-01', to_day = '2026-03-01') ORDER BY person_id"
    )
    assert [tuple(row.values()) for row in rows] == [("d:1", "EUR", 2, 24, 30, 15.0), ("d:2", "EUR", 0, 0, 9, 0.0)]


def test_a_simulated_lane_has_its_customers(warehouse_lab: Lab) -> None:
    made = simulated()
    made.store(warehouse_lab, "simulated")
    truth, last = made.truth.result(made.final_ms), day_of(made.final_ms, "Asia/Shanghai")
    period = f"lane = 'simulated', from_day = '2025-12-01', to_day = '{last}'"
    tiers = warehouse_lab.ask(
        f"SELECT churn_tier, count() AS persons FROM churn_tiers(lane = 'simulated', to_day = '{last}') GROUP BY churn_tier"
    )
    assert {row["churn_tier"]: row["persons"] for row in tiers if row["churn_tier"] != "active"} == {
        tier: persons for tier, persons in truth["churn"].items() if persons
    }
    bought: dict[tuple[str, str], list[tuple[date, Decimal]]] = {}
    for person, events in by_person(told(made)).items():
        for one in events:
            if one.happening.event == "purchase":
                day = day_of(one.at_ms, "Asia/Shanghai")
                bought.setdefault((person, one.happening.currency), []).append((day, one.happening.value or Decimal(0)))
    found = {(row["person_id"], row["currency"]): row for row in warehouse_lab.ask(f"SELECT * FROM customers({period})")}
    assert found.keys() == bought.keys() and len(found) > 80
    for key, orders in bought.items():
        row, days = found[key], (last - max(day for day, _ in orders)).days
        assert (row["orders"], row["revenue"], row["recency_days"]) == (len(orders), sum(value for _, value in orders), days)
        rivals = [(last - max(day for day, _ in own)).days for (_, currency), own in bought.items() if currency == key[1]]
        assert row["recency_score"] == 1 + 5 * sum(rival > days for rival in rivals) // len(rivals)
    repeats = warehouse_lab.ask(f"SELECT frequency, count() AS n FROM repeat_purchases({period}) GROUP BY frequency")
    assert {row["frequency"]: row["n"] for row in repeats} == Counter(len({day for day, _ in orders}) - 1 for orders in bought.values())
    assert SIMULATED.days < 60


def test_cdnow_s_orders_give_the_published_models(
    warehouse_lab: Lab, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    if not CDNOW.exists():
        pytest.skip(f"{CDNOW.name} is not there; it belongs to the shared test data (CARTWAKE_DATA), which is no part of the product")
    with CDNOW.open() as lines:
        rows = list(csv.reader(lines, delimiter=" ", skipinitialspace=True))
    orders = []
    for number, (_, customer, day, _, dollars) in enumerate(rows):
        ago = (date(2026, 3, 1) - date(int(day[:4]), int(day[4:6]), int(day[6:]))).days
        orders.append(order(f"u:{customer}", ago, dollars, currency="USD", order_id=f"o{number}"))
    warehouse_lab.events("cdnow", *orders)
    for name, text in to_env(replace(warehouse_lab.settings, log_level="ERROR")).items():
        monkeypatch.setenv(name, text)
    arguments = ["--lane", "cdnow", "--to-day", "1997-09-30", "--period-days", "7", "--periods", "39"]
    assert cli.main(["clv", "fit", *arguments]) == 0
    assert "2357 customers, 946 who came back" in capsys.readouterr().out
    [model] = warehouse_lab.ask("SELECT * FROM clv_models WHERE lane = 'cdnow'")
    assert [model[name] for name in "r alpha a b".split()] == pytest.approx([0.243, 4.414, 0.793, 2.426], rel=0.01)
    assert [model[name] for name in "pqv"] == pytest.approx([6.25, 3.74, 15.44], rel=0.01)
    assert model["log_likelihood"] == pytest.approx(-9582.4, abs=0.1)
    assert (model["customers"], model["repeaters"], model["to_day"]) == (2357, 946, date(1997, 9, 30))
    [row] = warehouse_lab.ask("SELECT * FROM clv_now WHERE lane = 'cdnow' AND person_id = 'u:0001'")
    assert (row["frequency"], row["recency"], row["age"]) == (2, pytest.approx(30.43, abs=0.005), pytest.approx(38.86, abs=0.005))
    assert (row["expected_purchases"], row["p_alive"]) == (pytest.approx(1.226, rel=0.01), pytest.approx(0.7266, rel=0.01))
    assert row["clv"] == pytest.approx(row["expected_purchases"] * row["expected_value"])

    assert cli.main(["clv", "fit", *arguments, "--discount", "0.01", "--json"]) == 0
    rows_now = warehouse_lab.ask("SELECT count() AS n, uniqExact(fitted_at) AS fits FROM clv WHERE lane = 'cdnow'")
    assert rows_now == [{"n": 2357, "fits": 1}]
    [discounted] = warehouse_lab.ask("SELECT clv FROM clv_now WHERE lane = 'cdnow' AND person_id = 'u:0001'")
    assert discounted["clv"] < row["clv"]


def test_what_cannot_be_fitted_is_said(warehouse_lab: Lab) -> None:
    warehouse_lab.events("once", order("d:1", 30, 10), order("d:2", 20, 8))
    models, failed = asyncio.run(fit(warehouse_lab.settings, Wanted("once")))
    assert (models, failed) == ([], {"EUR": "no customer came back"})
    assert warehouse_lab.ask("SELECT * FROM clv_now WHERE lane = 'once'") == []
