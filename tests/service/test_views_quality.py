"""How good the data is: doubled, late, refused, lacking, outlying; by hand, of a simulated lane, and of two real files."""

from __future__ import annotations

import csv
import gzip
import os
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from statistics import quantiles

import pytest

from replays import rees46, taobao
from replays.batches import Cut, batches
from replays.rejecting import rejected_row
from replays.rows import Format
from replays.source import Source
from tests.unit.memory_lane import MemoryLane
from tests.views_lab import DAY_MS, NOON_MS, TOPICS, Lab, lab, simulated
from tests.views_truth import day_of, told

pytestmark = pytest.mark.timeout(300)
ZONE = "Asia/Shanghai"
DATA = Path(os.environ.get("CARTWAKE_DATA") or Path(__file__).resolve().parents[3] / "shared" / "data")
TAOBAO, REES46 = DATA / "taobao" / "user_behavior.csv.gz", DATA / "rees46" / "multi_category_2019-10-01_head.csv.gz"


@pytest.fixture(scope="module")
def warehouse_lab(warehouse: tuple[str, int]) -> Iterator[Lab]:
    with lab(*warehouse, business_timezone=ZONE) as made:
        yield made


def stream(warehouse_lab: Lab, lane_name: str, path: Path, spec: Format) -> MemoryLane:
    """A real file through collector and stream in memory into the warehouse, as a replay does it."""
    if not path.exists():
        pytest.skip(f"{path.name} is not there; it belongs to the shared test data (CARTWAKE_DATA), which is no part of the product")
    source, lane, end_ms = Source(path, spec), MemoryLane(), 0
    for number, batch in enumerate(batches(source.messages(), Cut())):
        lane.send([message.body for message in batch.messages], batch.clock_ms)
        end_ms = batch.clock_ms
        if number % 10 == 0:
            lane.tick(end_ms)
    lane.drain(end_ms + 1)
    for table in TOPICS:
        rows = [{**row, "lane": lane_name} for row in lane.rows(table)]
        if rows:
            warehouse_lab.insert(table, rows)
    refused = [rejected_row(reject, lane_name, "demo-web", end_ms) for reject in source.rejects()]
    if refused:
        names = ("lane", "received_at_ms", "stage", "code", "message", "raw", "encoding", "field", "write_key")
        warehouse_lab.insert("rejected", [{name: getattr(row, name) for name in names} for row in refused])
    source.close()
    return lane


def test_quality_by_hand(warehouse_lab: Lab) -> None:
    page = {"event": "page_view", "person_id": "d:1", "at_ms": 0}
    item = {"product_id": "p", "price": "5", "category": "c", "brand": "b", "quantity": 1}
    warehouse_lab.events(
        "hand",
        {**page, "page_url": "https://shop.example/"},
        {**page, "late": True, "at_ms": -9 * DAY_MS, "received_at_ms": NOON_MS},
        {**page, "id_reused": True, "received_at_ms": NOON_MS + DAY_MS, "write_key": "k2"},
        {"event": "view_item", "person_id": "u:ana", "at_ms": 0, "items": [item, {**item, "price": None, "brand": ""}], "currency": "EUR"},
        {"event": "view_item", "person_id": "u:ana", "at_ms": 0, "items": [{**item, "price": "-1"}]},
        {"event": "purchase", "person_id": "u:ana", "at_ms": 0, "value": "5"},
    )
    refusal = {"lane": "hand", "received_at_ms": NOON_MS, "write_key": "k", "stage": "collector", "message": "m", "raw": "{}"}
    codes = [("missing_field", "order_id"), ("missing_field", "order_id"), ("duplicate", "")]
    warehouse_lab.insert("rejected", [{**refusal, "code": code, "field": field} for code, field in codes])
    period = "lane = 'hand', from_day = '2026-03-01', to_day = '2026-03-02'"
    rows = warehouse_lab.ask(f"SELECT * EXCEPT day FROM quality_by_day({period}) ORDER BY write_key")
    assert [tuple(row.values()) for row in rows] == [
        ("k", 5, 1, 0, 1, 2, 0.2, 1 / 8, 2 / 8),
        ("k2", 1, 0, 1, 0, 0, 0.0, 0.0, 0.0),
    ]
    rows = warehouse_lab.ask(f"SELECT stage, code, field, rejected, message FROM rejected_by_reason({period}) ORDER BY code")
    assert [tuple(row.values()) for row in rows] == [
        ("collector", "duplicate", "", 1, "m"),
        ("collector", "missing_field", "order_id", 2, "m"),
    ]
    rows = warehouse_lab.ask(f"SELECT event, missing, events, lacking FROM missing_values({period}) WHERE write_key = 'k'")
    found = {(row["event"], row["missing"]): (row["events"], row["lacking"]) for row in rows}
    assert found == {
        **{(event, "client_time"): (count, count) for event, count in (("page_view", 1), ("view_item", 2), ("purchase", 1))},
        **{(event, "device_type"): (count, count) for event, count in (("page_view", 1), ("view_item", 2), ("purchase", 1))},
        ("page_view", "user"): (1, 1),
        ("view_item", "device"): (2, 2),
        ("view_item", "price"): (2, 1),
        ("view_item", "positive_price"): (2, 1),
        ("view_item", "brand"): (2, 1),
        ("view_item", "currency"): (2, 1),
        ("purchase", "device"): (1, 1),
        ("purchase", "items"): (1, 1),
        ("purchase", "currency"): (1, 1),
        ("purchase", "order_id"): (1, 1),
    }


