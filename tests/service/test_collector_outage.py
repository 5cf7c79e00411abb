"""The collector while Kafka dies and comes back, and while it is itself told to stop."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from runtime.local.testing import LocalKafka, local_kafka
from runtime.settings import to_env
from schemas.collected import Collected
from tests.service.collector_lab import Collector, collector_on, lines_of, make_lane

pytestmark = pytest.mark.timeout(120)
ANSWER_WITHIN_S = 6.0
EVENTS_A_BATCH = 20


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalKafka]:
    with local_kafka(tmp_path_factory.mktemp("kafka")) as found:
        yield found


class Shoppers:
    """Batches sent without pause by several clients; knows which were acknowledged."""

    def __init__(self, collector: Collector) -> None:
        self._collector = collector
        self.acknowledged: set[str] = set()
        self.refused: list[tuple[int, str, bool]] = []  # status, code, with Retry-After
        self.slowest_s = 0.0
        self._sent = 0

    async def send(self) -> bool:
        """One batch; whether it was acknowledged."""
        self._sent += 1
        ids = [f"m{self._sent}-{number}" for number in range(EVENTS_A_BATCH)]
        events = [{"type": "track", "event": "x", "anonymousId": f"d{number}", "messageId": each} for number, each in enumerate(ids)]
        began_s = time.monotonic()
        reply = await self._collector.post("/v1/batch", {"writeKey": "demo-web", "batch": events})
        self.slowest_s = max(self.slowest_s, time.monotonic() - began_s)
        if reply.status == 200:
            self.acknowledged.update(ids)
        else:
            self.refused.append((reply.status, reply.json["code"], "retry-after" in reply.headers))
        return reply.status == 200

    async def send_until(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            await self.send()
            await asyncio.sleep(0.01)

    async def send_until_acknowledged(self, within_s: float) -> None:
        deadline_s = time.monotonic() + within_s
        while not await self.send():
            assert time.monotonic() < deadline_s, f"nothing acknowledged within {within_s} s"
            await asyncio.sleep(0.1)


async def stored_ids(kafka: LocalKafka) -> list[str]:
    return [msgspec.json.decode(line, type=Collected).message_id for line in await lines_of(kafka.bootstrap, "live")]


async def test_nothing_acknowledged_is_lost_when_kafka_is_killed(kafka: LocalKafka, tmp_path: Path) -> None:
    with collector_on(kafka.bootstrap, tmp_path, spill_max_bytes=0) as collector:
        make_lane(collector.settings, "live")
        shoppers = Shoppers(collector)
        await shoppers.send_until_acknowledged(within_s=10)
        for _ in range(2):
            stop = asyncio.Event()
            clients = [asyncio.create_task(shoppers.send_until(stop)) for _ in range(4)]
            await asyncio.sleep(0.5)
            await asyncio.to_thread(kafka.kill)
            await asyncio.sleep(6.0)
            assert (await collector.ask("GET", "/readyz")).status == 503
            assert (await collector.ask("GET", "/healthz")).status == 200
            stop.set()
            await asyncio.gather(*clients)
            await asyncio.to_thread(kafka.start)
            await shoppers.send_until_acknowledged(within_s=20)
            assert (await collector.ask("GET", "/readyz")).status == 200
        assert shoppers.refused
        assert all(status == 503 and with_retry for status, _, with_retry in shoppers.refused), shoppers.refused
        assert shoppers.slowest_s < ANSWER_WITHIN_S
        assert shoppers.acknowledged <= set(await stored_ids(kafka))


async def test_it_starts_without_kafka_and_finds_it_later(kafka: LocalKafka, tmp_path: Path) -> None:
    await asyncio.to_thread(kafka.kill)
    with collector_on(kafka.bootstrap, tmp_path, spill_max_bytes=0) as collector:
        shoppers = Shoppers(collector)
        assert not await shoppers.send()
        assert shoppers.refused == [(503, "kafka_away", True)]
        await asyncio.to_thread(kafka.start)
        make_lane(collector.settings, "live")
        await shoppers.send_until_acknowledged(within_s=20)


async def test_a_signal_lets_requests_under_way_be_answered(kafka: LocalKafka, tmp_path: Path) -> None:
    with collector_on(kafka.bootstrap, tmp_path) as collector:
        make_lane(collector.settings, "live")
        shoppers = Shoppers(collector)
        await shoppers.send_until_acknowledged(within_s=10)
        under_way = [asyncio.create_task(shoppers.send()) for _ in range(20)]
        await asyncio.sleep(0.05)
        code = await asyncio.to_thread(collector.end)
        answers = await asyncio.gather(*under_way, return_exceptions=True)
        assert code == 0
        assert True in answers
        assert shoppers.acknowledged <= set(await stored_ids(kafka))


async def test_a_second_collector_does_not_share_the_port_unasked(kafka: LocalKafka, tmp_path: Path) -> None:
    with collector_on(kafka.bootstrap, tmp_path) as collector:
        command = [sys.executable, "-m", "collector"]
        second = await asyncio.to_thread(
            subprocess.run, command, env={**os.environ, **to_env(collector.settings)}, capture_output=True, timeout=20
        )
        assert (second.returncode, b"is in use" in second.stderr) == (1, True)


async def test_several_processes_share_a_port_and_their_metrics(kafka: LocalKafka, tmp_path: Path) -> None:
    with collector_on(kafka.bootstrap, tmp_path, collector_workers=2) as collector:
        make_lane(collector.settings, "live")
        shoppers = Shoppers(collector)
        await shoppers.send_until_acknowledged(within_s=10)
        for _ in range(10):
            await shoppers.send()
        metrics = (await collector.ask("GET", "/metrics")).json.decode()
        assert f'cartwake_collector_events_total{{code="",outcome="accepted"}} {11.0 * EVENTS_A_BATCH}' in metrics
        assert await asyncio.to_thread(collector.end) == 0
