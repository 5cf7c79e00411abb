"""Requests of browsers to be forgotten: which may be carried out as they come, which are held for an operator, and how long there is."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from erasure import jobs, requests
from erasure.requests import DAY_MS, Request
from runtime.cli import main
from runtime.query import query
from schemas.suppression import id_hash
from tests.views_lab import NOON_MS, Lab, lab

pytestmark = pytest.mark.timeout(120)
SALT = "salt of the test"


@pytest.fixture
def made(warehouse: tuple[str, int], tmp_path: Path) -> Iterator[Lab]:
    with lab(*warehouse, data_dir=str(tmp_path), erasure_salt=SALT) as found:
        yield found


def asks(device: str, at_ms: int = 0, person: str = "", **more: Any) -> dict[str, Any]:
    props = {"purposes": {"analytics": False}, "basis": "erase"}
    return {"event": "consent", "person_id": person or f"d:{device}", "at_ms": at_ms, "device_id": device, "props": props, **more}


def found(made: Lab, running: tuple[str, ...] = ()) -> dict[str, Request]:
    return {each.asker: each for each in requests.open_requests(partial(query, made.settings), running)}


def test_only_a_device_that_is_nobody_else_may_be_erased_as_it_asks(made: Lab) -> None:
    view = {"event": "page_view", "at_ms": 0}
    made.events(
        "live",
        {**view, "person_id": "d:alone", "device_id": "alone"},
        asks("alone"),
        {**view, "person_id": "d:anns", "device_id": "anns"},
        asks("anns"),
        {**view, "person_id": "u:bob", "device_id": "till", "user_id": "bob"},
        asks("till"),
        asks("signed-in", person="u:cy", user_id="cy"),
        asks("", person="u:dee", user_id="dee"),
        {**asks("refuses"), "props": {"purposes": {"analytics": False}, "basis": "banner"}},
    )
    made.insert("identities", [{"lane": "live", "id": "d:anns", "person_id": "u:ann", "version": 1, "merged_at_ms": NOON_MS}])
    asked = found(made)
    assert {asker: (each.status, each.also) for asker, each in asked.items()} == {
        "d:alone": ("ready", ()),
        "d:anns": ("held", ("u:ann",)),
        "d:till": ("held", ("u:bob",)),
        "d:signed-in": ("held", ("u:cy",)),
        "u:dee": ("held", ()),
    }
    assert asked["d:alone"].ids.persons == ("d:alone",) and set(asked["d:anns"].ids.persons) == {"d:anns", "u:ann"}
    everybody = list(asked.values())
    assert [each.asker for each in requests.chosen(everybody, ())] == ["d:alone"]
    assert {each.asker for each in requests.chosen(everybody, ("d:anns",))} == {"d:alone", "d:anns"}
    with pytest.raises(ValueError, match="d:nobody"):
        requests.chosen(everybody, ("d:nobody",))


def test_the_period_runs_from_the_first_time_in_any_lane(made: Lab) -> None:
    made.events("live", asks("again", 5 * DAY_MS), asks("again", 2 * DAY_MS), asks("late", 3 * DAY_MS))
    made.events("replay", asks("again", 4 * DAY_MS))
    first, second = found(made).values()
    assert (first.asker, first.times, second.asker) == ("d:again", 3, "d:late")
    came_ms = first.asked_at_ms
    assert second.asked_at_ms - came_ms == DAY_MS
    days = (0, 19, 20, 30, 31)
    assert [first.urgency(came_ms + day * DAY_MS, 30) for day in days] == ["open", "open", "soon", "soon", "overdue"]
    assert first.as_json(came_ms + 12 * DAY_MS, 15)["due_in_days"] == 3.0


def test_many_requests_go_in_few_erasures_that_are_not_begun_twice(made: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("erasure.requests.AT_ONCE", 2)
    made.events("live", *(asks(f"device-{number}", number) for number in range(5)))
    begun = requests.begin(made.settings, requests.chosen(requests.listed(made.settings), ()), "jane", NOON_MS)
    assert [(each.person, each.others) for each in begun] == [
        ("d:device-0", ("d:device-1",)),
        ("d:device-2", ("d:device-3",)),
        ("d:device-4", ()),
    ]
    with jobs.taken(made.settings, begun[0].job_id) as read:
        assert read == begun[0] and set(read.ids) == {"d:device-0", "d:device-1"}
    assert {each.status for each in requests.listed(made.settings)} == {"running"}
    assert requests.chosen(requests.listed(made.settings), ("d:device-1",)) == []
    notes = query(made.settings, "SELECT actor, action, subject, result, job_id, details FROM audit ORDER BY subject")
    assert notes == sorted(
        [
            ("jane", "erase", id_hash(asker, SALT), "asked", each.job_id, requests.NOTE)
            for each in begun
            for asker in (each.person, *each.others)
        ],
        key=lambda note: note[2],
    )


def test_the_command_lists_and_changes_nothing(made: Lab, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("warehouse_port", "warehouse_database", "data_dir", "erasure_salt"):
        monkeypatch.setenv(f"CARTWAKE_{name.upper()}", str(getattr(made.settings, name)))
    assert main(["erase", "--requests"]) == 0
    assert "nobody waits" in capsys.readouterr().out
    now_ms = time.time_ns() // 1_000_000
    made.events("live", asks("alone", now_ms - NOON_MS - 5 * DAY_MS))
    assert main(["erase", "--requests", "--json"]) == 0
    (listed,) = json.loads(capsys.readouterr().out)["requests"]
    assert (listed["asker"], listed["status"], listed["urgency"], listed["age_days"]) == ("d:alone", "ready", "open", 5.0)
    monkeypatch.setenv("CARTWAKE_ERASURE_DUE_DAYS", "4")
    assert main(["erase", "--requests"]) == 1
    out = capsys.readouterr().out
    assert "d:alone" in out and "overdue" in out
    assert main(["erase", "--requests", "--whole-person", "d:other", "--yes"]) == 2
    assert main(["erase", "--person", "d:alone", "--yes"]) == 2
    assert main(["erase", "--requests", "--warehouse-only"]) == 2
    assert found(made)["d:alone"].status == "ready"
    assert query(made.settings, "SELECT count() FROM audit") == [(0,)]
