"""The stream equals the reference, and itself in whatever way the events come."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.collected import Collected
from streams.memory import MemoryStream
from tests.unit.reference_rows import KEYS, Rows, reference, streamed
from tests.unit.reference_stories import ENDS_MS, POLICY, arrivals, delivered, in_order, stories

fixed = settings(deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])


def equal(found: Rows, expected: Rows) -> None:
    for topic in KEYS:
        assert found[topic] == expected[topic], topic


@settings(fixed, max_examples=120)
@given(stories(), st.sampled_from(ENDS_MS))
def test_the_stream_equals_the_reference(made: list[Collected], end_ms: int) -> None:
    expected = reference(made, POLICY, end_ms + 3)
    equal(streamed(in_order(made, [end_ms])), expected)


def ids(stream: MemoryStream) -> dict[str, Any]:
    """Which ids there are, whose, and what of."""
    valid = {topic: stream.latest(topic, *key) for topic, key in KEYS.items()}
    return {
        "carts": {key: (row["person_id"], row["cart_id"], row["opened_at_ms"]) for key, row in valid["carts"].items()},
        "sessions": {key: (row["person_id"], row["device_id"], row["started_at_ms"]) for key, row in valid["sessions"].items()},
        "triggers": {key: row["episode_id"] for key, row in valid["triggers"].items() if row["status"] == "fired"},
    }


def versions_rise(stream: MemoryStream) -> None:
    """Each row that is written again has a higher version than before; the first is 1."""
    for topic, key in KEYS.items():
        last: dict[tuple[Any, ...], int] = {}
        for row in stream.rows[topic]:
            name = tuple(row[field] for field in key)
            assert row["version"] > last.get(name, 0), f"{topic}: {row}"
            last[name] = row["version"]


@settings(fixed, max_examples=40)
@pytest.mark.parametrize("partitions", [1, 4, 8, 13])
@given(made=stories(), end_ms=st.sampled_from(ENDS_MS), seed=st.integers(0, 1 << 32))
def test_any_arrival_gives_the_same_rows(partitions: int, made: list[Collected], end_ms: int, seed: int) -> None:
    expected = reference(made, POLICY, end_ms + 3)
    random, calm = Random(seed), in_order(made, [end_ms])
    stream = delivered(arrivals(made, random), partitions, random, [end_ms])
    assert stream.rows["rejected"] == [] or {row["code"] for row in stream.rows["rejected"]} == {"duplicate"}
    assert Counter(row["message_id"] for row in stream.rows["journeys"]) == Counter(event.message_id for event in made)
    versions_rise(stream)
    equal(streamed(stream), expected)
    assert ids(stream) == ids(calm)
