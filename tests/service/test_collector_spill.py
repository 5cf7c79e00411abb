"""Kafka away: what the collector acknowledges waits on its disk, and is in Kafka when that is back, in order, whoever died meanwhile."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from runtime.local.testing import LocalKafka, local_kafka
from schemas.collected import Collected
from tests.service.collector_lab import BEARER, Collector, collector_on, lines_of, make_lane
from tests.waiting import until_async

pytestmark = pytest.mark.timeout(150)
_decode = msgspec.json.Decoder(Collected).decode


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalKafka]:
    with local_kafka(tmp_path_factory.mktemp("kafka")) as found:
        yield found


class Shop:
    """Sends numbered events of one device, one after the other, each until it is acknowledged."""

    def __init__(self, collector: Collector) -> None:
        self.collector = collector
        self.sent: list[str] = []

    async def send(self, count: int, **more: Any) -> None:
        for _ in range(count):
            name = f"m{len(self.sent)}"
            event = {"type": "track", "event": "x", "anonymousId": "d1", "messageId": name, **more}
            reply = await self.collector.post("/v1/batch", {"writeKey": "demo-web", "batch": [event]})
            assert (reply.status, reply.json["success"]) == (200, True), reply
            self.sent.append(name)

    async def spilled_bytes(self) -> float:
        text = (await self.collector.ask("GET", "/metrics")).json.decode()
        [line] = [line for line in text.splitlines() if line.startswith("cartwake_collector_spilled_bytes ")]
        return float(line.split()[1])


async def first_seen(kafka: LocalKafka) -> list[str]:
    """Ids in the order in which a reader that drops duplicates sees them."""
    return list(dict.fromkeys(_decode(line).message_id for line in await lines_of(kafka.bootstrap, "live")))


async def drained(shop: Shop) -> None:
    async def empty() -> bool:
        return await shop.spilled_bytes() == 0

    await until_async(empty, 30)


async def ready(collector: Collector) -> None:
    async def is_ready() -> bool:
        return bool((await collector.ask("GET", "/readyz")).json.get("status") == "ready")

    await until_async(is_ready, 20)


async def test_an_outage_is_waited_out_on_disk_and_in_order(kafka: LocalKafka, tmp_path: Path) -> None:
    with collector_on(kafka.bootstrap, tmp_path) as collector:
        make_lane(collector.settings, "live")
        await ready(collector)
        shop = Shop(collector)
        before = await first_seen(kafka)
        await shop.send(20)
        await asyncio.to_thread(kafka.kill)
        await shop.send(30)
        await shop.send(1, event="")
        assert await shop.spilled_bytes() > 0
        answer = await collector.ask("GET", "/readyz")
        assert (answer.status, answer.json["status"]) == (200, "spilling")
        await asyncio.to_thread(kafka.start)
        await shop.send(10)
        await drained(shop)
        await shop.send(5)
        rejected = shop.sent.pop(50)
        assert (await first_seen(kafka))[len(before) :] == shop.sent
        refused = [msgspec.json.decode(line)["message_id"] for line in await lines_of(kafka.bootstrap, "live", "rejected")]
        assert rejected in refused
    assert list((tmp_path / "spill").iterdir()) == []


async def test_a_killed_collector_leaves_its_events_to_the_next(kafka: LocalKafka, tmp_path: Path) -> None:
    await asyncio.to_thread(kafka.kill)
    with collector_on(kafka.bootstrap, tmp_path) as collector:
        first = Shop(collector)
        await first.send(40, anonymousId="d2")
        assert (await collector.ask("GET", "/readyz")).status == 503, "it has never seen Kafka"
        collector.end(signal.SIGKILL)
    files = list((tmp_path / "spill").glob("*.spill"))
    assert files
    with files[0].open("ab") as torn:
        torn.write(b'E 00000000 {"event":"cut sho')
    with collector_on(kafka.bootstrap, tmp_path) as collector:
        second = Shop(collector)
        await second.send(5, messageId="later")
        await asyncio.to_thread(kafka.start)
        make_lane(collector.settings, "live")
        await drained(second)
        seen = [_decode(line) for line in await lines_of(kafka.bootstrap, "live")]
        own = list(dict.fromkeys(event.message_id for event in seen if event.device_id == "d2"))
        assert own == first.sent
        assert [event.message_id for event in seen].count("later") >= 1


async def test_beyond_the_cap_it_is_503(kafka: LocalKafka, tmp_path: Path) -> None:
    await asyncio.to_thread(kafka.kill)
    with collector_on(kafka.bootstrap, tmp_path, spill_max_bytes=2000) as collector:
        shop = Shop(collector)
        await shop.send(2)
        event = {"type": "track", "event": "x", "anonymousId": "d1", "messageId": "big", "properties": {"x": "y" * 3000}}
        reply = await collector.post("/v1/batch", {"writeKey": "demo-web", "batch": [event]})
        assert (reply.status, reply.json["code"], "retry-after" in reply.headers) == (503, "spill_full", True)
        await shop.send(1)
    await asyncio.to_thread(kafka.start)


async def test_other_lanes_are_told_to_wait(kafka: LocalKafka, tmp_path: Path) -> None:
    """A replay keeps its events itself, and its clock must not overtake them."""
    with collector_on(kafka.bootstrap, tmp_path) as collector:
        make_lane(collector.settings, "live")
        lane = make_lane(collector.settings, "replay1")
        await ready(collector)
        await asyncio.to_thread(kafka.kill)
        body = {"writeKey": "demo-web", "batch": [{"type": "track", "event": "x", "anonymousId": "d", "messageId": "m"}]}
        reply = await collector.post("/v1/batch", body, {**BEARER, "X-Cartwake-Lane": lane})
        assert reply.status == 503
        await asyncio.to_thread(kafka.start)