def test_amounts_and_days_that_are_far_out(warehouse_lab: Lab) -> None:
    values = [10, 11, 12, 13, 14, 500, -300]
    bought = [{"event": "purchase", "person_id": "d:1", "at_ms": n, "value": value, "currency": "EUR"} for n, value in enumerate(values)]
    dollars = {"event": "purchase", "person_id": "d:1", "at_ms": 0, "value": 500, "currency": "USD"}
    counts = {-1: 10, -2: 12, -3: 11, -4: 9, -5: 60}
    seen = [{"event": "page_view", "person_id": "d:1", "at_ms": day * DAY_MS} for day, number in counts.items() for _ in range(number)]
    warehouse_lab.events("far", *bought, dollars, *seen)
    period = "lane = 'far', from_day = '2026-01-01', to_day = '2026-03-01'"
    rows = warehouse_lab.ask(f"SELECT * FROM outlying_amounts({period}, fence = 3) ORDER BY currency")
    assert [tuple(row.values()) for row in rows] == [
        ("purchase", "EUR", "value", 7, 10.5, 12.0, 13.5, 1.5, 22.5, 1, 1, -300.0, 500.0),
        ("purchase", "USD", "value", 1, 500.0, 500.0, 500.0, 500.0, 500.0, 0, 0, 500.0, 500.0),
    ]
    rows = warehouse_lab.ask(f"SELECT day, events, median, distance FROM outlying_days({period}, limit = 3.5) WHERE outlying")
    assert [tuple(row.values()) for row in rows] == [(day_of(NOON_MS - 5 * DAY_MS), 60, 11.0, pytest.approx(49 / 1.4826))]


def test_a_simulated_lane_has_the_faults_that_were_made(warehouse_lab: Lab) -> None:
    made = simulated()
    made.store(warehouse_lab, "simulated")
    events = told(made)
    first, last = day_of(events[0].at_ms - 10 * DAY_MS), day_of(made.final_ms + DAY_MS)
    period = f"lane = 'simulated', from_day = '{first}', to_day = '{last}'"
    [row] = warehouse_lab.ask(
        f"SELECT sum(stored) AS a, sum(late) AS b, sum(duplicates) AS c, sum(ids_reused) AS d FROM quality_by_day({period})"
    )
    truth = made.truth.result(made.final_ms)
    assert tuple(row.values()) == (truth["stored"], truth["late"], truth["duplicates"], 0)
    stored = warehouse_lab.ask(f"SELECT day, stored FROM quality_by_day({period})")
    came: dict[str, int] = {}
    for arrival in made.arrivals:
        if not arrival.rejected:
            came.setdefault(arrival.happening.message_id, arrival.arrival_ms)
    assert {row["day"]: row["stored"] for row in stored if row["stored"]} == Counter(day_of(at_ms, ZONE) for at_ms in came.values())
    users = warehouse_lab.ask(f"SELECT sum(lacking) AS n FROM missing_values({period}) WHERE missing = 'user'")
    assert users == [{"n": sum(not one.happening.user_id for one in events)}]


