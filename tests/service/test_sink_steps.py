"""Tables that are filled by materialised views, through every way the sink or the warehouse can die: each row once, in each of them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from runtime.local.testing import LocalWarehouse, local_warehouse
from sinks.faults import STEPS
from tests.service.sink_lab import EVENT, Lab, event, lines, send, warehouse_lab
from tests.waiting import until

pytestmark = pytest.mark.timeout(180)
WEBHOOK_STEPS = {"after_post"}
BAD_ROW_STEPS = {"after_verdict", "after_rejected_rows"}
# A table without anything that would hide a double: what was written twice is there twice.
WINDOW = "SETTINGS non_replicated_deduplication_window = 10000"
SEEN = f"CREATE TABLE seen (lane String, message_id String) ENGINE = MergeTree ORDER BY message_id {WINDOW}"
SEEN_FROM_EVENTS = "CREATE MATERIALIZED VIEW seen_from_events TO seen AS SELECT lane, message_id FROM events"
# As above, but refuses rows as long as `closed` has any.
REFUSING = "SELECT lane, message_id FROM events WHERE throwIf(materialize((SELECT count() FROM closed)) > 0, 'closed for the test') = 0"


@pytest.fixture(scope="module")
def mortal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalWarehouse]:
    """A warehouse that these tests may kill."""
    with local_warehouse(tmp_path_factory.mktemp("mortal")) as service:
        yield service


@pytest.fixture
def bench(kafka: str, mortal: LocalWarehouse, tmp_path: Path) -> Iterator[Lab]:
    with warehouse_lab(kafka, mortal.host, mortal.port, tmp_path) as made:
        made.execute(SEEN)
        made.execute(SEEN_FROM_EVENTS)
        yield made


def feed(bench: Lab, ids: list[str], partition: int = 0, bad: bytes = b"") -> None:
    rows = [event(bench.lane, each, event="purchase", person_id=f"u:{each}", order_id=f"order {each}") for each in ids]
    values = [lines(rows[start : start + 5]) for start in range(0, len(rows), 5)]
    if bad:
        values[0] += b"\n" + bad
    asyncio.run(send(bench.settings.kafka_bootstrap, bench.topic("journeys"), values, EVENT, partition))


def everywhere(bench: Lab, ids: list[str]) -> None:
    bench.exactly("events", ids)
    bench.exactly("seen", ids)
    bench.exactly("orders", ids)
    bench.exactly("persons", [f"u:{each}" for each in ids], column="person_id")


@pytest.mark.parametrize("step", [step for step in STEPS if step not in WEBHOOK_STEPS])
def test_kill_9_of_the_sink_at_each_step(bench: Lab, step: str) -> None:
    ids = [f"m{number}" for number in range(60)]
    feed(bench, ids[:30], bad=b'{"items":7}' if step in BAD_ROW_STEPS else b"")
    feed(bench, ids[30:40], partition=1)
    bench.killed_at(step)
    feed(bench, ids[40:])
    bench.start()
    bench.drained()
    everywhere(bench, ids)
    assert bench.count("rejected") == (step in BAD_ROW_STEPS)


def test_kill_9_of_the_warehouse_in_the_middle_of_inserts(bench: Lab, mortal: LocalWarehouse) -> None:
    """Each time it is killed while an insert is under way, for as long as there are rows."""
    ids = [f"m{number}" for number in range(20_000)]
    feed(bench, ids[:10_000])
    feed(bench, ids[10_000:], partition=1)
    bench.settings = replace(bench.settings, sink_max_rows=2_000, sink_flush_s=0.02)
    bench.start()
    for share in (0.0, 0.2, 0.4, 0.6):
        least = int(share * len(ids))
        until(partial(_is_inserting, bench, least), 60, "an insert is under way")
        mortal.kill()
        mortal.start()
    bench.drained()
    everywhere(bench, ids)


def _is_inserting(bench: Lab, least: int) -> bool:
    """And so many rows are there already."""
    return bench.count("events") >= least and bool(
        bench.rows("SELECT 1 AS x FROM system.processes WHERE query LIKE 'INSERT INTO events %'")
    )


def test_a_view_that_fails_is_repeated_until_all_tables_have_the_rows(bench: Lab) -> None:
    """The rows may be in `events` before the view fails: they are not doubled there when the insert is repeated."""
    bench.execute("CREATE TABLE closed (x UInt8) ENGINE = Memory")
    bench.execute("INSERT INTO closed VALUES (1)")
    bench.execute("DROP TABLE seen_from_events")
    bench.execute(f"CREATE MATERIALIZED VIEW seen_from_events TO seen AS {REFUSING}")
    ids = [f"m{number}" for number in range(40)]
    feed(bench, ids)
    bench.start()
    until(lambda: "closed for the test" in bench.logs(), 30, "the insert fails")
    bench.execute("TRUNCATE TABLE closed")
    bench.drained()
    everywhere(bench, ids)
