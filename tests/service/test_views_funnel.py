"""The funnel of any steps: against the simulator's truth, against a plain search in Python, and by hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from random import Random
from typing import Any

import pytest

from tests.views_lab import Lab, lab, simulated

pytestmark = pytest.mark.timeout(180)
STEPS = ["view_item", "add_to_cart", "begin_checkout", "purchase"]
PERIOD = "from_day = '2026-03-01', to_day = '2026-03-01'"
Event = tuple[int, int]  # time, number of the step; 0 is an exclusion


@pytest.fixture(scope="module")
def warehouse_lab(warehouse: tuple[str, int]) -> Iterator[Lab]:
    with lab(*warehouse) as made:
        yield made


def call(lane: str, steps: list[str], window_s: int, mode: str = "ordered", exclude: list[str] | None = None, period: str = PERIOD) -> str:
    return f"lane = '{lane}', {period}, steps = {steps}, window_s = {window_s}, mode = '{mode}', exclude = {exclude or []}"


def test_a_funnel_by_hand(warehouse_lab: Lab) -> None:
    def did(person_id: str, *steps: tuple[str, int]) -> list[dict[str, Any]]:
        return [{"event": event, "person_id": person_id, "at_ms": at_s * 1000, "device_type": "mobile"} for event, at_s in steps]

    warehouse_lab.events(
        "hand",
        *did("d:1", ("view_item", 0), ("add_to_cart", 10), ("search", 15), ("purchase", 40)),
        *did("u:ana", ("view_item", 100), ("view_item", 110), ("add_to_cart", 140)),
        *did("d:ana", ("purchase", 200)),
        *did("d:3", ("add_to_cart", 0), ("view_item", 10)),
        *did("d:4", ("view_item", 0), ("add_to_cart", 600), ("purchase", 601)),
    )
    warehouse_lab.events("hand", {"event": "purchase", "person_id": "d:3", "at_ms": 20_000, "late": True, "source": "server"})
    warehouse_lab.insert("identities", [{"lane": "hand", "id": "d:ana", "person_id": "u:ana", "version": 1, "merged_at_ms": 1}])
    steps = ["view_item", "add_to_cart", "purchase"]
    rows = warehouse_lab.ask(f"SELECT * FROM funnel({call('hand', steps, 300)}, by = 'device_type') ORDER BY value, step")
    assert [tuple(row.values()) for row in rows] == [
        ("mobile", 1, "view_item", 4, 1.0, 1.0, 2, 0.5, None, None, None, None),
        ("mobile", 2, "add_to_cart", 2, 0.5, 0.5, 0, 0.0, 20.0, 20.0, 20.0, 20.0),
        ("mobile", 3, "purchase", 2, 0.5, 1.0, 0, 0.0, 45.0, 45.0, 65.0, 65.0),
    ]
    excluded = warehouse_lab.ask(f"SELECT persons FROM funnel({call('hand', steps, 300, exclude=['search'])}, by = '') ORDER BY step")
    assert [row["persons"] for row in excluded] == [4, 2, 1]
    strangers = warehouse_lab.ask(f"SELECT * FROM funnel({call('hand', ['view_item', 'review'], 300)}, by = 'source') ORDER BY value, step")
    assert [(row["value"], row["persons"], row["median_from_first_s"]) for row in strangers] == [("web", 4, None), ("web", 0, None)]


def test_an_event_outside_the_catalogue_can_be_a_step(warehouse_lab: Lab) -> None:
    warehouse_lab.events(
        "custom",
        {"event": "view_item", "person_id": "d:1", "at_ms": 0},
        {"event": "custom", "event_raw": "Size Chosen", "person_id": "d:1", "at_ms": 1000},
        {"event": "custom", "event_raw": "Other", "person_id": "d:1", "at_ms": 2000},
    )
    rows = warehouse_lab.ask(f"SELECT persons FROM funnel({call('custom', ['view_item', 'Size Chosen'], 60)}, by = '') ORDER BY step")
    assert [row["persons"] for row in rows] == [1, 1]


@pytest.mark.parametrize(("mode", "by", "said"), [("loose", "", "mode is one of"), ("any", "colour", "by is one of")])
def test_a_parameter_that_is_none_is_refused(warehouse_lab: Lab, mode: str, by: str, said: str) -> None:
    warehouse_lab.events("refused", {"event": "view_item", "person_id": "d:1", "at_ms": 0})
    with pytest.raises(Exception, match=said):
        warehouse_lab.ask(f"SELECT * FROM funnel({call('refused', ['view_item'], 60, mode)}, by = '{by}')")


def test_any_steps_in_every_mode_are_what_a_plain_search_finds(warehouse_lab: Lab) -> None:
    random, stories = Random(7), {}
    names = {0: "search", **dict(enumerate(STEPS, 1))}
    for number in range(400):
        story = [(random.randrange(0, 12_000, 500), random.randrange(5)) for _ in range(random.randint(1, 12))]
        stories[f"d:{number}"] = story
    made = [{"event": names[code], "person_id": person, "at_ms": at_ms} for person, story in stories.items() for at_ms, code in story]
    warehouse_lab.events("random", *made)
    for mode, search in (("ordered", ordered), ("strict", strict), ("any", in_any_order)):
        for steps in ([1, 2, 3, 4], [2, 1], [1, 2, 1, 3] if mode == "ordered" else [4, 3, 1]):
            for window_s in (0, 4):
                for excluded in (False, True):
                    asked = call("random", [names[step] for step in steps], window_s, mode, ["search"] if excluded else [])
                    rows = warehouse_lab.ask(f"SELECT person_id, done_at_ms FROM funnel_chains({asked})")
                    found = {row["person_id"]: [at_ms % 86_400_000 - 43_200_000 for at_ms in row["done_at_ms"]] for row in rows}
                    wanted = {}
                    for person, story in stories.items():
                        told = sorted((at_ms, code) for at_ms, code in story if code in steps or (excluded and code == 0))
                        chain = search(in_step_order(told, steps), steps, window_s * 1000)
                        if chain:
                            wanted[person] = chain
                    assert found == wanted, asked


def in_step_order(told: list[Event], steps: list[int]) -> list[Event]:
    """Of the same moment exclusions first, then as the steps are named."""
    return sorted(told, key=lambda event: (event[0], steps.index(event[1]) if event[1] else -1))


def ordered(told: list[Event], steps: list[int], window_ms: int) -> list[int]:
    """One after another, as docs/decisions/window-funnel.md has it; an exclusion ends every chain."""
    chains: dict[int, list[int]] = {}
    best: list[int] = []
    for at_ms, code in told:
        if code == 0:
            chains = {}
        for level in range(len(steps), 0, -1):
            if steps[level - 1] != code:
                continue
            before = chains.get(level - 1)
            if level == 1:
                chains[1] = [at_ms]
            elif before and at_ms - before[0] <= window_ms:
                chains[level] = [*before, at_ms]
            if len(chains.get(level, [])) > len(best):
                best = chains[level]
            elif level == 1 and len(best) == 1:
                best = chains[1]
    return best if len(best) > 1 else best[:1] and last_of_first_run(told, steps)


def last_of_first_run(told: list[Event], steps: list[int]) -> list[int]:
    """Who did the first step only: the first time, of several in a row the last of them."""
    times = [number for number, (_, code) in enumerate(told) if code == steps[0]]
    number = times[0]
    while len(set(steps)) == len(steps) and number + 1 in times:
        number += 1
    return [told[number][0]]


def strict(told: list[Event], steps: list[int], window_ms: int) -> list[int]:
    """Every first step is tried; repetitions of the step just done are passed over."""
    best: list[int] = []
    for start, (began_ms, code) in enumerate(told):
        if code != steps[0]:
            continue
        chain, place = [began_ms], start + 1
        while len(chain) < len(steps) and place < len(told):
            at_ms, code = told[place]
            if code == steps[len(chain)] and at_ms - began_ms <= window_ms:
                chain.append(at_ms)
            elif code != steps[len(chain) - 1]:
                break
            place += 1
        better = (len(chain), -chain[-1], chain[0]) > (len(best), -best[-1] if best else 0, best[0] if best else 0)
        best = chain if better else best
    return best if len(best) != 1 else last_of_first_run(told, steps)


def in_any_order(told: list[Event], steps: list[int], window_ms: int) -> list[int]:
    """Of each moment: the first of each step within the window, up to the next exclusion."""
    found = []
    for start, (began_ms, _) in enumerate(told):
        first: dict[int, int] = {}
        for at_ms, code in told[start:]:
            if code == 0 or at_ms - began_ms > window_ms:
                break
            first.setdefault(code, at_ms)
        if first:
            found.append(sorted(first.values()))
    return min(found, key=lambda chain: (-len(chain), chain[-1], -chain[0]), default=[])


def test_a_simulated_lane_has_the_funnel_that_there_was(warehouse_lab: Lab) -> None:
    made = simulated()
    made.store(warehouse_lab, "simulated")
    truth = made.truth.result(made.final_ms)
    asked = call("simulated", STEPS, 7 * 86_400, period="from_day = '2025-12-01', to_day = '2026-04-01'")
    rows = warehouse_lab.ask(f"SELECT * FROM funnel({asked}, by = '') ORDER BY step")
    assert [row["persons"] for row in rows] == at_least(truth["persons_by_level"])
    assert [row["event"] for row in rows] == STEPS
    assert [row["dropped"] for row in rows] == [*(a["persons"] - b["persons"] for a, b in pairwise(rows)), 0]
    rows = warehouse_lab.ask(f"SELECT * FROM funnel({asked}, by = 'channel') ORDER BY value, step")
    found = {value: [row["persons"] for row in rows if row["value"] == value] for value in {row["value"] for row in rows}}
    expected = {value: at_least(levels) for value, levels in truth["persons_by_channel_and_level"].items()}
    assert found == {value: persons for value, persons in expected.items() if persons[0]}
    levels = warehouse_lab.ask(f"SELECT person_id, length(done_at_ms) AS level FROM funnel_chains({asked})")
    assert {row["person_id"]: row["level"] for row in levels} == {person: level for person, level in truth["levels"].items() if level}


def at_least(persons_by_level: dict[str, int]) -> list[int]:
    counts = Counter({int(level): persons for level, persons in persons_by_level.items()})
    return [sum(persons for level, persons in counts.items() if level >= step) for step in range(1, 5)]
