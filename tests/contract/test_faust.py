"""What `streams/` takes from Faust and aiokafka that neither promises. A red test here after an upgrade says which of it has gone."""

from __future__ import annotations

import asyncio
import inspect
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import faust
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from faust.app.base import App
from faust.contrib.asgi import faust_app_running
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from runtime.settings import Settings, load
from runtime.topics import admin_of
from streams.app import Acked, _new_app, deliveries
from streams.lag import Progress
from streams.records import kind_of
from streams.transport import CommittedApp, CommittedTransport
from tests.waiting import eventually


def test_the_versions_that_these_tests_were_written_for() -> None:
    assert version("faust-streaming").startswith("0.15."), "read this file and streams/transport.py before you raise the pin"
    assert version("aiokafka").startswith("0.14."), "streams/changelog.py uses create_batch and send_batch in a transaction"


@pytest.mark.parametrize(
    ("owner", "name", "parameters"),
    [
        (App, "_new_transport", ["self"]),
        (driver.Consumer, "_new_consumer_thread", ["self"]),
        (driver.AIOKafkaConsumerThread, "_create_worker_consumer", ["self", "transport"]),
        (driver.Consumer, "_new_offset", ["self", "tp"]),
        (driver.Consumer, "_wait_next_records", ["self", "timeout"]),
        (driver.Consumer, "_to_message", ["self", "tp", "record"]),
        (faust.Stream, "noack", ["self"]),
        (faust.Stream, "events", ["self"]),
        (AIOKafkaProducer, "create_batch", ["self"]),
        (AIOKafkaProducer, "send_batch", ["self", "batch", "topic", "partition"]),
    ],
)
def test_what_is_overridden_or_called_is_there(owner: type, name: str, parameters: list[str]) -> None:
    assert list(inspect.signature(getattr(owner, name)).parameters) == parameters


def test_the_driver_takes_its_consumer_from_the_transport() -> None:
    assert driver.Transport.Consumer is driver.Consumer
    assert CommittedTransport.Consumer is not driver.Consumer


def _settings(bootstrap: str, folder: Path) -> Settings:
    return load(env={**os.environ, "CARTWAKE_KAFKA_BOOTSTRAP": bootstrap, "CARTWAKE_DATA_DIR": str(folder), "CARTWAKE_PARTITIONS": "2"})


def _app(bootstrap: str, folder: Path, name: str) -> CommittedApp:
    app = _new_app(_settings(bootstrap, folder), name)
    with admin_of(bootstrap) as admin:
        if name not in admin.list_topics():
            admin.create_topics({name: {"num_partitions": 2}})
            admin.wait_for_topics([name])
    return app


class Seen:
    """An agent as streams/app.py has it, that keeps its events and acknowledges none."""

    def __init__(self, app: CommittedApp, topic: str) -> None:
        self.events: list[Any] = []
        self.assigned: list[set[TP]] = []
        self.revoked: list[set[TP]] = []
        channel = app.topic(topic, key_type=bytes, value_type=bytes, value_serializer="raw", key_serializer="raw")
        app.agent(channel, name="seen", isolated_partitions=True)(self._run)
        app.on_partitions_assigned.connect(self._on_assigned, weak=False)  # type: ignore[arg-type]
        app.on_partitions_revoked.connect(self._on_revoked, weak=False)  # type: ignore[arg-type]

    async def _run(self, stream: Any) -> None:
        async for event in stream.noack().events():
            self.events.append(event)

    async def _on_assigned(self, _: Any, assigned: set[TP], **__: Any) -> None:
        self.assigned.append(set(assigned))

    async def _on_revoked(self, _: Any, revoked: set[TP], **__: Any) -> None:
        self.revoked.append(set(revoked))

    def deliveries(self) -> list[Acked]:
        return [delivery for event in self.events for delivery in deliveries(event, Progress())]

    def values(self) -> list[bytes]:
        return [delivery.value for delivery in self.deliveries()]


@asynccontextmanager
async def _producer(bootstrap: str, **options: Any) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, **options)
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


