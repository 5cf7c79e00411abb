"""Workers under what goes wrong around them: strangers' records, lost or wrong group offsets, a backlog while they come and go."""

from __future__ import annotations

import asyncio
import signal
from collections import defaultdict
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from runtime.topics import admin_of
from schemas.collected import Collected, partition_key
from schemas.partition import partition_of
from schemas.topics import lane_topic
from tests.service.stream_lane import PARTITIONS, StreamLane
from tests.unit.stream_lab import DAY, HOUR, MINUTE, SHOE, T0, collected
from tests.waiting import until

PEOPLE = 12


def carts_left(at_ms: int, name: str = "p") -> list[Collected]:
    """Each of some people puts a shoe into a cart and goes."""
    return [collected("add_to_cart", at_ms + n, f"{name}{n}", device_id=f"{name}{n}", cart_id="c", items=(SHOE,)) for n in range(PEOPLE)]


async def send(lane: StreamLane, events: list[Collected]) -> None:
    lines: dict[int, list[bytes]] = defaultdict(list)
    for event in events:
        lines[partition_of(partition_key(event), PARTITIONS)].append(msgspec.json.encode(event))
    await lane.send(lines)


def fired(lane: StreamLane) -> list[str]:
    """Devices whose cart fired, once each."""
    rows = lane.rows["triggers"]
    assert all(row["version"] == 1 and row["decision"] == "send" for row in rows)
    return sorted(row["device_id"] for row in rows)


async def write(lane: StreamLane, topic: str, value: bytes | None, headers: list[tuple[str, bytes]], partition: int = 0) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=lane.bootstrap)
    await producer.start()
    await producer.send_and_wait(lane_topic(lane.lane, topic), value, key=b"stranger", partition=partition, headers=headers)
    await producer.stop()


def stop(lane: StreamLane, how: signal.Signals = signal.SIGTERM) -> None:
    worker = lane.workers[-1]
    worker.send_signal(how)
    until(lambda: worker.poll() is not None, what="the worker ends")


@pytest.mark.timeout(90)
async def test_records_of_strangers_are_rejected_and_everything_else_goes_on(kafka: str, tmp_path: Path) -> None:
    async with StreamLane(kafka, "strangers", tmp_path) as lane:
        worker = lane.start_worker()
        for topic, kind in (("events", b"event"), ("journeys", b"merge")):
            for value in (None, b"", b"{", b"\xff\xfe"):
                for headers in ([], [("kind", kind)], [("kind", b"\xff")], [("kind", b"tick")]):
                    await write(lane, topic, value, headers)
        await send(lane, carts_left(T0))
        await lane.settle(T0 + DAY)
        assert worker.poll() is None
        assert {(row["stage"], row["code"]) for row in lane.rows["rejected"]} == {
            ("identify", "internal_error"),
            ("journey", "internal_error"),
        }
        assert len(lane.rows["rejected"]) == 2 * 16
        assert fired(lane) == sorted(f"p{n}" for n in range(PEOPLE))


@pytest.mark.timeout(90)
async def test_a_group_whose_offsets_are_ahead_or_gone_loses_and_doubles_nothing(kafka: str, tmp_path: Path) -> None:
    async with StreamLane(kafka, "offsets", tmp_path) as lane:
        await send(lane, carts_left(T0))
        await lane.tick(T0 + HOUR)
        await commit_the_end(lane)
        lane.start_worker()
        await lane.settle(T0 + DAY)
        assert fired(lane) == sorted(f"p{n}" for n in range(PEOPLE))
        stop(lane)
        with admin_of(kafka) as admin:
            admin.delete_groups([f"cartwake-{lane.lane}"])
        await send(lane, carts_left(T0 + DAY + HOUR, "q"))
        lane.start_worker()
        await lane.settle(T0 + 2 * DAY)
        assert fired(lane) == sorted(f"{name}{n}" for name in "pq" for n in range(PEOPLE))
        assert len(lane.rows["journeys"]) == 2 * PEOPLE and not lane.rows["rejected"]


async def commit_the_end(lane: StreamLane) -> None:
    """Say in the worker's group that all of its input has been read."""
    consumer = AIOKafkaConsumer(bootstrap_servers=lane.bootstrap, group_id=f"cartwake-{lane.lane}", enable_auto_commit=False)
    await consumer.start()
    tps = [TopicPartition(lane_topic(lane.lane, topic), p) for topic in ("events", "journeys") for p in range(PARTITIONS)]
    consumer.assign(tps)
    await consumer.commit(await consumer.end_offsets(tps))
    await consumer.stop()


@pytest.mark.timeout(120)
async def test_workers_that_come_and_go_during_a_backlog_finish_it_without_another_record(kafka: str, tmp_path: Path) -> None:
    async with StreamLane(kafka, "backlog", tmp_path) as lane:
        rounds = 150
        for number in range(rounds):
            await send(lane, carts_left(T0 + number * MINUTE, f"r{number}-"))
            await lane.tick(T0 + number * MINUTE)
        await lane.tick(T0 + 3 * DAY)
        first = lane.start_worker()
        await lane.reach(T0 + 20 * MINUTE)
        lane.start_worker()
        await lane.reach(T0 + 60 * MINUTE)
        first.terminate()
        until(lambda: first.poll() is not None, 8, what="a worker with a backlog ends at once")
        assert first.returncode == 0
        await lane.reach(T0 + 3 * DAY)
        await lane.settle(T0 + 3 * DAY + 1)
        assert len(fired(lane)) == len(set(fired(lane))) == rounds * PEOPLE


@pytest.mark.timeout(90)
async def test_a_worker_that_is_stopped_leaves_no_transaction_open(kafka: str, tmp_path: Path) -> None:
    async with StreamLane(kafka, "left-open", tmp_path) as lane:
        for number in range(100):
            await send(lane, carts_left(T0 + number * MINUTE, f"r{number}-"))
            await lane.tick(T0 + number * MINUTE)
        lane.start_worker()
        await lane.reach(T0 + 5 * MINUTE)
        stop(lane)
        async with asyncio.timeout(8):  # less than a transaction's time-out, after which Kafka would end it
            while await ends(lane, "read_committed") != await ends(lane, "read_uncommitted"):
                await asyncio.sleep(0.1)


async def ends(lane: StreamLane, isolation_level: str) -> dict[Any, int]:
    """How far a reader comes: before an open transaction a committed one stops."""
    consumer = AIOKafkaConsumer(bootstrap_servers=lane.bootstrap, isolation_level=isolation_level)
    await consumer.start()
    names = ("journeys", "triggers", "carts", "identify-state", "journey-state")
    found: dict[Any, int] = await consumer.end_offsets(
        [TopicPartition(lane_topic(lane.lane, name), partition) for name in names for partition in range(PARTITIONS)]
    )
    await consumer.stop()
    return found