def test_taobao_has_its_known_figures(warehouse_lab: Lab) -> None:
    stream(warehouse_lab, "taobao", TAOBAO, taobao.FORMAT)
    ever, nine_days = (
        f"lane = 'taobao', from_day = '{first}', to_day = '{last}'"
        for first, last in (("1980-01-02", "2037-01-01"), ("2017-11-25", "2017-12-03"))
    )
    counts = f"SELECT event, sum(events) AS n FROM events_by_day({ever}) GROUP BY event"
    assert {row["event"]: row["n"] for row in warehouse_lab.ask(counts)} == {
        "view_item": 89_710,
        "add_to_cart": 5_446,
        "add_to_wishlist": 2_744,
        "purchase": 2_101,
    }
    [row] = warehouse_lab.ask(f"SELECT sum(events) AS n FROM events_by_day({nine_days})")
    assert row["n"] == 100_001 - 44
    with gzip.open(TAOBAO, "rt") as lines:
        rows = [line.rstrip("\r\n").split(",") for line in lines]
    by_day = {(day_of(int(at_s) * 1000, ZONE), user) for user, _, _, _, at_s in rows}
    days = warehouse_lab.ask(f"SELECT day, visitors, item_views, sessions FROM traffic_by_day({nine_days}) ORDER BY day")
    assert {row["day"]: row["visitors"] for row in days} == Counter(day for day, _ in by_day if day in {row["day"] for row in days})
    assert {row["sessions"] for row in days} == {0}, "users without devices have no visits"
    steps = "steps = ['view_item', 'purchase'], window_s = 31536000, mode = 'any', exclude = []"
    [everyone] = warehouse_lab.ask(f"SELECT persons FROM funnel({nine_days}, {steps}, by = '') WHERE step = 1")
    looked = {
        user for user, _, _, kind, at_s in rows if kind in ("pv", "buy") and day_of(int(at_s) * 1000, ZONE) in {row["day"] for row in days}
    }
    assert everyone["persons"] == len(looked)


def test_rees46_has_its_known_figures(warehouse_lab: Lab) -> None:
    stream(warehouse_lab, "rees46", REES46, rees46.FORMAT)
    period = "lane = 'rees46', from_day = '2019-09-30', to_day = '2019-10-02'"
    with gzip.open(REES46, "rt") as lines:
        whole = [row for row in csv.DictReader(lines) if row["user_session"]]
    once = {tuple(row.values()): row for row in whole}.values()
    assert Counter(row["event_type"] for row in whole) == {"view": 17_055, "purchase": 214, "cart": 165}
    kinds = Counter(row["event_type"] for row in once)
    counts = warehouse_lab.ask(f"SELECT event, sum(events) AS n FROM events_by_day({period}) GROUP BY event")
    assert {row["event"]: row["n"] for row in counts} == {rees46.EVENTS[kind]: number for kind, number in kinds.items()}
    [row] = warehouse_lab.ask(
        f"SELECT sum(duplicates) AS doubled, sum(rejected) AS refused, sum(stored) AS stored FROM quality_by_day({period})"
    )
    assert tuple(row.values()) == (5, 1, len(once))
    [row] = warehouse_lab.ask(f"SELECT stage, code, field, rejected FROM rejected_by_reason({period}) WHERE code != 'duplicate'")
    assert tuple(row.values()) == ("replay", "missing_field", "user_session", 1)
    [row] = warehouse_lab.ask("SELECT sum(value) AS revenue FROM orders_now WHERE lane = 'rees46'")
    assert row["revenue"] == Decimal("59442.63")
    [row] = warehouse_lab.ask(f"SELECT sum(visitors) AS persons FROM traffic_by_day({period})")
    assert row["persons"] == 4_504
    lacking = warehouse_lab.ask(f"SELECT missing, sum(lacking) AS n FROM missing_values({period}) GROUP BY missing")
    found = {row["missing"]: row["n"] for row in lacking}
    assert {name: found[name] for name in ("positive_price", "category", "brand", "device")} == {
        "positive_price": sum(Decimal(row["price"]) <= 0 for row in once),
        "category": sum(not row["category_code"] for row in once),
        "brand": sum(not row["brand"] for row in once),
        "device": len(once),
    }
    [far] = warehouse_lab.ask(f"SELECT * FROM outlying_amounts({period}, fence = 1.5) WHERE event = 'view_item'")
    prices = sorted(float(row["price"]) for row in once if row["event_type"] == "view")
    low, middle, high = quantiles(prices, n=4, method="inclusive")
    assert (far["quartile_1"], far["median"], far["quartile_3"]) == pytest.approx((low, middle, high))
    assert far["above"] == sum(price > high + 1.5 * (high - low) for price in prices) > 0
