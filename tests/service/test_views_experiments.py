"""Experiments: who saw which variant, and what that changed; checked by hand, against scipy, and on a simulated lane."""

from __future__ import annotations

import csv
import gzip
import math
from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from scipy import stats

from simulator.config import SimConfig
from tests.data_files import data_file
from tests.happened import happened
from tests.views_lab import DAY_MS, NOON_MS, Lab, lab, simulated

pytestmark = pytest.mark.timeout(180)
HOUR_MS = 3_600_000
MARCH = {"from_day": "2026-03-01", "to_day": "2026-03-31", "experiment": ""}
EXPOSURE = "experiment_exposure(lane = {lane:String}, from_day = {from_day:Date}, to_day = {to_day:Date}, experiment = {experiment:String})"
RATIO = """experiment_sample_ratio(lane = {lane:String}, from_day = {from_day:Date}, to_day = {to_day:Date},
    experiment = {experiment:String}, weights = WEIGHTS)"""
RESULTS = """experiment_results(lane = {lane:String}, from_day = {from_day:Date}, to_day = {to_day:Date},
    experiment = {experiment:String}, event = {event:String}, window_hours = {window_hours:UInt32}, control = {control:String},
    alpha = {alpha:Float64}, tau = {tau:Float64})"""
ASKED = {"event": "purchase", "window_hours": 24, "control": "a", "alpha": 0.05, "tau": 0.02}


@pytest.fixture(scope="module")
def warehouse_lab(warehouse: tuple[str, int]) -> Iterator[Lab]:
    with lab(*warehouse) as made:
        yield made


def seen(person_id: str, variant: str, at_ms: int = 0, experiment_id: str = "button", **more: Any) -> dict[str, Any]:
    return {"event": "experiment_view", "person_id": person_id, "at_ms": at_ms, "experiment_id": experiment_id, "variant": variant, **more}


def ratio(warehouse_lab: Lab, lane: str, **weights: float) -> dict[str, Any]:
    written = ", ".join(f"'{name}', {weight}" for name, weight in weights.items())
    [row] = warehouse_lab.ask(f"SELECT * FROM {RATIO.replace('WEIGHTS', f'map({written})')}", lane=lane, **MARCH)
    return row


def test_a_person_has_the_variant_seen_first_by_any_of_its_ids(warehouse_lab: Lab) -> None:
    warehouse_lab.events("merged", seen("d:1", "b", 500), seen("d:1", "b", 900), seen("d:2", "a", 100), seen("d:3", "c", 0, late=True))
    warehouse_lab.events("merged", seen("u:ana", "b", 700), seen("d:2", "a", 100, message_id="again"))
    merge = {"lane": "merged", "person_id": "u:ana", "version": 1, "merged_at_ms": NOON_MS}
    warehouse_lab.insert("identities", [{**merge, "id": "d:1"}, {**merge, "id": "d:2"}])
    [row] = warehouse_lab.ask("SELECT * FROM experiments_now WHERE lane = 'merged'")
    assert (row["person_id"], row["variant"], row["crossed"]) == ("u:ana", "a", 1)
    assert round(row["exposed_at"].timestamp() * 1000) == NOON_MS + 100


def test_exposures_count_on_the_day_of_the_business_zone(warehouse: tuple[str, int]) -> None:
    with lab(*warehouse, business_timezone="Asia/Shanghai") as made:  # noon UTC is eight in the evening there
        made.events("days", seen("d:1", "a"), seen("d:2", "a", 4 * HOUR_MS - 1), seen("d:3", "a", 4 * HOUR_MS), seen("d:3", "b", DAY_MS))
        rows = made.ask(f"SELECT day, persons, persons_so_far, crossed FROM {EXPOSURE} ORDER BY day", lane="days", **MARCH)
        assert [tuple(row.values()) for row in rows] == [(date(2026, 3, 1), 2, 2, 0), (date(2026, 3, 2), 1, 3, 1)]
        only = {**MARCH, "from_day": "2026-03-02", "to_day": "2026-03-02"}
        assert [row["persons_so_far"] for row in made.ask(f"SELECT * FROM {EXPOSURE}", lane="days", **only)] == [1]