async def _committed(bootstrap: str, group: str, tp: TopicPartition) -> int | None:
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, group_id=group, enable_auto_commit=False)
    await consumer.start()
    consumer.assign([tp])
    try:
        found: int | None = await consumer.committed(tp)
        return found
    finally:
        await consumer.stop()


@pytest.mark.timeout(90)
async def test_an_agent_sees_committed_records_only_and_commits_what_was_acknowledged_only(kafka: str, tmp_path: Path) -> None:
    name = "contract-committed"
    app = _app(kafka, tmp_path, name)
    seen = Seen(app, name)
    tp = TopicPartition(name, 0)
    async with _producer(kafka, transactional_id=f"{name}-writer") as producer:
        for value, commit in [(b"first", True), (b"aborted", False), (b"second", True)]:
            await producer.begin_transaction()
            await producer.send_and_wait(name, value, partition=0, headers=[("kind", b"event"), ("trace", b"1")])
            await (producer.commit_transaction() if commit else producer.abort_transaction())
        await producer.begin_transaction()
        await producer.send_and_wait(name, b"open", partition=0)
        async with faust_app_running(app):
            await eventually(lambda: len(seen.values()) >= 2, what="both committed records arrive")
            await asyncio.sleep(3 * app.conf.broker_commit_interval)
            assert seen.values() == [b"first", b"second"], "an aborted or open transaction was read"
            assert await _committed(kafka, app.conf.id, tp) is None, "committed before it was acknowledged"
            delivery, second = seen.deliveries()
            assert (delivery.offset, delivery.value, kind_of(delivery.headers)) == (0, b"first", "event")
            assert list(delivery.headers) == [("kind", b"event"), ("trace", b"1")]
            delivery.ack()
            assert await _committed(kafka, app.conf.id, tp) in (None, 1, 2, 3, 4), "past a record that was not acknowledged"
            second.ack()
            await _until_committed(kafka, app.conf.id, tp, lambda offset: offset == 5)
            assert seen.assigned and TP(name, 0) in seen.assigned[-1]
            assert app.crashed is False
        await producer.abort_transaction()


async def _until_committed(bootstrap: str, group: str, tp: TopicPartition, done: Callable[[int | None], bool]) -> None:
    async with asyncio.timeout(20):
        while not done(await _committed(bootstrap, group, tp)):
            await asyncio.sleep(0.2)


@pytest.mark.timeout(90)
async def test_signals_tell_which_partitions_come_and_go(kafka: str, tmp_path: Path) -> None:
    name = "contract-signals"
    one, two = _app(kafka, tmp_path, name), _app(kafka, tmp_path, name)
    first, second = Seen(one, name), Seen(two, name)
    both = {TP(name, 0), TP(name, 1)}
    async with faust_app_running(one):
        await eventually(lambda: any(both <= assigned for assigned in first.assigned), 40, what="all partitions for the only member")
        async with faust_app_running(two):
            await eventually(lambda: any(both <= revoked for revoked in first.revoked), 40, what="all are revoked before they are shared")
            await eventually(  # a generation that knew only one of the two may have come first
                lambda: second.assigned and [len(seen.assigned[-1] & both) for seen in (first, second)] == [1, 1], 40, what="each has one"
            )
            await eventually(lambda: (first.assigned[-1] | second.assigned[-1]) >= both, 40, what="and not the same")


async def test_a_crash_is_told(kafka: str, tmp_path: Path) -> None:
    app = _app(kafka, tmp_path, "contract-crash")
    assert app.crashed is False
    await app.crash(RuntimeError("tried"))
    assert app.crashed is True


async def test_a_null_value_is_an_empty_line(kafka: str, tmp_path: Path) -> None:
    name = "contract-null"
    app = _app(kafka, tmp_path, name)
    seen = Seen(app, name)
    async with _producer(kafka) as producer:
        await producer.send_and_wait(name, None, key=b"k", partition=0)
        await producer.send_and_wait(name, b"after", partition=0)
    async with faust_app_running(app):
        await eventually(lambda: len(seen.values()) == 2, what="a record without a value does not end the stream")
    delivery = seen.deliveries()[0]
    assert (delivery.value, list(delivery.headers)) == (b"", [])
