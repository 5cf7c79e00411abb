"""The warehouse goes away and comes back: nothing is lost, nothing is doubled, and the memory stays bounded."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from aiokafka import AIOKafkaProducer

from runtime.local.ports import free_port
from runtime.local.testing import LocalWarehouse, local_warehouse
from sinks.warehouse import MAX_BUFFERED_BYTES
from tests.service.sink_lab import EVENT, Lab, event, lines, send, warehouse_lab
from tests.waiting import until

pytestmark = pytest.mark.timeout(180)
A_MIB = 1 << 20


@pytest.fixture(scope="module")
def mortal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalWarehouse]:
    """A warehouse that these tests may kill."""
    with local_warehouse(tmp_path_factory.mktemp("mortal")) as service:
        yield service


@pytest.fixture
def bench(kafka: str, mortal: LocalWarehouse, tmp_path: Path) -> Iterator[Lab]:
    with warehouse_lab(kafka, mortal.host, mortal.port, tmp_path) as made:
        yield made


def feed(bench: Lab, ids: list[str], padding: str = "", partition: int = 0) -> None:
    rows = [event(bench.lane, each, page_url=padding) for each in ids]
    values = [lines(rows[start : start + 5]) for start in range(0, len(rows), 5)]
    asyncio.run(send(bench.settings.kafka_bootstrap, bench.topic("journeys"), values, EVENT, partition))


def metric(port: int, name: str) -> float:
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        found = re.search(rf"^{name}(?:\{{.*\}})? (\S+)$", answer.read().decode(), re.MULTILINE)
    return float(found[1]) if found else 0.0


def status(port: int, path: str) -> int:
    try:
        with urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return int(answer.status)
    except HTTPError as error:
        return error.code
    except OSError:
        return 0


def test_the_warehouse_is_killed_again_and_again(bench: Lab, mortal: LocalWarehouse) -> None:
    ids = [f"m{number}" for number in range(300)]
    sink = bench.start()
    for part in range(3):
        feed(bench, ids[part * 100 : part * 100 + 50], partition=0)
        mortal.kill()
        feed(bench, ids[part * 100 + 50 : part * 100 + 100], partition=1)
        mortal.start()
    bench.drained()
    bench.exactly("events", ids)
    assert bench.stop(sink) == 0


def test_it_stops_reading_while_the_warehouse_is_away(bench: Lab, mortal: LocalWarehouse) -> None:
    port = free_port()
    bench.start("warehouse", "--metrics-port", str(port))
    until(lambda: status(port, "/readyz") == 200, 30)
    mortal.kill()
    try:
        ids = [f"m{number}" for number in range(350)]
        feed(bench, ids, padding="x" * 100_000)
        until(lambda: metric(port, "cartwake_sink_paused_partitions") == 1, 30)
        assert metric(port, "cartwake_sink_buffered_bytes") < 32 * A_MIB
        until(lambda: status(port, "/readyz") == 503, 30, "the first insert that fails may come after the pause")
        assert status(port, "/healthz") == 200
    finally:
        mortal.start()
    bench.drained()
    bench.exactly("events", ids)
    until(lambda: status(port, "/readyz") == 200, 10)


async def feed_packed(lab: Lab, ids: list[str]) -> None:
    """Rows that are small in Kafka and large in memory, over all partitions."""
    bootstrap = lab.settings.kafka_bootstrap
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, compression_type="zstd", max_request_size=4 * A_MIB) as producer:
        for number, each in enumerate(ids):
            line = lines([event(lab.lane, each, page_url="x" * 400_000)])
            await producer.send(lab.topic("journeys"), line, partition=number % lab.settings.partitions, headers=EVENT)
        await producer.flush()


def test_what_was_fetched_packed_does_not_fill_the_memory(kafka: str, mortal: LocalWarehouse, tmp_path: Path) -> None:
    """200 MiB in 12 partitions, in a few packed batches: all could be taken at once."""
    with warehouse_lab(kafka, mortal.host, mortal.port, tmp_path, partitions=12) as lab:
        ids, bound = [f"m{number}" for number in range(500)], MAX_BUFFERED_BYTES + 12 * 401_000  # one more of each partition that had none
        mortal.kill()
        try:
            asyncio.run(feed_packed(lab, ids))
            port = free_port()
            sink = lab.start("warehouse", "--metrics-port", str(port))
            until(lambda: status(port, "/healthz") == 200, 30)
            until(lambda: metric(port, "cartwake_sink_paused_partitions") == 12, 60, "the sink is full")
            assert 64 * A_MIB < metric(port, "cartwake_sink_buffered_bytes") <= bound
        finally:
            mortal.start()
        largest = 0.0
        while lab.behind():
            largest = max(largest, metric(port, "cartwake_sink_buffered_bytes"))
        assert largest <= bound
        lab.exactly("events", ids)
        assert lab.stop(sink) == 0


def test_a_table_that_is_missing_holds_up_no_other(bench: Lab) -> None:
    bench.execute("RENAME TABLE carts TO elsewhere")
    asyncio.run(send(bench.settings.kafka_bootstrap, bench.topic("carts"), [b'{"lane":"x"}']))
    feed(bench, ["a"])
    bench.start()
    until(lambda: bench.count("events") == 1, 30, "events come though carts cannot")
    assert bench.count("rejected") == 0
    bench.execute("RENAME TABLE elsewhere TO carts")
    bench.drained()
    assert bench.rows("SELECT lane FROM carts") == [{"lane": "x"}]