def test_a_conversion_is_within_the_window_from_the_exposure_on(warehouse_lab: Lab) -> None:
    def bought(person_id: str, at_ms: int, **more: Any) -> dict[str, Any]:
        return {"event": "purchase", "person_id": person_id, "at_ms": at_ms, "order_id": f"{person_id}-{at_ms}", **more}

    warehouse_lab.events("window", *[seen(f"d:{n}", "a") for n in range(6)], *[seen(f"d:{n}", "b") for n in range(6, 10)])
    warehouse_lab.events("window", bought("d:0", -1), bought("d:1", 0), bought("d:2", DAY_MS - 1), bought("d:3", DAY_MS))
    warehouse_lab.events("window", bought("d:4", 5, late=True), bought("d:6", 5), bought("d:6", 9))
    warehouse_lab.events("window", {"event": "custom", "event_raw": "Lamp Lit", "person_id": "d:7", "at_ms": 5})
    rows = warehouse_lab.ask(f"SELECT * FROM {RESULTS} ORDER BY variant", lane="window", **MARCH, **ASKED)
    assert [(row["persons"], row["converted"], row["rate"]) for row in rows] == [(6, 2, 2 / 6), (4, 1, 0.25)]
    assert [row["lift"] for row in rows] == [None, pytest.approx(-0.25)]
    lit = warehouse_lab.ask(f"SELECT * FROM {RESULTS} ORDER BY variant", lane="window", **MARCH, **{**ASKED, "event": "Lamp Lit"})
    assert [(row["converted"], row["lift"]) for row in lit] == [(0, None), (1, None)]
    nobody = warehouse_lab.ask(f"SELECT * FROM {RESULTS} ORDER BY variant", lane="window", **MARCH, **{**ASKED, "event": "refund"})
    assert [(row["z"], row["p_value"], row["sequential_low"]) for row in nobody] == [(None, None, None)] * 2


def test_the_normal_quantile_is_scipys(warehouse_lab: Lab) -> None:
    for p in (1e-12, 1e-4, 0.02425, 0.2, 0.5, 0.6, 0.8, 0.975, 0.9999):
        [row] = warehouse_lab.ask(f"SELECT z FROM normal_quantile(p = {p})")
        assert row["z"] == pytest.approx(stats.norm.ppf(p), rel=1e-12, abs=1e-12)
    assert [warehouse_lab.ask(f"SELECT z FROM normal_quantile(p = {p})")[0]["z"] for p in (0, 1, -1)] == [None] * 3


@pytest.mark.parametrize("counts", [(50, 61), (40, 44, 71), (30, 28, 25, 60), (21, 20, 19, 22, 33), (9, 9)])
def test_the_sample_ratio_test_is_the_chi_square_test(warehouse_lab: Lab, counts: tuple[int, ...]) -> None:
    lane = f"ratio{len(counts)}-{sum(counts)}"
    warehouse_lab.events(lane, *[seen(f"d:{variant}-{n}", f"v{variant}") for variant, size in enumerate(counts) for n in range(size)])
    row = ratio(warehouse_lab, lane)
    wanted = stats.chisquare(counts)
    assert row["persons"] == list(counts)
    assert (row["chi_square"], row["p_value"]) == (pytest.approx(wanted.statistic, abs=1e-12), pytest.approx(wanted.pvalue, rel=1e-9))
    weights = {f"v{variant}": float(variant + 1) for variant in range(len(counts))}
    row = ratio(warehouse_lab, lane, **weights)
    meant = [sum(counts) * weight / sum(weights.values()) for weight in weights.values()]
    wanted = stats.chisquare(counts, meant)
    assert (row["expected"], row["p_value"]) == (pytest.approx(meant), pytest.approx(wanted.pvalue, rel=1e-9))
    assert row["mismatch"] == (wanted.pvalue < 0.001)


