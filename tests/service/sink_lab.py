"""A lane with topics and a database of its own on real services, and sinks as real processes that can be killed."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from runtime.local.lag import group_offsets
from runtime.settings import Settings, to_env
from runtime.topics import admin_of, create_topics
from schemas.rows import EventRow
from schemas.topics import lane_topic, table_topics
from tests.databases import database
from tests.waiting import until

EVENT = [("kind", b"event")]
FORWARD = [("kind", b"forward")]


@dataclasses.dataclass
class Lab:
    """`start` starts sinks; all that are left are killed at the end of the test."""

    settings: Settings
    lane: str
    folder: Path
    processes: list[subprocess.Popen[bytes]] = dataclasses.field(default_factory=list)

    def start(self, command: str = "warehouse", *options: str, die_at: str = "") -> subprocess.Popen[bytes]:
        argv = [sys.executable, "-m", "sinks", command, "--lane", self.lane, *options]
        env = {**os.environ, **to_env(self.settings), "CARTWAKE_SINK_DIE_AT": die_at}
        with (self.folder / f"{command}-{len(self.processes)}.log").open("wb") as out:
            process = subprocess.Popen(argv, env=env, stdout=out, stderr=subprocess.STDOUT)
        self.processes.append(process)
        return process

    def killed_at(self, die_at: str) -> None:
        """Run a sink until it kills itself at that step."""
        assert self.start(die_at=die_at).wait(30) == -signal.SIGKILL, self.logs()

    def stop(self, process: subprocess.Popen[bytes]) -> int:
        process.terminate()
        return process.wait(20)

    def logs(self) -> str:
        return "\n".join(file.read_text(errors="replace")[-3000:] for file in sorted(self.folder.glob("*.log")))

    def topic(self, name: str) -> str:
        return lane_topic(self.lane, name)

    def rows(self, sql: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.execute(sql + " FORMAT JSONEachRow").splitlines()]

    def execute(self, sql: str) -> bytes:
        where = {"database": self.settings.warehouse_database, "output_format_json_quote_64bit_integers": "0"}
        url = f"http://{self.settings.warehouse_host}:{self.settings.warehouse_port}/?{urlencode(where)}"
        with urlopen(url, sql.encode(), timeout=30) as answer:
            return bytes(answer.read())

    def count(self, table: str, where: str = "1") -> int:
        return int(self.rows(f"SELECT count() AS n FROM {table} WHERE lane = '{self.lane}' AND {where}")[0]["n"])

    def drained(self) -> None:
        """Wait until the sink has committed the end of every partition: then no row is still to come."""
        until(lambda: not self.behind(), 40, "the sink reads to the end")

    def behind(self) -> dict[TopicPartition, int]:
        from kafka.admin import OffsetSpec
        from kafka.structs import TopicPartition as Key

        keys = [Key(self.topic(topic.name), number) for topic in table_topics() for number in range(self.settings.partitions)]
        with admin_of(self.settings.kafka_bootstrap) as admin:
            ends = admin.list_partition_offsets(dict.fromkeys(keys, OffsetSpec.LATEST))
            committed = self.committed(admin)
        return {key: ends[key].offset for key in keys if (committed.get(key, (0, ""))[0]) != ends[key].offset}

    def committed(self, admin: Any) -> dict[Any, tuple[int, str]]:
        found = group_offsets(admin, f"cartwake-{self.lane}-warehouse")
        return {key: (value.offset, value.metadata) for key, value in found.items()}

    def exactly(self, table: str, ids: Sequence[str], column: str = "message_id") -> None:
        """Each of these rows is in the table once, and no other."""
        found = self.rows(f"SELECT {column} AS id, count() AS n FROM {table} WHERE lane = '{self.lane}' GROUP BY id")
        assert {row["id"]: row["n"] for row in found} == dict.fromkeys(ids, 1), self.logs()


@contextmanager
def lab(kafka: str, folder: Path, **changes: Any) -> Iterator[Lab]:
    """Topics of a lane of its own; `changes` are settings."""
    defaults: dict[str, Any] = {"kafka_bootstrap": kafka, "partitions": 2, "sink_flush_s": 0.1, "data_dir": str(folder)}
    settings = dataclasses.replace(Settings(), **{**defaults, **changes})
    lane = f"t{uuid.uuid4().hex[:8]}"
    create_topics(settings, lane)
    made = Lab(settings, lane, folder)
    try:
        yield made
    finally:
        for process in made.processes:
            process.kill()
            process.wait()


@contextmanager
def warehouse_lab(kafka: str, host: str, port: int, folder: Path, **changes: Any) -> Iterator[Lab]:
    """With a database of its own too."""
    wanted = dataclasses.replace(Settings(), warehouse_host=host, warehouse_port=port, data_dir=str(folder), **changes)
    with database(wanted) as settings:
        where = {"warehouse_host": host, "warehouse_port": port, "warehouse_database": settings.warehouse_database}
        with lab(kafka, folder, **where, **changes) as made:
            yield made


def event(lane: str, message_id: str, **changes: Any) -> EventRow:
    row = EventRow(
        lane=lane,
        event="view_item",
        message_id=message_id,
        write_key="k",
        person_id="d:1",
        occurred_at_ms=1_700_000_000_123,
        received_at_ms=1_700_000_000_500,
    )
    return msgspec.structs.replace(row, **changes)


def lines(rows: Sequence[msgspec.Struct]) -> bytes:
    return b"\n".join(map(msgspec.json.encode, rows))


async def send(
    bootstrap: str, topic: str, values: Sequence[bytes], headers: list[tuple[str, bytes]] | None = None, partition: int = 0
) -> None:
    """Send records without a transaction."""
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all") as producer:
        for value in values:
            await producer.send_and_wait(topic, value, partition=partition, headers=headers or [])


async def send_in_transaction(
    bootstrap: str, topic: str, values: Sequence[bytes], *, abort: bool, headers: list[tuple[str, bytes]]
) -> None:
    """Send records in one transaction, and end it."""
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, transactional_id=uuid.uuid4().hex) as producer:
        await producer.begin_transaction()
        for value in values:
            await producer.send_and_wait(topic, value, partition=0, headers=headers)
        await (producer.abort_transaction() if abort else producer.commit_transaction())


async def read_all(bootstrap: str, topic: str, partitions: int) -> list[bytes]:
    """Every committed record of a topic."""
    keys = [TopicPartition(topic, number) for number in range(partitions)]
    where = {"bootstrap_servers": bootstrap, "isolation_level": "read_committed", "auto_offset_reset": "earliest"}
    consumer = AIOKafkaConsumer(enable_auto_commit=False, **where)
    async with consumer:
        consumer.assign(keys)
        ends = await consumer.end_offsets(keys)
        await consumer.seek_to_beginning(*keys)
        values: list[bytes] = []
        while any([await consumer.position(key) < ends[key] for key in keys]):
            for batch in (await consumer.getmany(timeout_ms=200)).values():
                values += [message.value for message in batch]
        return values
