"""Ways to an order, and how long the decision took: by hand, and of a simulated lane."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from statistics import mean, median, quantiles
from typing import NamedTuple

import pytest

from simulator.truth import QUIET
from tests.views_lab import NOON_MS, Lab, lab, simulated
from tests.views_truth import PAGES, by_person, day_of, told

pytestmark = pytest.mark.timeout(180)
ZONE = "Asia/Shanghai"
LOOKBACK_S = 3 * 86_400


@pytest.fixture(scope="module")
def warehouse_lab(warehouse: tuple[str, int]) -> Iterator[Lab]:
    with lab(*warehouse, business_timezone=ZONE) as made:
        yield made


def test_a_path_goes_back_to_the_order_before(warehouse_lab: Lab) -> None:
    told_by_hand = [
        ("d:1", "page_view", 0, ""),
        ("d:1", "view_item", 10, ""),
        ("u:ana", "view_item", 20, ""),
        ("u:ana", "purchase", 70, "o1"),
        ("u:ana", "purchase", 75, "o1"),  # the thank-you page again
        ("u:ana", "custom", 76, ""),
        ("u:ana", "identify", 78, ""),
        ("u:ana", "purchase", 80, "o2"),
        ("d:2", "page_view", -4 * 86_400, ""),
        ("d:2", "page_view", 60, ""),
        ("d:2", "purchase", 100, "o3"),
        ("d:3", "page_view", 0, ""),
        ("d:4", "purchase", 4 * 3600, "o4"),  # the next day in Shanghai
    ]
    warehouse_lab.events(
        "hand",
        *(
            {"event": event, "event_raw": "Size Chosen", "person_id": person, "at_ms": at_s * 1000, "order_id": order_id}
            for person, event, at_s, order_id in told_by_hand
        ),
    )
    warehouse_lab.insert("identities", [{"lane": "hand", "id": "d:1", "person_id": "u:ana", "version": 1, "merged_at_ms": NOON_MS}])
    period = f"lane = 'hand', from_day = '2026-03-01', to_day = '2026-03-01', lookback_s = {LOOKBACK_S}"
    rows = warehouse_lab.ask(f"SELECT * EXCEPT (ordered_at, first_view_at) FROM order_paths({period}, events = []) ORDER BY order_id")
    assert [tuple(row.values()) for row in rows] == [
        ("o1", "u:ana", 1, ["page_view", "view_item"], 3, 1, 2, 70.0),
        ("o2", "u:ana", 2, ["custom"], 1, 0, 0, None),
        ("o3", "d:2", 1, ["page_view"], 1, 1, 0, 40.0),
    ]
    rows = warehouse_lab.ask(f"SELECT path FROM order_paths({period}, events = ['Size Chosen', 'view_item']) ORDER BY order_id")
    assert [row["path"] for row in rows] == [["view_item"], ["Size Chosen"], []]
    rows = warehouse_lab.ask(f"SELECT * FROM paths_to_purchase({period}, events = [], max_steps = 1) ORDER BY path")
    assert [tuple(row.values()) for row in rows] == [
        (["custom"], 1, 1, 1 / 3, 0.0, None),
        (["page_view"], 1, 1, 1 / 3, 1.0, 40.0),
        (["view_item"], 1, 1, 1 / 3, 1.0, 70.0),
    ]
    rows = warehouse_lab.ask(f"SELECT * FROM decision_time({period}) ORDER BY of")
    assert [tuple(row.values()) for row in rows] == [
        ("order", 3, 2, 55.0, 47.5, 55.0, 62.5, 2 / 3),
        ("person", 2, 2, 55.0, 47.5, 55.0, 62.5, 1.0),
    ]
    rows = warehouse_lab.ask(f"SELECT * FROM decision_time_histogram({period}) ORDER BY of, from_s")
    assert [tuple(row.values()) for row in rows] == [(of, *step) for of in ("order", "person") for step in ((0, 60, 1), (60, 120, 1))]


class Way(NamedTuple):
    order_id: str
    number: int
    path: tuple[str, ...]
    pages: int
    decision_s: float | None


def ways() -> list[Way]:
    """Each order of the simulated lane with what came before it."""
    found = []
    for events in by_person(told(simulated())).values():
        number, before = 0, []
        for one in events:
            happening = one.happening
            if one.late or happening.event in QUIET:
                continue
            if happening.event != "purchase":
                before.append(one)
                continue
            seen = [each for each in before if one.at_ms - each.at_ms <= LOOKBACK_S * 1000]
            looks = [each.at_ms for each in seen if each.happening.event in {*PAGES, "view_item"}]
            names = [each.happening.event for each in seen]
            number, before = number + 1, []
            path = tuple(name for name, _ in groupby(names))
            pages = sum(name in PAGES for name in names)
            found.append(Way(happening.order_id, number, path, pages, (one.at_ms - looks[0]) / 1000 if looks else None))
    return found


def test_a_simulated_lane_has_the_ways_that_were_gone(warehouse_lab: Lab) -> None:
    made = simulated()
    made.store(warehouse_lab, "simulated")
    expected = {way.order_id: way for way in ways()}
    first, last = (day_of(ms, ZONE) for ms in (made.arrivals[0].happening.at_ms - 10 * 86_400_000, made.final_ms))
    period = f"lane = 'simulated', from_day = '{first}', to_day = '{last}', lookback_s = {LOOKBACK_S}"
    rows = warehouse_lab.ask(f"SELECT * FROM order_paths({period}, events = [])")
    assert len(rows) == len(expected) > 100
    for row in rows:
        way = expected[row["order_id"]]
        found = (row["order_number"], row["page_views"], row["decision_s"] is None)
        assert found == (way.number, way.pages, way.decision_s is None), way.order_id
        assert Counter(row["path"]).keys() == Counter(way.path).keys()
        assert row["decision_s"] == (None if way.decision_s is None else pytest.approx(way.decision_s, abs=2))
    counts = {"order": list(expected.values()), "person": [way for way in expected.values() if way.number == 1]}
    for row in warehouse_lab.ask(f"SELECT * FROM decision_time({period})"):
        orders = counts[row["of"]]
        times = [way.decision_s for way in orders if way.decision_s is not None]
        low, middle, high = quantiles(times, n=4, method="inclusive")
        assert (row["orders"], row["with_a_view"], middle) == (len(orders), len(times), median(times))
        assert [row[name] for name in ("mean_s", "quartile_1_s", "median_s", "quartile_3_s")] == pytest.approx(
            [mean(times), low, middle, high], abs=2
        )
        steps = warehouse_lab.ask(f"SELECT * FROM decision_time_histogram({period}) WHERE of = {{of:String}}", of=row["of"])
        assert sum(step["orders"] for step in steps) == len(times)