def test_a_variant_that_nobody_sees_or_nobody_should_see_is_a_mismatch(warehouse_lab: Lab) -> None:
    warehouse_lab.events("missing", *[seen(f"d:{n}", "a") for n in range(20)])
    row = ratio(warehouse_lab, "missing", a=1, b=1)
    assert (row["persons"], row["chi_square"], row["mismatch"]) == ([20, 0], 20, 1)
    row = ratio(warehouse_lab, "missing", b=1)
    assert (row["chi_square"], row["p_value"], row["mismatch"]) == (None, 0, 1)
    row = ratio(warehouse_lab, "missing")
    assert (row["chi_square"], row["p_value"], row["mismatch"]) == (None, None, None)


@pytest.mark.parametrize(("baseline", "lift", "alpha", "power"), [(0.1, 0.05, 0.05, 0.8), (0.02, -0.2, 0.01, 0.9), (0.5, 0.1, 0.05, 0.5)])
def test_the_sample_size_is_the_smallest_with_that_power(
    warehouse_lab: Lab, baseline: float, lift: float, alpha: float, power: float
) -> None:
    [row] = warehouse_lab.ask(
        f"SELECT * FROM experiment_sample_size(baseline = {baseline}, lift = {lift}, alpha = {alpha}, power = {power})"
    )
    target = baseline * (1 + lift)
    pooled = (baseline + target) / 2

    def power_of(n: int) -> float:
        needed = stats.norm.isf(alpha / 2) * math.sqrt(2 * pooled * (1 - pooled) / n)
        spread = math.sqrt((baseline * (1 - baseline) + target * (1 - target)) / n)
        return float(stats.norm.sf((needed - abs(target - baseline)) / spread))

    assert power_of(row["persons"]) >= power > power_of(row["persons"] - 1)


def test_no_sample_tells_no_difference(warehouse_lab: Lab) -> None:
    for baseline, lift in ((0.1, 0), (0.9, 0.2), (0, 0.1)):
        [row] = warehouse_lab.ask(
            f"SELECT persons FROM experiment_sample_size(baseline = {baseline}, lift = {lift}, alpha = 0.05, power = 0.8)"
        )
        assert row["persons"] is None


def test_looking_every_day_raises_few_false_alarms_by_the_sequential_interval(warehouse_lab: Lab) -> None:
    """100 experiments without any effect, looked at on 10 days: the z-test cries wolf, the sequential test does not."""
    random = stats.bernoulli(0.2).rvs
    rows = []
    for experiment in range(100):
        for person, converts in enumerate(random(400, random_state=experiment)):
            at_ms = person // 40 * DAY_MS
            rows.append(seen(f"d:{experiment}-{person}", "ab"[person % 2], at_ms, f"e{experiment}"))
            if converts:
                rows.append({"event": "login", "person_id": f"d:{experiment}-{person}", "at_ms": at_ms + 1})
    warehouse_lab.events("peeking", *rows)
    alarms: dict[str, set[str]] = {"z": set(), "interval": set(), "p": set()}
    for day in range(1, 11):
        looked = {**MARCH, "to_day": f"2026-03-{day:02d}"}
        for row in warehouse_lab.ask(
            f"SELECT * FROM {RESULTS} WHERE variant = 'b'", lane="peeking", **looked, **{**ASKED, "event": "login", "tau": 0.1}
        ):
            alarms["z"] |= {row["experiment_id"]} if row["p_value"] < 0.05 else set()
            alarms["interval"] |= {row["experiment_id"]} if not row["sequential_low"] <= 0 <= row["sequential_high"] else set()
            alarms["p"] |= {row["experiment_id"]} if row["sequential_p"] < 0.05 else set()
    assert alarms["interval"] == alarms["p"]
    assert len(alarms["p"]) <= 5 < 10 < len(alarms["z"])


