"""Cost of advertising: imported by the command, set against what it brought, and judged by the marketing plan."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from runtime.cli import main
from simulator.config import SimConfig
from simulator.spend import Paid, spend_of
from tests.happened import happened, visits_of
from tests.service.test_views_attribution import order, visit
from tests.views_lab import DAY_MS, SIMULATED, Lab, lab, simulated

pytestmark = pytest.mark.timeout(180)
ASKED = "lane = {lane:String}, from_day = {from_day:Date}, to_day = {to_day:Date}, window_days = 30, half_life_days = 7"
RETURNS = f"attribution_returns({ASKED}, breakdown = {{breakdown:String}}, period = {{period:String}}, model = {{model:String}})"
GATES = f"attribution_gates({ASKED}, period = 'week', model = 'last', target_roi = 2)"
MARCH = {"from_day": "2026-03-01", "to_day": "2026-03-31"}
SHOWN = ("channel", "currency", "cost", "orders", "net_revenue", "roi", "roas", "cac")


@pytest.fixture(scope="module")
def warehouse_lab(warehouse: tuple[str, int]) -> Iterator[Lab]:
    with lab(*warehouse) as made:
        yield made


def spend(made: Lab, folder: Path, lane: str, *lines: str, status: int = 0) -> None:
    """As an operator does."""
    config = folder / "cartwake.toml"
    settings = made.settings
    config.write_text(f'warehouse_port = {settings.warehouse_port}\nwarehouse_database = "{settings.warehouse_database}"\n')
    file = folder / "spend.csv"
    file.write_text("\n".join(["day,channel,campaign_name,cost,currency,clicks,impressions", *lines]) + "\n")
    assert main(["spend", "import", str(file), "--lane", lane, "--json", "--config", str(config)]) == status


def returns(made: Lab, lane: str, breakdown: str = "channel", period: str = "", **days: str) -> list[dict[str, Any]]:
    asked = {**MARCH, **days, "lane": lane, "breakdown": breakdown, "period": period, "model": "last"}
    return made.ask(f"SELECT * FROM {RETURNS} ORDER BY period_start, channel, campaign_name, currency", **asked)


def test_an_import_can_be_done_again_and_corrected(warehouse_lab: Lab, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = ["2026-03-01,ads,brand,10.50,EUR,7,300", "2026-03-01,ads,brand,1,EUR,1,10", "2026-03-02,email,,2,EUR,,"]
    for _ in range(2):
        spend(warehouse_lab, tmp_path, "again", *lines)
    answer = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (answer["lines"], answer["rows"], answer["added_up"], answer["rejected"]) == (3, 2, 1, [])
    spend(warehouse_lab, tmp_path, "again", "2026-03-01,ads,brand,9,EUR,7,300", "2026-03-03,ads,brand,x,EUR,1,1", status=1)
    [rejected] = json.loads(capsys.readouterr().out)["rejected"]
    assert rejected == {"line": 3, "column": "cost", "message": "'x' is no amount like 1234.50"}
    rows = warehouse_lab.ask("SELECT toString(day) AS day, channel, cost, clicks FROM spend_now WHERE lane = 'again' ORDER BY day")
    assert [tuple(row.values()) for row in rows] == [("2026-03-01", "ads", Decimal(9), 7), ("2026-03-02", "email", Decimal(2), 0)]


def test_what_is_wrong_is_said_and_ends_with_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["spend", "import", str(tmp_path / "none.csv")]) == 1
    assert "No such file" in capsys.readouterr().err
    file = tmp_path / "spend.csv"
    file.write_text("day,channel,cost,currency\n2026-03-01,ads,1,EUR\n")
    config = tmp_path / "cartwake.toml"
    config.write_text("warehouse_port = 1\n")
    assert main(["spend", "import", str(file), "--config", str(config)]) == 1
    assert "import the file again" in capsys.readouterr().err


def test_returns_by_channel_currency_and_campaign(warehouse_lab: Lab, tmp_path: Path) -> None:
    lines = ["2026-03-01,ads,brand,10,EUR,5,100", "2026-03-09,ads,shoes,20,EUR,0,0", "2026-03-01,ads,brand,4,USD,2,9"]
    spend(warehouse_lab, tmp_path, "returns", *lines, "2026-03-01,social,,5,EUR,1,1", "2026-04-01,ads,brand,99,EUR,1,1")
    rows = [visit("returns", "u:a", 0, "ads", "brand"), visit("returns", "u:b", 0, "ads", "shoes"), visit("returns", "u:c", 0, "email")]
    warehouse_lab.insert("sessions", rows)
    warehouse_lab.events(
        "returns", order("u:a", 9, "60"), order("u:a", 10, "30"), order("u:b", 8 * DAY_MS, "7", "USD"), order("u:c", 9, "3")
    )
    found = [tuple(row[name] for name in SHOWN) for row in returns(warehouse_lab, "returns")]
    assert found == [
        ("ads", "EUR", Decimal(30), 2, 90, 2, 3, 30),
        ("ads", "USD", Decimal(4), 1, 7, 0.75, 1.75, 4),
        ("email", "EUR", Decimal(0), 1, 3, None, None, 0),
        ("social", "EUR", Decimal(5), 0, 0, -1, 0, None),
    ]
    columns = ("campaign_name", "currency", "cost", "net_revenue", "cost_per_click")
    found = [
        tuple(row[name] for name in columns) for row in returns(warehouse_lab, "returns", "campaign", "week") if row["channel"] == "ads"
    ]
    assert found == [
        ("brand", "EUR", Decimal(10), 90, 2),  # the week of Monday, 23 February
        ("brand", "USD", Decimal(4), 0, 2),
        ("shoes", "EUR", Decimal(20), 0, None),  # the week of 9 March
        ("shoes", "USD", Decimal(0), 7, None),
    ]


def test_the_gates_of_the_marketing_plan(warehouse_lab: Lab, tmp_path: Path) -> None:
    """Five weeks of three channels. The target is 2, so that under 1 is bad."""
    weeks = [1, 8, 15, 22, 29]
    returned: dict[str, list[float]] = {  # revenue for each 10 paid, in tens
        "ads": [2, 2, 1, 1, 4],
        "social": [4, 1.5, 1, 1.5, 1.5],
        "email": [1.9, 1.9, 1.9, 3, 1.5],
    }
    lines = [f"2026-03-{day:02d},{channel},,10,EUR,1,1" for channel in returned for day in weeks]
    spend(warehouse_lab, tmp_path, "gates", *lines)
    visits, orders = [], []
    for channel, revenues in returned.items():
        for day, revenue in zip(weeks, revenues, strict=True):
            visits.append(visit("gates", f"u:{channel}{day}", (day - 1) * DAY_MS, channel))
            orders.append(order(f"u:{channel}{day}", (day - 1) * DAY_MS + 9, str(revenue * 10)))
    warehouse_lab.insert("sessions", visits)
    warehouse_lab.events("gates", *orders)
    rows = warehouse_lab.ask(f"SELECT * FROM {GATES} ORDER BY channel, period_start", lane="gates", **MARCH)
    found: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        found[row["channel"]].append(row["decision"])
    means = [sum(revenues) / 3 - 1 for revenues in zip(*returned.values(), strict=True)]
    assert [row["mean_roi"] for row in rows[:5]] == pytest.approx(means)
    assert [row["expand_at"] for row in rows[:5]] == pytest.approx([mean * 1.3 for mean in means])
    assert [row["periods_under"] for row in rows if row["channel"] == "social"] == [0, 1, 2, 3, 4]
    assert dict(found) == {
        "ads": ["hold", "enter", "hold", "hold", "expand"],  # 1 of a mean of 0.8; in the last week 3 of 1.33
        "email": ["hold", "hold", "leave", "expand", "hold"],  # under 1 three times, then 2 of 0.83
        "social": ["expand", "hold", "hold", "leave", "leave"],
    }


def test_the_simulators_spend(warehouse_lab: Lab, tmp_path: Path) -> None:
    made = simulated()
    made.store(warehouse_lab, "simulated")
    paid = list(spend_of(SIMULATED))
    config = tmp_path / "cartwake.toml"
    settings = warehouse_lab.settings
    config.write_text(f'warehouse_port = {settings.warehouse_port}\nwarehouse_database = "{settings.warehouse_database}"\n')
    with (tmp_path / "paid.csv").open("w", newline="") as file:
        csv.writer(file).writerows([Paid._fields, *paid])
    assert main(["spend", "import", str(tmp_path / "paid.csv"), "--lane", "simulated", "--config", str(config)]) == 0
    done = happened(made)
    visits = visits_of(done)
    brought: dict[tuple[str, str], float] = defaultdict(float)
    for person, what, _ in done:
        if what.event == "purchase":
            path = [channel for at, channel in visits.get(person, []) if what.at_ms - 30 * DAY_MS < at <= what.at_ms]
            brought[(path[-1] if path else "unknown", what.currency)] += float(what.value or 0)
    cost: dict[tuple[str, str], float] = defaultdict(float)
    for one in paid:
        cost[(one.channel, one.currency)] += float(one.cost)
    rows = returns(warehouse_lab, "simulated", from_day="2025-12-01", to_day="2026-12-31")
    assert {(row["channel"], row["currency"]) for row in rows} == brought.keys() | cost.keys()
    for row in rows:
        key = (row["channel"], row["currency"])
        assert [float(row["cost"]), row["net_revenue"]] == pytest.approx([cost[key], brought[key]])
        assert row["roi"] == (pytest.approx((brought[key] - cost[key]) / cost[key]) if cost[key] else None)
    assert list(spend_of(SimConfig(seed=5))) != paid
