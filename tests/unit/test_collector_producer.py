"""What becomes of records when a producer fails: with fake producers whose acknowledgements the test gives."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from collector.packer import NotStored
from collector.producer import KafkaLog
from schemas.journeys import Kind
from tests.waiting import eventually


class FakeProducer:
    """Takes records; `futures` by topic are their acknowledgements. Closing waits for them, as the real one's does."""

    def __init__(self) -> None:
        self.futures: dict[str, asyncio.Future[None]] = {}
        self.headers: dict[str, Any] = {}

    async def start(self) -> None:
        pass

    async def stop(self) -> None:
        await asyncio.wait([asyncio.shield(future) for future in self.futures.values()])

    async def send(self, topic: str, value: bytes, partition: int, headers: Any) -> asyncio.Future[None]:
        self.futures[topic] = asyncio.get_running_loop().create_future()
        self.headers[topic] = headers
        return self.futures[topic]


class Fixture:
    def __init__(self) -> None:
        self.producers: list[FakeProducer] = []
        self.acks: list[int] = []
        self.log = KafkaLog(self._make, lambda _, size_bytes: self.acks.append(size_bytes), close_timeout_s=0.05)

    def _make(self) -> FakeProducer:
        self.producers.append(FakeProducer())
        return self.producers[-1]

    async def sent(self, topic: str) -> asyncio.Task[None]:
        """A record that is under way."""
        task = asyncio.create_task(self.log.send(topic, 0, b"line", Kind.EVENT))
        await eventually(lambda: any(topic in producer.futures for producer in self.producers))
        return task


async def opened() -> Fixture:
    found = Fixture()
    found.log.start()
    await eventually(lambda: found.producers)
    await asyncio.sleep(0.01)
    return found


async def test_without_a_producer_nothing_is_stored() -> None:
    with pytest.raises(NotStored):
        await Fixture().log.send("events", 0, b"line", Kind.EVENT)


async def test_a_record_returns_when_it_is_acknowledged() -> None:
    found = await opened()
    task = await found.sent("events")
    assert found.log.waits_s() > 0.0
    assert not task.done()
    found.producers[0].futures["events"].set_result(None)
    await task
    assert (found.acks, found.log.waits_s()) == ([4], 0.0)
    await found.log.stop()


async def test_a_failure_makes_a_new_producer_and_leaves_the_other_records_to_the_old_one() -> None:
    found = await opened()
    failing, other = await found.sent("a"), await found.sent("b")
    old = found.producers[0]
    old.futures["a"].set_exception(OSError("out of order"))
    with pytest.raises(NotStored):
        await failing
    await eventually(lambda: len(found.producers) == 2)
    later = await found.sent("c")
    assert "c" in found.producers[1].futures
    old.futures["b"].set_result(None)
    found.producers[1].futures["c"].set_result(None)
    await asyncio.gather(other, later)
    await found.log.stop()


async def test_what_a_closed_producer_did_not_deliver_counts_as_not_stored() -> None:
    found = await opened()
    task = await found.sent("events")
    await found.log.stop()
    with pytest.raises(NotStored):
        await task


async def test_only_the_records_of_a_lane_say_their_kind() -> None:
    found = await opened()
    for topic in ("events", "lane.events", "rejected", "lane.rejected"):
        (await found.sent(topic)).cancel()
    assert {topic: len(headers) for topic, headers in found.producers[0].headers.items()} == {
        "events": 1,
        "lane.events": 1,
        "rejected": 0,
        "lane.rejected": 0,
    }
    for future in found.producers[0].futures.values():
        future.cancel()
    await found.log.stop()
