"""One lane under measurement: records in, committed lines out. Its worker is somebody else's (bench/lab.py)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from types import TracebackType
from typing import NamedTuple

import aiohttp
import psutil
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from prometheus_client.parser import text_string_to_metric_families

from bench.feed import Record, ticks
from runtime.settings import Settings
from schemas.topics import lane_topic

_MOST_IN_FLIGHT = 64  # records
_READ_MS = 200


class Lines(NamedTuple):
    """A record's lines, and the topic's name without its lane."""

    topic: str
    kind: str
    lines: list[bytes]


class Lane:
    """`async with Lane(settings, "name", topics) as lane:` `send` records, `read` what is committed in the topics that were named."""

    def __init__(self, settings: Settings, name: str, topics: Iterable[str]) -> None:
        self.settings, self.name = settings, name
        servers = settings.kafka_bootstrap
        self._producer = AIOKafkaProducer(bootstrap_servers=servers, acks="all", enable_idempotence=True, max_request_size=4 << 20)
        self._names = {lane_topic(name, topic): topic for topic in topics}
        self._consumer = AIOKafkaConsumer(
            *self._names,
            bootstrap_servers=servers,
            isolation_level="read_committed",
            auto_offset_reset="earliest",
            enable_auto_commit=False,
        )

    async def __aenter__(self) -> Lane:
        await self._producer.start()
        await self._consumer.start()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._producer.stop()
        await self._consumer.stop()

    async def send(self, records: Iterable[Record]) -> None:
        """Into `events`; returns when Kafka has them all."""
        topic = lane_topic(self.name, "events")
        waiting: set[asyncio.Future[object]] = set()
        for record in records:
            headers = [("kind", record.kind.encode())]
            waiting.add(await self._producer.send(topic, record.value, partition=record.partition, headers=headers))
            if len(waiting) >= _MOST_IN_FLIGHT:
                done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                for each in done:
                    each.result()
        await asyncio.gather(*waiting)

    async def tick(self, now_ms: int) -> None:
        await self.send(ticks(self.settings.partitions, now_ms))

    async def read(self) -> AsyncIterator[Lines]:
        """What has been committed since the last call; waits a little for it."""
        for tp, records in (await self._consumer.getmany(timeout_ms=_READ_MS)).items():
            for record in records:
                kind = (dict(record.headers).get("kind") or b"").decode()
                yield Lines(self._names[tp.topic], kind, record.value.split(b"\n"))


async def samples(url: str, name: str, **labels: str) -> list[float]:
    """The values of a metric with these labels, of a process that serves `/metrics` at `url`."""
    async with aiohttp.ClientSession() as session, session.get(f"{url}/metrics") as answer:
        text = await answer.text()
    found = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return [sample.value for sample in found if sample.name == name and labels.items() <= sample.labels.items()]


def cpu_s(pid: int) -> float:
    """Processor time that a process has used so far: what others do on the machine changes it little."""
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)
