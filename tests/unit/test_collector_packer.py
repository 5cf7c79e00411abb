"""Packing without Kafka: a fake log that acknowledges when the test says so."""

from __future__ import annotations

import asyncio

import pytest

from collector.answers import Refused
from collector.packer import Budget, NotStored, Packer, Receipt
from schemas.journeys import Kind


class FakeLog:
    """Records in the order they were sent; each waits for `acknowledge` or `fail`."""

    def __init__(self) -> None:
        self.records: list[tuple[Kind, bytes]] = []
        self._waiting: list[asyncio.Future[None]] = []

    async def send(self, value: bytes, kind: Kind) -> None:
        self.records.append((kind, value))
        self._waiting.append(asyncio.get_running_loop().create_future())
        await self._waiting[-1]

    async def acknowledge(self) -> None:
        self._waiting.pop(0).set_result(None)
        await settle()

    async def fail(self) -> None:
        self._waiting.pop(0).set_exception(OSError("gone"))
        await settle()


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def packer_of(log: FakeLog, max_record_bytes: int = 100) -> tuple[Packer, Budget]:
    budget = Budget(1000)
    return Packer(log.send, max_record_bytes, budget), budget


def put(packer: Packer, *lines: bytes, kind: Kind = Kind.EVENT) -> Receipt:
    receipt = Receipt()
    packer.put(kind, lines, receipt)
    return receipt


async def test_what_arrives_while_a_record_is_under_way_goes_into_the_next_one() -> None:
    log = FakeLog()
    packer, budget = packer_of(log)
    receipts = [put(packer, b"a")]
    await settle()
    receipts += [put(packer, b"b", b"c"), put(packer, b"d")]
    await settle()
    assert log.records == [(Kind.EVENT, b"a")]
    await log.acknowledge()
    assert log.records[1:] == [(Kind.EVENT, b"b\nc\nd")]
    await log.acknowledge()
    for receipt in receipts:
        await receipt.wait(0.1)
    assert budget.used_bytes == 0


async def test_a_record_holds_whole_lines_up_to_its_limit() -> None:
    log = FakeLog()
    packer, _ = packer_of(log, max_record_bytes=10)
    receipt = put(packer, b"aaaa", b"bbbb", b"c" * 50, b"dd", b"ee", b"ff")
    for _ in range(3):
        await settle()
        await log.acknowledge()
    await receipt.wait(0.1)
    assert [value for _, value in log.records] == [b"aaaa\nbbbb", b"c" * 50, b"dd\nee\nff"]


async def test_a_tick_is_a_record_of_its_own_behind_what_came_before() -> None:
    log = FakeLog()
    packer, _ = packer_of(log)
    put(packer, b"a")
    await settle()
    put(packer, b"b")
    put(packer, b"t", kind=Kind.TICK)
    put(packer, b"u", kind=Kind.TICK)
    put(packer, b"c")
    for _ in range(5):
        await log.acknowledge()
    assert log.records == [(Kind.EVENT, b"a"), (Kind.EVENT, b"b"), (Kind.TICK, b"t"), (Kind.TICK, b"u"), (Kind.EVENT, b"c")]


async def test_what_was_not_acknowledged_in_time_is_not_stored_and_is_taken_back() -> None:
    log = FakeLog()
    packer, budget = packer_of(log)
    first = put(packer, b"a")
    await settle()
    second = put(packer, b"b")
    for receipt in (first, second):
        with pytest.raises(NotStored):
            await receipt.wait(0.01)
    third = put(packer, b"c")
    await log.acknowledge()
    assert [value for _, value in log.records] == [b"a", b"c"]
    await log.acknowledge()
    await third.wait(0.1)
    assert budget.used_bytes == 0


async def test_a_record_that_failed_fails_its_requests_and_no_others() -> None:
    log = FakeLog()
    packer, budget = packer_of(log)
    first = put(packer, b"a")
    await settle()
    second = put(packer, b"b")
    await log.fail()
    with pytest.raises(NotStored):
        await first.wait(0.1)
    await log.acknowledge()
    await second.wait(0.1)
    assert budget.used_bytes == 0


async def test_a_request_in_several_records_is_stored_when_the_last_one_is() -> None:
    log = FakeLog()
    packer, _ = packer_of(log, max_record_bytes=5)
    receipt = put(packer, b"aaaa", b"bbbb")
    waiting = asyncio.create_task(receipt.wait(1.0))
    await settle()
    await log.acknowledge()
    assert not waiting.done()
    await log.acknowledge()
    await waiting


async def test_the_queue_is_bounded() -> None:
    log = FakeLog()
    packer, budget = packer_of(log)
    put(packer, b"a" * 899)
    budget.need(100)
    with pytest.raises(Refused) as refused:
        budget.need(101)
    assert (refused.value.status, refused.value.code, refused.value.retry_after_s) == (503, "queue_full", 3)
    await settle()
    await log.acknowledge()
    budget.need(1000)


async def test_waiting_is_measured_from_when_the_record_was_sent() -> None:
    log = FakeLog()
    packer, _ = packer_of(log)
    assert packer.waits_s() == 0.0
    put(packer, b"a")
    await settle()
    assert packer.waits_s() > 0.0
    await log.acknowledge()
    assert packer.waits_s() == 0.0
