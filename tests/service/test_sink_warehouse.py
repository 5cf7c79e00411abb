"""The sink on real Kafka and real ClickHouse: every row of a committed transaction is in its table, once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from schemas.items import Item
from schemas.rows import CartRow, ClockRow
from tests.service.sink_lab import EVENT, FORWARD, Lab, event, lines, send, send_in_transaction, warehouse_lab

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def bench(kafka: str, warehouse: tuple[str, int], tmp_path: Path) -> Iterator[Lab]:
    with warehouse_lab(kafka, *warehouse, tmp_path) as made:
        yield made


def feed(bench: Lab, name: str, values: list[bytes], partition: int = 0) -> None:
    headers = EVENT if name == "journeys" else None
    asyncio.run(send(bench.settings.kafka_bootstrap, bench.topic(name), values, headers, partition))


def events(bench: Lab, ids: list[str], a_record: int = 5) -> list[bytes]:
    rows = [event(bench.lane, each) for each in ids]
    return [lines(rows[start : start + a_record]) for start in range(0, len(rows), a_record)]


def test_a_row_arrives_with_all_its_columns(bench: Lab) -> None:
    shoe = Item(product_id="p1", name="Shoe", category="shoes", brand="acme", price=Decimal("12.50"), quantity=2)
    row = event(bench.lane, "m1", items=(shoe,), value=Decimal("25.00"), currency="EUR", late=True, props={"size": {"eu": 42}})
    cart = CartRow(
        lane=bench.lane,
        episode_id="e",
        person_id="d:1",
        cart_id="",
        status="open",
        opened_at_ms=1000,
        changed_at_ms=2000,
        version=1,
        items=(shoe,),
    )
    feed(bench, "journeys", [lines([row])])
    feed(bench, "carts", [lines([cart])])
    bench.start()
    bench.drained()
    [found] = bench.rows("SELECT *, product_id, category, brand FROM events")
    assert (found["occurred_at"], found["client_at"], found["source"]) == ("2023-11-14 22:13:20.123", None, "web")
    assert (found["late"], found["value"], found["props"]) == (True, 25, {"size": {"eu": 42}})
    assert found["items"][0] | {"price": 12.5, "quantity": 2, "variant": ""} == found["items"][0]
    assert (found["product_id"], found["category"], found["brand"]) == ("p1", "shoes", "acme")
    [found] = bench.rows("SELECT * FROM carts_now")
    assert (found["opened_at"], found["abandoned_at"], found["step"], found["is_deleted"]) == ("1970-01-01 00:00:01.000", None, "cart", 0)


def test_only_events_of_committed_transactions_are_rows(bench: Lab) -> None:
    bootstrap, topic = bench.settings.kafka_bootstrap, bench.topic("journeys")
    asyncio.run(send_in_transaction(bootstrap, topic, events(bench, ["a", "b"]), abort=False, headers=EVENT))
    asyncio.run(send_in_transaction(bootstrap, topic, events(bench, ["no"]), abort=True, headers=EVENT))
    asyncio.run(send_in_transaction(bootstrap, topic, events(bench, ["forwarded"]), abort=False, headers=FORWARD))
    bench.start()
    bench.drained()
    bench.exactly("events", ["a", "b"])


def test_sigterm_ends_well_and_the_next_sink_goes_on(bench: Lab) -> None:
    feed(bench, "journeys", events(bench, ["a"]))
    first = bench.start()
    bench.drained()
    assert bench.stop(first) == 0, bench.logs()
    feed(bench, "journeys", events(bench, ["b"]))
    bench.start()
    bench.drained()
    bench.exactly("events", ["a", "b"])


@pytest.mark.parametrize(
    "steps",
    [["before_intent"], ["after_intent", "after_insert"], ["after_good_rows"], ["after_insert", "after_good_rows"], ["after_commit"]],
)
def test_kill_9_at_each_step(bench: Lab, steps: list[str]) -> None:
    """Records that arrive after the kill must not change the range that is repeated."""
    ids = [f"m{number}" for number in range(100)]
    values = events(bench, ids)
    feed(bench, "journeys", values[:8], partition=0)
    feed(bench, "journeys", values[8:12], partition=1)
    bench.killed_at(steps[0])
    feed(bench, "journeys", values[12:], partition=0)
    for step in steps[1:]:
        bench.killed_at(step)
    bench.start()
    bench.drained()
    bench.exactly("events", ids)


@pytest.mark.parametrize("step", ["after_verdict", "after_good_rows", "after_rejected_rows", "after_insert"])
def test_kill_9_while_bad_rows_are_set_aside(bench: Lab, step: str) -> None:
    ids = [f"m{number}" for number in range(40)]
    values = events(bench, ids)
    bad = [b'{"lane":"x","occurred_at_ms":"yesterday"}', b"\xff\xfe{", b'{"items":7}']
    feed(bench, "journeys", [*values[:3], b"\n".join([values[3], bad[0]]), *bad[1:], *values[4:]])
    bench.killed_at(step)
    bench.start()
    bench.drained()
    bench.exactly("events", ids)
    found = bench.rows(f"SELECT raw, encoding, stage, code FROM rejected WHERE lane = '{bench.lane}'")
    assert sorted((row["raw"], row["encoding"]) for row in found) == [
        ("//57", "base64"),
        (bad[2].decode(), "utf-8"),
        (bad[0].decode(), "utf-8"),
    ]
    assert {(row["stage"], row["code"]) for row in found} == {("sink", "internal_error")}


def test_two_sinks_share_the_partitions_and_one_dies(bench: Lab) -> None:
    ids = [f"m{number}" for number in range(200)]
    values = events(bench, ids)
    first = bench.start()
    feed(bench, "journeys", values[:10], partition=0)
    bench.start()
    feed(bench, "journeys", values[10:20], partition=1)
    bench.drained()
    first.kill()
    feed(bench, "journeys", values[20:30], partition=0)
    feed(bench, "journeys", values[30:], partition=1)
    bench.drained()
    bench.exactly("events", ids)


def test_clocks_are_the_latest_of_each_partition(bench: Lab) -> None:
    rows = [ClockRow(lane=bench.lane, partition=1, now_at_ms=now, version=now) for now in (1000, 3000, 2000)]
    feed(bench, "clocks", [lines([row]) for row in rows])
    bench.start()
    bench.drained()
    assert [row["now_at"] for row in bench.rows("SELECT now_at FROM clocks_now")] == ["1970-01-01 00:00:03.000"]
