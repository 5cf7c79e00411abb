"""Records that nobody could have meant, on a real worker and a real sink: each is kept in `rejected`, and everything goes on."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from aiokafka import AIOKafkaProducer

from runtime.settings import to_env
from schemas.rows import EventRow
from tests.service.sink_lab import Lab, warehouse_lab
from tests.unit.stream_lab import DAY, T0, collected
from tests.waiting import until

pytestmark = pytest.mark.timeout(180)
LARGE = 4_100_000  # about what Kafka takes
GARBAGE = random.Random(7).randbytes(2000).replace(b"\n", b" ")
DEEP = b'{"a":' * 50_000 + b"1" + b"}" * 50_000
VALUES: dict[str, bytes | None] = {
    "null": None,
    "empty": b"",
    "garbage": GARBAGE,
    "invalid utf-8": b'{"event":"view_item","message_id":"\xff\xfe"}',
    "half a line": b'{"event":"view_item"',
    "deep": DEEP,
    "deep list": b"[" * 100_000,
    "large": b"x" * LARGE,
    "large, all of it escaped": b"\x01" * LARGE,
    "large, no text": b"\xff" * LARGE,
    "a number": b"1e400",
    "wrong types": b'{"event":1,"message_id":[],"write_key":{}}',
}
HEADERS: dict[str, list[tuple[str, bytes]]] = {
    "": [],
    "event": [("kind", b"event")],
    "tick": [("kind", b"tick")],
    "merge": [("kind", b"merge")],
    "forward": [("kind", b"forward")],
    "strange": [("kind", b"\xff\x00")],
}


@pytest.fixture
def bench(kafka: str, warehouse: tuple[str, int], tmp_path: Path) -> Iterator[Lab]:
    with warehouse_lab(kafka, *warehouse, tmp_path) as lab:
        yield lab


def start_worker(lab: Lab) -> subprocess.Popen[bytes]:
    argv = [sys.executable, "-m", "streams", "worker", "--lane", lab.lane]
    with (lab.folder / "worker.log").open("wb") as out:
        worker = subprocess.Popen(argv, env={**os.environ, **to_env(lab.settings)}, stdout=out, stderr=subprocess.STDOUT)
    lab.processes.append(worker)
    return worker


async def send(lab: Lab, topic: str, records: list[tuple[bytes | None, list[tuple[str, bytes]]]]) -> None:
    async with AIOKafkaProducer(
        bootstrap_servers=lab.settings.kafka_bootstrap, max_request_size=5 << 20, compression_type="lz4"
    ) as producer:
        for value, headers in records:
            await producer.send_and_wait(lab.topic(topic), value, key=b"k", partition=0, headers=headers)


def valid_but_large() -> bytes:
    """An event as the collector writes it, but so large that Kafka takes it only packed: what comes out of it fits no record."""
    return msgspec.json.encode(collected("view_item", T0, "large", props={"a": "x" * (LARGE + 50_000)}))


def all_rows(lab: Lab) -> int:
    """Of every lane: ClickHouse reads what it can of a stranger's line, and it may name no lane."""
    return int(lab.rows("SELECT count() AS n FROM events")[0]["n"])


async def test_a_worker_and_a_sink_keep_everything_and_go_on(bench: Lab) -> None:
    worker, sink = start_worker(bench), bench.start()
    poison = [(value, headers) for value in VALUES.values() for headers in HEADERS.values()]
    await send(bench, "events", poison)
    await send(bench, "events", [(valid_but_large(), HEADERS["event"])])
    await send(bench, "journeys", poison)
    good = msgspec.json.encode(collected("view_item", T0 + DAY, "good", device_id="dev"))
    await send(bench, "events", [(good, HEADERS["event"])])
    until(lambda: bench.count("events", "message_id = 'good'") == 1, 90, "the event behind all that is stored")
    until(lambda: bench.count("rejected", "stage = 'journey'") >= len(poison), 60, "the journey agent has refused as much")
    bench.drained()
    assert worker.poll() is None and sink.poll() is None, bench.logs()
    by_stage = {row["stage"]: row["n"] for row in bench.rows("SELECT stage, count() AS n FROM rejected GROUP BY stage")}
    assert (by_stage["identify"], by_stage["journey"]) == (len(poison) + 1, len(poison))
    lines_for_table = sum(bool(value) for value in VALUES.values())  # those of kind `event`, less null and empty
    assert by_stage["sink"] + all_rows(bench) == lines_for_table + 1
    cut = bench.rows("SELECT max(length(raw)) AS n, countIf(message LIKE '%bytes are kept%') AS cut FROM rejected WHERE stage != 'sink'")[0]
    assert cut["cut"] > 0 and cut["n"] < LARGE / 10


async def test_rows_that_a_stranger_wrote_well_enough_reach_the_table_or_rejected(bench: Lab) -> None:
    base = EventRow(
        lane=bench.lane,
        event="view_item",
        message_id="m",
        write_key="k",
        person_id="d:x",
        device_id="x",
        occurred_at_ms=T0,
        received_at_ms=T0,
    )
    rows = {
        "nul": msgspec.json.encode(msgspec.structs.replace(base, message_id="nul", page_title="a\x00b")),
        "dots": msgspec.json.encode(msgspec.structs.replace(base, message_id="dots", props={"a.b": 1, "a": {"b": 2}, "": 3})),
        "mixed": msgspec.json.encode(msgspec.structs.replace(base, message_id="mixed", props={"a": [1, "x", None, [2]]})),
        "deep": msgspec.json.encode(base).replace(b'"m"', b'"deep"')[:-1] + b',"props":' + b'{"a":' * 600 + b"1" + b"}" * 600 + b"}",
        "huge": msgspec.json.encode(base).replace(b'"m"', b'"huge"')[:-1] + b',"props":{"a":1e999,"b":' + b"9" * 400 + b"}}",
        "twice": msgspec.json.encode(base).replace(b'"m"', b'"twice"')[:-1] + b',"event":"purchase","props":{"a":1,"a":2}}',
    }
    worker, sink = start_worker(bench), bench.start()
    await send(bench, "journeys", [(line, HEADERS["event"]) for line in rows.values()])
    await send(bench, "journeys", [(b"\n".join(rows.values()).replace(b'"message_id":"', b'"message_id":"2'), HEADERS["event"])])
    good = msgspec.json.encode(collected("view_item", T0 + DAY, "good", device_id="dev"))
    await send(bench, "events", [(good, HEADERS["event"])])
    until(lambda: bench.count("events", "message_id = 'good'") == 1, 60, "the event behind all that is stored")
    bench.drained()
    assert worker.poll() is None and sink.poll() is None, bench.logs()
    refused = bench.count("rejected", "stage = 'sink'")
    assert all_rows(bench) - 1 + refused == 2 * len(rows)
    assert refused >= 2, "what is too deep for the table is kept, and does not hold it up"
