"""Traffic: visitors, pages and visits by day and by what they came with, and the last hour."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from statistics import mean
from typing import Any

import pytest

from simulator.truth import QUIET
from tests.views_lab import NOON_MS, SIMULATED, Lab, lab, simulated
from tests.views_truth import PAGES, Stay, day_of, stays, told

pytestmark = pytest.mark.timeout(180)
ZONE = "Asia/Shanghai"
HOUR_MS, MINUTE_MS = 3_600_000, 60_000


@pytest.fixture(scope="module")
def warehouse_lab(warehouse: tuple[str, int]) -> Iterator[Lab]:
    with lab(*warehouse, business_timezone=ZONE) as made:
        yield made


def session(lane: str, number: int, person_id: str, at_ms: int, seconds: int, **more: object) -> dict[str, object]:
    started_ms = NOON_MS + at_ms
    ended = {"started_at_ms": started_ms, "ended_at_ms": started_ms + seconds * 1000}
    return {"lane": lane, "session_id": f"s{number}", "person_id": person_id, "device_id": person_id[2:], "version": 1, **ended, **more}


def test_a_day_is_the_shop_s_and_a_person_is_one(warehouse_lab: Lab) -> None:
    """20:00 in Shanghai at noon in UTC: the day changes four hours later."""
    page = {"event": "page_view"}
    warehouse_lab.events(
        "days",
        {**page, "person_id": "d:1", "at_ms": 0},
        {**page, "person_id": "u:ana", "at_ms": 1},
        {"event": "view_item", "person_id": "u:ana", "at_ms": 2},
        {"event": "identify", "person_id": "u:bob", "at_ms": 3},
        {**page, "person_id": "d:2", "at_ms": 4 * HOUR_MS},
        {**page, "person_id": "d:2", "at_ms": 4 * HOUR_MS - 1, "late": True},
        {**page, "person_id": "d:3", "at_ms": 29 * HOUR_MS},
    )
    warehouse_lab.insert("identities", [{"lane": "days", "id": "d:1", "person_id": "u:ana", "version": 1, "merged_at_ms": NOON_MS}])
    warehouse_lab.insert(
        "sessions",
        [
            session("days", 1, "d:1", 0, 60, events=3, page_views=1, interactions=2, channel="ads", device_type="mobile"),
            session("days", 2, "u:ana", 5, 0, events=1, page_views=1, bounce=True, channel="ads", device_type="desktop"),
            session("days", 3, "d:2", 4 * HOUR_MS, 30, events=2, page_views=2, channel="email", device_type="mobile"),
        ],
    )
    sql = "SELECT * FROM traffic_by_day(lane = 'days', from_day = '2026-03-01', to_day = '2026-03-04') ORDER BY day"
    assert [tuple(row.values()) for row in warehouse_lab.ask(sql)] == [
        (date(2026, 3, 1), 2, 3, 1, 2, 1, 0.5, 30.0),
        (date(2026, 3, 2), 1, 1, 0, 1, 0, 0.0, 30.0),
        (date(2026, 3, 3), 1, 1, 0, 0, 0, None, None),
        (date(2026, 3, 4), 0, 0, 0, 0, 0, None, None),
    ]
    sql = "SELECT channel, sessions, visitors, page_views, bounce_rate, mean_visit_s, median_visit_s, day"
    sql += " FROM visits(lane = 'days', from_day = '2026-03-01', to_day = '2026-03-02', by = ['channel']) ORDER BY channel"
    assert [tuple(row.values()) for row in warehouse_lab.ask(sql)] == [
        ("ads", 2, 1, 2, 0.5, 30.0, 30.0, None),
        ("email", 1, 1, 2, 0.0, 30.0, 30.0, None),
    ]
    sql = "SELECT event, events, persons, late FROM events_by_day(lane = 'days', from_day = '2026-03-01', to_day = '2026-03-01')"
    assert sorted(tuple(row.values()) for row in warehouse_lab.ask(sql)) == [
        ("identify", 1, 1, 0),
        ("page_view", 3, 2, 1),
        ("view_item", 1, 1, 0),
    ]


def test_the_last_hour_is_that_of_the_lane_s_clock(warehouse_lab: Lab) -> None:
    now_ms = NOON_MS + 30_000
    clocks = [{"lane": "hour", "partition": p, "now_at_ms": now_ms + p * HOUR_MS, "version": 1} for p in range(2)]
    warehouse_lab.insert("clocks", clocks)
    warehouse_lab.events(
        "hour",
        {"event": "page_view", "person_id": "d:1", "at_ms": -60 * MINUTE_MS + 1},  # 61 minutes ago, counted from the whole minute
        {"event": "page_view", "person_id": "d:1", "at_ms": -59 * MINUTE_MS},
        {"event": "add_to_cart", "person_id": "d:1", "at_ms": 10},
        {"event": "purchase", "person_id": "d:2", "at_ms": 20, "order_id": "o"},
        {"event": "purchase", "person_id": "d:2", "at_ms": 21, "order_id": "o"},
        {"event": "page_view", "person_id": "d:2", "at_ms": 22, "late": True},
    )
    rows = warehouse_lab.ask("SELECT * FROM live_minutes(lane = 'hour') ORDER BY minute")
    assert [int(row["minute"].timestamp()) * 1000 - NOON_MS for row in rows] == [minute * MINUTE_MS for minute in range(-59, 1)]
    found = [(row["events"], row["persons"], row["carts"], row["orders"]) for row in rows]
    assert (found[0], found[-1]) == ((1, 1, 0, 0), (3, 2, 1, 1))
    assert set(found[1:-1]) == {(0, 0, 0, 0)}
    assert warehouse_lab.ask("SELECT * FROM live_minutes(lane = 'nobody')") == []


def test_a_simulated_lane_has_the_traffic_that_there_was(warehouse_lab: Lab) -> None:
    made = simulated()
    made.store(warehouse_lab, "simulated")
    events = told(made)
    visits = stays(events)
    days = [day_of(SIMULATED.start_ms, ZONE) + timedelta(days=number) for number in range(SIMULATED.days + 2)]
    period = f"lane = 'simulated', from_day = '{days[0]}', to_day = '{days[-1]}'"

    rows = warehouse_lab.ask(f"SELECT * FROM traffic_by_day({period}) ORDER BY day")
    assert [row["day"] for row in rows] == days
    for row in rows:
        of_day = [one for one in events if day_of(one.at_ms, ZONE) == row["day"]]
        begun = [stay for stay in visits if day_of(stay.events[0].at_ms, ZONE) == row["day"]]
        assert row["visitors"] == len({one.person for one in of_day if one.happening.event not in QUIET}), row["day"]
        assert row["page_views"] == sum(one.happening.event in PAGES for one in of_day)
        assert row["item_views"] == sum(one.happening.event == "view_item" for one in of_day)
        assert (row["sessions"], row["bounces"]) == (len(begun), sum(map(bounced, begun)))

    for by, kind in (("channel", "channel"), ("device_type", "device_type")):
        rows = warehouse_lab.ask(f"SELECT * FROM visits({period}, by = ['{by}'])")
        assert {row[by]: counts(row) for row in rows} == {
            value: expected([stay for stay in visits if getattr(stay, kind) == value]) for value in {getattr(stay, kind) for stay in visits}
        }
    [row] = warehouse_lab.ask(f"SELECT * FROM visits({period}, by = [])")
    assert counts(row) == expected(visits)
    assert row["mean_visit_s"] == pytest.approx(mean(length_s(stay) for stay in visits), abs=2)


def bounced(stay: Stay) -> bool:
    return len(stay.events) == 1 and stay.events[0].happening.event in PAGES


def length_s(stay: Stay) -> float:
    return (stay.events[-1].at_ms - stay.events[0].at_ms) / 1000


def counts(row: dict[str, Any]) -> tuple[int, ...]:
    return row["sessions"], row["visitors"], row["page_views"], row["events"], row["bounces"]


def expected(visits: list[Stay]) -> tuple[int, ...]:
    events = [one for stay in visits for one in stay.events]
    pages = sum(one.happening.event in PAGES for one in events)
    return len(visits), len({stay.person for stay in visits}), pages, len(events), sum(map(bounced, visits))
