"""What counts as the same result, and what does not."""

from __future__ import annotations

from typing import Any

import orjson

from bench.outputs import Outputs, differences


def outputs(**tables: list[dict[str, Any]]) -> Outputs:
    found = Outputs()
    for topic, rows in tables.items():
        found.add(topic, [orjson.dumps(row) for row in rows])
    return found


def level(person_id: str, version: int, **fields: Any) -> dict[str, Any]:
    return {"person_id": person_id, "version": version, "level": 1, **fields}


def test_the_highest_version_counts_whatever_came_last() -> None:
    found = outputs(funnel_levels=[level("a", 1), level("a", 3, level=3), level("a", 2, level=2)])
    assert found.comparable()["funnel_levels"] == {("a",): {"person_id": "a", "level": 3}}
    assert found.counts["funnel_levels"] == 3


def test_a_version_that_was_written_twice_is_counted() -> None:
    assert outputs(funnel_levels=[level("a", 1), level("a", 2), level("a", 2)]).doubled == 1
    assert outputs(funnel_levels=[level("a", 1), level("a", 2), level("b", 2)]).doubled == 0


def test_what_was_taken_back_is_not_there() -> None:
    assert outputs(funnel_levels=[level("a", 1), level("a", 2, is_deleted=1)]).comparable()["funnel_levels"] == {}


def test_a_trigger_that_became_void_is_as_if_it_had_never_fired() -> None:
    trigger = {"trigger_id": "t", "person_id": "a", "status": "fired", "version": 1}
    assert len(outputs(triggers=[trigger]).comparable()["triggers"]) == 1
    assert outputs(triggers=[trigger, {**trigger, "status": "void", "version": 2}]).comparable()["triggers"] == {}


def test_an_old_row_is_given_to_the_person_of_today() -> None:
    link = {"id": "d:x", "person_id": "u:y", "version": 1}
    session = {"session_id": "s", "person_id": "d:x", "version": 1, "device_id": "x"}
    found = outputs(identities=[link], sessions=[session]).comparable()
    assert found["sessions"] == {("s",): {"session_id": "s", "person_id": "u:y", "device_id": "x"}}


def test_only_stays_that_last_are_compared() -> None:
    stay = {"person_id": "a", "segment": "churn", "value": "short", "entered_at_ms": 5, "version": 1}
    assert len(outputs(segments=[stay]).comparable()["segments"]) == 1
    assert outputs(segments=[stay, {**stay, "version": 2, "left_at_ms": 9}]).comparable()["segments"] == {}


def test_differences_are_counted_and_told_in_words() -> None:
    one = outputs(funnel_levels=[level("a", 1), level("b", 1), level("c", 1)]).comparable()
    two = outputs(funnel_levels=[level("a", 7), level("b", 1, level=2), level("d", 1)]).comparable()
    number, words = differences(one, two)
    assert number == 3
    assert words[0] == "funnel_levels ('b',): level 1 or 2"
    assert "only the first has" in words[1] and "only the second has" in words[2]
    assert differences(one, one) == (0, [])
