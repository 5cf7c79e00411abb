"""What the sink tells of how old rows are: from the record's own times, by a clock that is given."""

from __future__ import annotations

import uuid

from prometheus_client import REGISTRY

from sinks.buffer import Buffer, Record
from sinks.freshness import Freshness

NOW_MS = 1_700_000_010_000


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def test_each_record_counts_with_the_age_of_its_rows() -> None:
    table, before = uuid.uuid4().hex, value("cartwake_sink_freshness_seconds_sum")
    fresh = Freshness(table, True, lambda: NOW_MS / 1000)
    lines = b'{"lane":"live","received_at_ms":%d}\n{"received_at_ms":1}' % (NOW_MS - 3000)
    fresh.written([Record(1, NOW_MS - 2000, lines, 2), Record(2, NOW_MS + 5000, b'{"lane":"live"}', 1)])
    assert value("cartwake_sink_queryable_seconds_sum", table=table) == 2.0, "a clock that is ahead makes no negative age"
    assert value("cartwake_sink_queryable_seconds_count", table=table) == 2
    assert value("cartwake_sink_freshness_seconds_sum") - before == 3.0


def test_a_lane_with_a_clock_of_its_own_has_no_freshness() -> None:
    before = value("cartwake_sink_freshness_seconds_count")
    Freshness("events", False, lambda: NOW_MS / 1000).written([Record(1, NOW_MS, b'{"received_at_ms":5}', 1)])
    assert value("cartwake_sink_freshness_seconds_count") == before


def test_what_waits_has_the_age_of_the_oldest_record_that_was_read() -> None:
    table = uuid.uuid4().hex
    fresh, buffer = Freshness(table, False, lambda: NOW_MS / 1000), Buffer(None, 7)
    fresh.waiting(12, buffer.oldest_ms)
    assert (value("cartwake_sink_lag_records", table=table), value("cartwake_sink_lag_seconds", table=table)) == (12, 0)
    assert buffer.unfinished == 7
    buffer.add(Record(9, NOW_MS - 1500, b"x", 1), 0.0)
    buffer.add(Record(10, NOW_MS, b"x", 1), 0.0)
    fresh.waiting(2, buffer.oldest_ms)
    assert value("cartwake_sink_lag_seconds", table=table) == 1.5
    assert buffer.unfinished == 9
