"""Bots are stored, marked and counted by themselves; visitors and visits are people's."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from simulator.config import SimConfig
from simulator.crawlers import KIND
from simulator.timeline import arrivals
from tests.views_lab import Lab, lab, simulated

pytestmark = pytest.mark.timeout(180)
PERIOD = "from_day = '2026-01-01', to_day = '2026-12-31'"
CRAWLED = SimConfig(seed=6, shoppers=60, crawlers=0.5)


@pytest.fixture(scope="module")
def bots(warehouse: tuple[str, int]) -> Iterator[Lab]:
    with lab(*warehouse, business_timezone="Asia/Shanghai") as made:
        yield made


def test_a_small_case(bots: Lab) -> None:
    hour_ms = 3_600_000
    bots.events(
        "small",
        {"event": "page_view", "person_id": "d:g1", "at_ms": 0, "bot": "Googlebot/", "device_type": "bot"},
        {"event": "page_view", "person_id": "d:g2", "at_ms": 1, "bot": "Googlebot/", "device_type": "bot"},
        {"event": "page_view", "person_id": "d:g2", "at_ms": 5 * hour_ms, "bot": "Googlebot/", "device_type": "bot"},  # Monday in Shanghai
        {"event": "page_view", "person_id": "d:w", "at_ms": 2, "bot": "webdriver", "device_type": "bot"},
        {"event": "page_view", "person_id": "d:ana", "at_ms": 3, "device_type": "mobile"},
    )
    rows = bots.ask(f"SELECT * FROM bots(lane = 'small', {PERIOD}) ORDER BY day, bot")
    assert [(str(row["day"]), row["bot"], row["events"], row["devices"], row["share_of_day"]) for row in rows] == [
        ("2026-03-01", "Googlebot/", 2, 2, 0.5),
        ("2026-03-01", "webdriver", 1, 1, 0.25),
        ("2026-03-02", "Googlebot/", 1, 1, 1.0),
    ]
    [visitors] = bots.ask(f"SELECT uniqExact(person_id) AS people FROM visitor_days(lane = 'small', {PERIOD})")
    assert visitors["people"] == 1


def test_a_simulated_shop_with_robots(bots: Lab) -> None:
    made = simulated(CRAWLED)
    made.store(bots, "crawled")
    seen = {arrival.happening.message_id: arrival.happening for arrival in made.arrivals if not arrival.rejected}
    robots = [each for each in seen.values() if each.device.kind == KIND]
    days = Counter(str(datetime.fromtimestamp(each.at_ms / 1000 + 8 * 3600, UTC).date()) for each in robots)
    rows = bots.ask(f"SELECT day, sum(events) AS events FROM bots(lane = 'crawled', {PERIOD}) GROUP BY day")
    assert days and {str(row["day"]): row["events"] for row in rows} == days
    [visits] = bots.ask(f"SELECT sum(sessions) AS visits FROM visits(lane = 'crawled', {PERIOD}, by = [])")
    [stored] = bots.ask("SELECT count() AS visits, countIf(device_type = 'bot') AS robots FROM sessions_now WHERE lane = 'crawled'")
    assert stored["robots"] == len({each.device.id for each in robots})
    assert visits["visits"] == stored["visits"] - stored["robots"]


def test_robots_change_nothing_else() -> None:
    without = [arrival.body for arrival in arrivals(dataclasses.replace(CRAWLED, crawlers=0.0))]
    people = [arrival.body for arrival in arrivals(CRAWLED) if arrival.happening.device.kind != KIND]
    assert people == without
