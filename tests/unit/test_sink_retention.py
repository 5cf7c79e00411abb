"""How long rows stay: which statement brings a table to the setting. Real tables: tests/contract/test_migrations_cluster.py."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runtime.settings import Settings, SettingsError
from sinks.retention import check, statement

PLAIN = "MergeTree ORDER BY lane SETTINGS index_granularity = 8192"
THIRTY = "MergeTree ORDER BY lane TTL toDateTime(occurred_at) + toIntervalDay(30) SETTINGS index_granularity = 8192"


@pytest.mark.parametrize(
    ("days", "engine", "wanted"),
    [
        (0, PLAIN, ""),
        (30, THIRTY, ""),
        (30, PLAIN, "ALTER TABLE events MODIFY TTL toDateTime(occurred_at) + toIntervalDay(30)"),
        (7, THIRTY, "ALTER TABLE events MODIFY TTL toDateTime(occurred_at) + toIntervalDay(7)"),
        (0, THIRTY, "ALTER TABLE events REMOVE TTL"),
    ],
)
def test_a_table_is_changed_only_if_it_differs(days: int, engine: str, wanted: str) -> None:
    assert statement("events", days, engine) == wanted


@pytest.mark.parametrize(("table", "days"), [("clocks", 1), ("nosuch", 1), ("events", -1)])
def test_a_limit_that_makes_no_sense_is_refused(table: str, days: int) -> None:
    with pytest.raises(SettingsError, match=f"retention_days: {table}"):
        check(replace(Settings(), retention_days={table: days}))