def test_cookie_cats(warehouse_lab: Lab) -> None:
    """A real A/B test of 90,189 players; did they come back after a day, after a week?"""
    with gzip.open(data_file("ab_test/cookie_cats.csv.gz"), "rt", encoding="utf-8") as file:
        players = list(csv.DictReader(file))
    rows = [seen(f"d:{player['userid']}", player["version"], 0, "gate") for player in players]
    for days in (1, 7):
        back = [player for player in players if player[f"retention_{days}"] == "True"]
        name = f"back after {days}"
        rows += [{"event": "custom", "event_raw": name, "person_id": f"d:{one['userid']}", "at_ms": days * DAY_MS} for one in back]
    warehouse_lab.events("cats", *rows)
    asked = {**MARCH, "lane": "cats", "window_hours": 24 * 8, "control": "gate_30", "alpha": 0.05, "tau": 0.01}
    for days, rates in ((1, (0.448188, 0.442283)), (7, (0.190201, 0.182000))):
        a, b = warehouse_lab.ask(f"SELECT * FROM {RESULTS} ORDER BY variant", **asked, event=f"back after {days}")
        assert (a["persons"], b["persons"]) == (44_700, 45_489)
        assert (round(a["rate"], 6), round(b["rate"], 6)) == rates
        # The chi-square test of the two-by-two table without a correction is the pooled z-test squared.
        table = [[row["converted"], row["persons"] - row["converted"]] for row in (a, b)]
        wanted = stats.chi2_contingency(table, correction=False)
        assert (b["z"] ** 2, b["p_value"]) == (pytest.approx(wanted.statistic), pytest.approx(wanted.pvalue))
        assert b["difference"] == pytest.approx(b["rate"] - a["rate"])
        variance = sum(row["rate"] * (1 - row["rate"]) / row["persons"] for row in (a, b))
        assert (b["low"], b["high"]) == pytest.approx(stats.norm.interval(0.95, b["difference"], math.sqrt(variance)))

        # The mixture's likelihood ratio is the ratio of two normal densities of the difference; at the interval's ends it is 1 / alpha.
        def likelihood(effect: float, found: float = b["difference"], spread: float = variance) -> float:
            null = stats.norm(effect, math.sqrt(spread)).pdf(found)
            return float(stats.norm(effect, math.sqrt(spread + 0.01**2)).pdf(found) / null)

        assert b["sequential_p"] == pytest.approx(min(1, 1 / likelihood(0)))
        assert [likelihood(b["sequential_low"]), likelihood(b["sequential_high"])] == pytest.approx([20, 20])
    row = ratio(warehouse_lab, "cats")
    assert (row["p_value"], row["mismatch"]) == (pytest.approx(stats.chisquare([44_700, 45_489]).pvalue), 0)


def test_a_simulated_experiment(warehouse_lab: Lab) -> None:
    made = simulated(SimConfig(seed=4, shoppers=120, experiment=(("a", 0.1), ("b", 0.3), ("c", 0.1))))
    made.store(warehouse_lab, "banner")
    done = [(person, what) for person, what, late in happened(made) if not late]
    first: dict[str, tuple[int, str]] = {}
    for person, what in done:
        if what.event == "experiment_view":
            first.setdefault(person, (what.at_ms, what.variant))
    converted = {
        person for person, what in done if what.event == "click" and person in first and 0 <= what.at_ms - first[person][0] < 24 * HOUR_MS
    }
    persons = Counter(variant for _, variant in first.values())
    clicked = Counter(first[person][1] for person in converted)
    crossed = {person for person, what in done if what.variant and what.variant != first[person][1]}
    whole = {"lane": "banner", "from_day": "2025-12-01", "to_day": "2026-12-31", "experiment": "banner"}
    rows = warehouse_lab.ask(f"SELECT * FROM {RESULTS}", **whole, **{**ASKED, "event": "click"})
    assert {row["variant"]: (row["persons"], row["converted"]) for row in rows} == {name: (persons[name], clicked[name]) for name in "abc"}
    assert all(0 < clicked[name] < persons[name] for name in "abc")
    assert crossed
    [row] = warehouse_lab.ask(f"SELECT sum(crossed) AS crossed, sum(persons) AS persons FROM {EXPOSURE}", **whole)
    assert (row["crossed"], row["persons"]) == (len(crossed), len(first))
