"""Attribution: which visits led to an order, and who is credited; by hand, on published cases, on a real file and on a simulated lane."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from tests.data_files import data_file
from tests.happened import Touch, happened, visits_of
from tests.views_lab import DAY_MS, NOON_MS, Lab, lab, simulated

pytestmark = pytest.mark.timeout(180)
HOUR_MS = 3_600_000
PERIOD = "lane = {lane:String}, from_day = {from_day:Date}, to_day = {to_day:Date}, window_days = {window_days:UInt16}"
TOUCHES = f"attribution_touches({PERIOD}, half_life_days = 7)"
CREDITS = f"attribution({PERIOD}, half_life_days = 7, breakdown = {{breakdown:String}}, period = {{period:String}})"
PATHS = f"attribution_paths({PERIOD})"
MARKOV = f"attribution_markov({PERIOD})"
MARCH = {"from_day": "2026-03-01", "to_day": "2026-03-31", "window_days": 30}
WHOLE = {"from_day": "2025-12-01", "to_day": "2026-12-31", "window_days": 30}
BY_CHANNEL = {"breakdown": "channel", "period": ""}
MODELS = ("first", "last", "last_non_direct", "linear", "time_decay", "position")


@pytest.fixture(scope="module")
def warehouse_lab(warehouse: tuple[str, int]) -> Iterator[Lab]:
    with lab(*warehouse) as made:
        yield made


def visit(lane: str, person_id: str, at_ms: int, channel: str, name: str = "") -> dict[str, Any]:
    key = f"{person_id}-{at_ms}"
    times = {"started_at_ms": NOON_MS + at_ms, "ended_at_ms": NOON_MS + at_ms, "version": 1}
    return {"lane": lane, "session_id": key, "person_id": person_id, "device_id": key, "channel": channel, "campaign_name": name, **times}


def order(person_id: str, at_ms: int, value: str, currency: str = "EUR", **more: Any) -> dict[str, Any]:
    named = {"order_id": f"{person_id}@{at_ms}", "value": value, "currency": currency}
    return {"event": "purchase", "person_id": person_id, "at_ms": at_ms, **named, **more}


def credits(lab: Lab, **asked: Any) -> dict[tuple[str, str], tuple[float, float]]:
    rows = lab.ask(
        f"SELECT model, channel, sum(orders) AS o, sum(revenue) AS r FROM {CREDITS} GROUP BY model, channel", **BY_CHANNEL, **asked
    )
    return {(row["model"], row["channel"]): (row["o"], row["r"]) for row in rows}


def test_the_credit_of_each_model(warehouse_lab: Lab) -> None:
    """Four visits, the last of them direct; others are too old, too late, of no channel or of somebody else."""
    visits = [("search", 0), ("social", 3 * DAY_MS), ("email", 7 * DAY_MS), ("direct", 14 * DAY_MS)]
    rows = [visit("four", "u:ana", at_ms, channel) for channel, at_ms in visits[1:]]
    rows += [visit("four", "d:1", visits[0][1], "search"), visit("four", "u:ana", 15 * DAY_MS, "ads"), visit("four", "u:eve", 1, "ads")]
    rows += [visit("four", "u:ana", 14 * DAY_MS - 30 * DAY_MS, "ads"), visit("four", "u:ana", 9 * DAY_MS, "")]
    warehouse_lab.insert("sessions", rows)
    warehouse_lab.insert("identities", [{"lane": "four", "id": "d:1", "person_id": "u:ana", "version": 1, "merged_at_ms": NOON_MS}])
    bought = order("u:ana", 14 * DAY_MS, "100")
    warehouse_lab.events("four", bought, {**bought, "event": "refund", "value": "40", "at_ms": 20 * DAY_MS})
    weights = [2.0 ** -((14 - at_ms / DAY_MS) / 7) for _, at_ms in visits]
    wanted = {
        "first": [1, 0, 0, 0],
        "last": [0, 0, 0, 1],
        "last_non_direct": [0, 0, 1, 0],
        "linear": [0.25] * 4,
        "time_decay": [weight / sum(weights) for weight in weights],
        "position": [0.4, 0.1, 0.1, 0.4],
    }
    rows = warehouse_lab.ask(f"SELECT * FROM {TOUCHES} ORDER BY position", lane="four", **MARCH)
    assert [(row["channel"], row["position"], row["touches"]) for row in rows] == [
        (channel, number, 4) for number, (channel, _) in enumerate(visits, 1)
    ]
    assert {name: [row[f"credit_{name}"] for row in rows] for name in MODELS} == {name: pytest.approx(wanted[name]) for name in MODELS}
    assert {(row["value"], row["net_value"], row["is_new"]) for row in rows} == {(Decimal(100), Decimal(60), 1)}
    found = warehouse_lab.ask(f"SELECT * FROM {CREDITS} WHERE model = 'linear'", lane="four", **MARCH, **BY_CHANNEL)
    assert {(row["orders"], row["revenue"], row["net_revenue"], row["new_customers"]) for row in found} == {(0.25, 25, 15, 0.25)}
    short = warehouse_lab.ask(f"SELECT channel FROM {TOUCHES} ORDER BY position", lane="four", **{**MARCH, "window_days": 7})
    assert [row["channel"] for row in short] == ["direct"]


def test_one_two_and_no_visit(warehouse_lab: Lab) -> None:
    rows = [visit("few", "u:one", 0, "direct"), visit("few", "u:two", 0, "search", "spring"), visit("few", "u:two", 5, "ads", "brand")]
    warehouse_lab.insert("sessions", rows)
    warehouse_lab.events("few", order("u:one", 9, "1"), order("u:two", 9, "2", "USD"), order("u:none", 9, "4"))
    warehouse_lab.events("few", order("u:two", 2 * DAY_MS, "8", "USD"))
    found = credits(warehouse_lab, lane="few", **MARCH)
    assert {channel: found[("position", channel)] for channel in ("direct", "search", "ads", "unknown")} == {
        "direct": (1, 1),
        "search": (1, 5),
        "ads": (1, 5),
        "unknown": (1, 4),
    }
    assert found[("last_non_direct", "direct")] == (1, 1)
    by_campaign = {**MARCH, "breakdown": "campaign", "period": "day"}
    columns = "toString(period_start) AS day, campaign_name, currency, revenue, new_customers"
    asked = f"SELECT {columns} FROM {CREDITS} WHERE model = 'last' ORDER BY ALL"
    assert [tuple(row.values()) for row in warehouse_lab.ask(asked, lane="few", **by_campaign)] == [
        ("2026-03-01", "", "EUR", 1, 1),
        ("2026-03-01", "", "EUR", 4, 1),
        ("2026-03-01", "brand", "USD", 2, 1),
        ("2026-03-03", "brand", "USD", 8, 0),
    ]


def test_periods_begin_in_the_business_zone(warehouse: tuple[str, int]) -> None:
    with lab(*warehouse, business_timezone="Asia/Shanghai") as made:  # noon UTC of 1 March is eight in the evening there
        made.events("zone", order("u:a", 4 * HOUR_MS - 1, "1"), order("u:b", 4 * HOUR_MS, "2"))
        asked = {**MARCH, "breakdown": "channel", "period": "day", "lane": "zone"}
        rows = made.ask(f"SELECT toString(period_start) AS day, revenue FROM {CREDITS} WHERE model = 'last' ORDER BY day", **asked)
        assert [tuple(row.values()) for row in rows] == [("2026-03-01", 1), ("2026-03-02", 2)]
        assert made.ask(f"SELECT * FROM {TOUCHES}", lane="zone", **{**MARCH, "to_day": "2026-02-28"}) == []


Path = tuple[Sequence[str], int, int]


def store(lab: Lab, lane: str, paths: Sequence[Path], value: str = "1") -> None:
    """Paths with their numbers of orders and of persons without one, as visits and orders of persons of their own."""
    visits: list[dict[str, Any]] = []
    orders: list[dict[str, Any]] = []
    for path, bought, failed in paths:
        for number in range(bought + failed):
            person = f"u:{len(visits)}"
            visits += [visit(lane, person, at, channel) for at, channel in enumerate(path)]
            if number < bought:
                orders.append(order(person, len(path), value))
    lab.insert("sessions", visits)
    lab.events(lane, *orders)


def effects(paths: Sequence[Path]) -> dict[str, float]:
    """Removal effects by an independent way: absorption probabilities of the whole matrix, from the fundamental matrix."""
    names = sorted({channel for path, _, _ in paths for channel in path})
    place = {name: number for number, name in enumerate(["(start)", *names, "(order)", "(null)"])}
    steps = np.zeros((len(place), len(place)))
    for path, bought, failed in paths:
        way = [place[name] for name in ["(start)", *path]]
        for a, b in pairwise(way):
            steps[a, b] += bought + failed
        steps[way[-1], place["(order)"]] += bought
        steps[way[-1], place["(null)"]] += failed

    def absorbed(gone: str) -> float:
        chain = steps[:-2] / steps[:-2].sum(axis=1, keepdims=True)
        if gone:
            chain[:, -1] += chain[:, place[gone]]
            chain[:, place[gone]] = 0
        fundamental = np.linalg.inv(np.eye(len(chain)) - chain[:, :-2])
        return float((fundamental @ chain[:, -2])[0])

    return {name: 1 - absorbed(name) / absorbed("") for name in names}


# Published with their results: analyzecore.com, "Marketing Multi-Channel Attribution model with R (part 1)", 2016; and a case with a loop.
PUBLISHED: list[Path] = [(("C1", "C2", "C3"), 1, 0), (("C1",), 0, 1), (("C2", "C3"), 0, 1)]
LOOPS: list[Path] = [(("a", "a", "b", "a"), 3, 7), (("b",), 2, 5), (("c", "b", "c"), 1, 1), (("c",), 4, 0), (("d",), 0, 3)]


def test_removal_effects_of_a_published_case(warehouse_lab: Lab) -> None:
    store(warehouse_lab, "published", PUBLISHED)
    rows = warehouse_lab.ask(f"SELECT * FROM {MARKOV} ORDER BY channel", lane="published", **MARCH)
    found = [(row["channel"], round(row["conversion"], 4), round(row["removal_effect"], 4), round(row["orders"], 4)) for row in rows]
    assert found == [("C1", 0.3333, 0.5, 0.2), ("C2", 0.3333, 1, 0.4), ("C3", 0.3333, 1, 0.4)]


def test_removal_effects_with_loops_and_a_channel_that_leads_nowhere(warehouse_lab: Lab) -> None:
    store(warehouse_lab, "loops", LOOPS)
    rows = warehouse_lab.ask(f"SELECT * FROM {MARKOV}", lane="loops", **MARCH)
    assert {row["channel"]: row["removal_effect"] for row in rows} == pytest.approx(effects(LOOPS), abs=1e-12)
    assert sum(row["orders"] for row in rows) == pytest.approx(10)


def test_a_path_without_an_order_begins_after_the_last_one(warehouse_lab: Lab) -> None:
    warehouse_lab.insert("sessions", [visit("after", "u:a", at * DAY_MS, channel) for at, channel in enumerate(["ads", "email", "social"])])
    warehouse_lab.insert("sessions", [visit("after", "u:b", 0, "ads"), visit("after", "u:c", 0, "ads"), visit("after", "u:c", 1, "")])
    warehouse_lab.events("after", order("u:a", DAY_MS + 1, "1"), order("u:b", 40 * DAY_MS, "1"))
    rows = warehouse_lab.ask(f"SELECT * FROM {PATHS} ORDER BY path", lane="after", **MARCH)
    assert [tuple(row.values()) for row in rows] == [(["ads"], 0, 2), (["ads", "email"], 1, 0), (["social"], 0, 1)]


FIRST = "alpha 6308, iota 4606, eta 3164, beta 2831, theta 1606, lambda 902, gamma 165, epsilon 99, kappa 74, zeta 27, mi 2, delta 1"
LAST = "alpha 8447, eta 4167, iota 3355, lambda 1207, beta 989, theta 653, epsilon 531, kappa 230, zeta 107, gamma 92, delta 5, mi 2"


def test_path_data(warehouse_lab: Lab) -> None:
    """10,000 real paths with 19,785 orders. A path's orders share its value: the first one has it, the others have 0."""
    with data_file("attribution/PathData.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    paths: list[Path] = [(row["path"].split(" > "), int(row["total_conversions"]), round(float(row["total_null"]))) for row in rows]
    visits, orders, first_value = [], [], defaultdict[str, float](float)
    for number, (row, (path, bought, failed)) in enumerate(zip(rows, paths, strict=True)):
        for copy in range(bought + failed):
            person = f"u:{number}-{copy}"
            visits += [visit("paths", person, at, channel) for at, channel in enumerate(path)]
            if copy < bought:
                orders.append(order(person, len(path), "0" if copy else row["total_conversion_value"]))
        first_value[path[0]] += float(row["total_conversion_value"])
    warehouse_lab.insert("sessions", visits)
    warehouse_lab.events("paths", *orders)
    found = credits(warehouse_lab, lane="paths", **MARCH)
    for model, figures in (("first", FIRST), ("last", LAST)):
        wanted = {name: int(count) for name, count in (figure.split() for figure in figures.split(", "))}
        assert {channel: credit for (name, channel), (credit, _) in found.items() if name == model} == wanted
    assert {channel: revenue for (name, channel), (_, revenue) in found.items() if name == "first"} == pytest.approx(first_value)
    for model in MODELS:
        whole = [credit for (name, _), credit in found.items() if name == model]
        assert sum(credit for credit, _ in whole) == pytest.approx(19_785)
        assert sum(revenue for _, revenue in whole) == pytest.approx(74_802.972)
    [counts] = warehouse_lab.ask(f"SELECT sum(orders) AS orders, sum(nulls) AS nulls FROM {PATHS}", lane="paths", **MARCH)
    assert (counts["orders"], counts["nulls"]) == (19_785, 68_602)
    markov = warehouse_lab.ask(f"SELECT channel, removal_effect, orders FROM {MARKOV}", lane="paths", **MARCH)
    wanted_effects = effects(paths)
    assert {row["channel"]: row["removal_effect"] for row in markov} == pytest.approx(wanted_effects, abs=1e-10)
    total = sum(wanted_effects.values())
    assert {row["channel"]: row["orders"] for row in markov} == pytest.approx(
        {name: 19_785 * effect / total for name, effect in wanted_effects.items()}
    )


def credit_of(path: Sequence[Touch], model: str) -> list[float]:
    size, last_ms = len(path), path[-1][0]
    if model in ("first", "last", "last_non_direct"):
        others = [number for number, (_, channel) in enumerate(path) if channel != "direct"]
        chosen = {"first": 0, "last": size - 1, "last_non_direct": others[-1] if others else size - 1}[model]
        return [float(number == chosen) for number in range(size)]
    if model == "position" and size > 2:
        return [0.4, *[0.2 / (size - 2)] * (size - 2), 0.4]
    weights = [2 ** ((at_ms - last_ms) / (7 * DAY_MS)) if model == "time_decay" else 1.0 for at_ms, _ in path]
    return [weight / sum(weights) for weight in weights]


def test_a_simulated_lane_is_attributed(warehouse_lab: Lab) -> None:
    made = simulated()
    made.store(warehouse_lab, "simulated")
    done = happened(made)
    visits = visits_of(done)
    wanted: dict[tuple[str, str], list[float]] = defaultdict(lambda: [0.0, 0.0])
    last_order_ms: dict[str, int] = {}
    paths: list[Path] = []
    for person, what, _ in done:
        if what.event == "purchase":
            last_order_ms[person] = what.at_ms
            path = [(at, channel) for at, channel in visits.get(person, []) if what.at_ms - 30 * DAY_MS < at <= what.at_ms]
            path = path or [(what.at_ms, "unknown")]
            paths.append(([channel for _, channel in path], 1, 0))
            for model in MODELS:
                for (_, channel), credit in zip(path, credit_of(path, model), strict=True):
                    wanted[(model, channel)][0] += credit
                    wanted[(model, channel)][1] += credit * float(what.value or 0)
    found = credits(warehouse_lab, lane="simulated", **WHOLE)
    assert found.keys() == {key for key, (orders, _) in wanted.items() if orders}
    for key, both in found.items():
        assert both == pytest.approx(tuple(wanted[key])), key
    for person, theirs in visits.items():
        if after := [channel for at, channel in theirs if at > last_order_ms.get(person, -1)]:
            paths.append((after, 0, 1))
    rows = warehouse_lab.ask(f"SELECT channel, any(removal_effect) AS effect FROM {MARKOV} GROUP BY channel", lane="simulated", **WHOLE)
    assert {row["channel"]: row["effect"] for row in rows} == pytest.approx(effects(paths), abs=1e-10)
