"""A real collector in a process of its own, for tests: `with collector_on(bootstrap, folder) as collector:`."""

from __future__ import annotations

import http.client
import os
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from aiokafka import AIOKafkaConsumer, TopicPartition

from runtime.address import collector_url, trust
from runtime.local.ports import free_port
from runtime.settings import Settings, to_env
from runtime.topics import create_topics
from schemas.topics import lane_topic
from tests.waiting import until

SECRET = "sk_test"
PARTITIONS = 3
BEARER = {"Authorization": f"Bearer {SECRET}"}


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    json: Any


@dataclass
class Collector:
    """A collector that runs; `settings` are its own."""

    settings: Settings
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return collector_url(self.settings)

    async def post(self, path: str, body: Any, headers: dict[str, str] | None = None) -> Reply:
        return await self.ask("POST", path, body, headers)

    async def ask(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Reply:
        options: dict[str, Any] = {"data": body} if isinstance(body, bytes) else {} if body is None else {"json": body}
        secure: Any = trust(self.settings) or True
        async with (
            aiohttp.ClientSession() as session,
            session.request(method, self.url + path, headers=headers, ssl=secure, **options) as response,
        ):
            text = await response.read()
            is_json = response.headers.get("Content-Type", "").startswith("application/json")
            return Reply(
                response.status,
                {name.lower(): value for name, value in response.headers.items()},
                await response.json() if is_json else text,
            )

    def end(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(20)


@contextmanager
def collector_on(bootstrap: str, folder: Path, *arguments: str, **changes: Any) -> Iterator[Collector]:
    """A collector on a Kafka, alive but perhaps not ready; stopped at the end."""
    settings = Settings(
        **{
            "kafka_bootstrap": bootstrap,
            "collector_port": free_port(),
            "data_dir": str(folder),
            "secret_key": SECRET,
            "partitions": 3,
            **changes,
        }
    )
    process = subprocess.Popen([sys.executable, "-m", "collector", *arguments], env={**os.environ, **to_env(settings)})
    collector = Collector(settings, process)
    try:
        until(lambda: _is_alive(settings), what="the collector's /healthz")
        yield collector
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def _is_alive(settings: Settings) -> bool:
    """Without an event loop: a test may be running in one."""
    where = ("127.0.0.1", settings.collector_port)
    secure = ssl._create_unverified_context() if settings.tls_certificate else None
    connection = http.client.HTTPSConnection(*where, timeout=5, context=secure) if secure else http.client.HTTPConnection(*where, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def make_lane(settings: Settings, lane: str) -> str:
    """The lane's topics; returns its name."""
    create_topics(settings, lane)
    return lane


async def records_of(bootstrap: str, lane: str, topic: str) -> list[Any]:
    """All records that a topic holds now, partition by partition, in order."""
    options = {"enable_auto_commit": False, "auto_offset_reset": "earliest", "isolation_level": "read_committed"}
    async with AIOKafkaConsumer(bootstrap_servers=bootstrap, **options) as consumer:
        parts = [TopicPartition(lane_topic(lane, topic), number) for number in range(PARTITIONS)]
        consumer.assign(parts)
        ends = await consumer.end_offsets(parts)
        found: dict[Any, list[Any]] = {part: [] for part in parts}
        while any([await consumer.position(part) < ends[part] for part in parts]):
            for part, records in (await consumer.getmany(timeout_ms=200)).items():
                found[part] += records
        return [record for part in parts for record in found[part]]


async def lines_of(bootstrap: str, lane: str, topic: str = "events") -> list[bytes]:
    """All lines of a topic's records; ticks left out."""
    records = await records_of(bootstrap, lane, topic)
    return [line for record in records if dict(record.headers).get("kind") != b"tick" for line in record.value.split(b"\n")]
