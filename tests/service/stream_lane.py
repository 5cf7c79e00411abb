"""A lane of the stream on a real Kafka: topics, worker processes, events in, rows out."""

import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import msgspec
import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from runtime.applied import written_ends
from runtime.settings import load
from runtime.topics import create_topics
from schemas.journeys import Kind, Tick
from schemas.topics import lane_topic, load_topics

PARTITIONS = 4
HOPS = 4  # rounds of ticks: each carries what was forwarded between partitions one hop further


class StreamLane:
    """`send` lines by partition, `settle` until everything sent is in the results, `latest` rows as the warehouse would keep them."""

    def __init__(self, bootstrap: str, lane: str, folder: Path) -> None:
        self.bootstrap, self.lane, self.folder = bootstrap, lane, folder
        self.env = {
            **os.environ,
            "CARTWAKE_KAFKA_BOOTSTRAP": bootstrap,
            "CARTWAKE_DATA_DIR": str(folder),
            "CARTWAKE_PARTITIONS": str(PARTITIONS),
        }
        create_topics(load(env=self.env), lane)
        self.workers: list[subprocess.Popen[bytes]] = []
        self.rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self._clocks: dict[int, int] = {}

    async def __aenter__(self) -> "StreamLane":
        self._producer = AIOKafkaProducer(bootstrap_servers=self.bootstrap, acks="all", enable_idempotence=True)
        topics = [lane_topic(self.lane, topic.name) for topic in load_topics() if topic.table]
        self._consumer = AIOKafkaConsumer(
            *topics,
            bootstrap_servers=self.bootstrap,
            isolation_level="read_committed",
            auto_offset_reset="earliest",
            enable_auto_commit=False,
        )
        await self._producer.start()
        await self._consumer.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._producer.stop()
        await self._consumer.stop()
        for worker in self.workers:
            worker.kill()
            worker.wait()

    def start_worker(self, *options: str) -> subprocess.Popen[bytes]:
        with (self.folder / f"worker-{len(self.workers)}.log").open("wb") as log:
            worker = subprocess.Popen(
                [sys.executable, "-m", "streams", "worker", "--lane", self.lane, *options], env=self.env, stderr=log, stdout=log
            )
        self.workers.append(worker)
        return worker

    async def send(self, lines: dict[int, list[bytes]]) -> None:
        for partition, found in lines.items():
            await self._send(partition, b"\n".join(found), Kind.EVENT)

    async def tick(self, now_ms: int) -> None:
        for partition in range(PARTITIONS):
            await self._send(partition, msgspec.json.encode(Tick(now_ms=now_ms)), Kind.TICK)

    async def _send(self, partition: int, value: bytes, kind: Kind) -> None:
        topic = lane_topic(self.lane, "events")
        await self._producer.send_and_wait(topic, value, partition=partition, headers=[("kind", kind.encode())])

    async def settle(self, now_ms: int) -> None:
        """Until what was sent has reached the results on every partition."""
        for round_ms in range(now_ms, now_ms + HOPS):
            await self.tick(round_ms)
            await self.reach(round_ms)
        await self.read_to_the_end()

    async def read_to_the_end(self) -> None:
        """A clock may be read before the rows that were committed with it."""
        for tp, end in (await written_ends(self.bootstrap, list(self._consumer.assignment()))).items():
            while await self._consumer.position(tp) < end:
                await self.read()

    async def reach(self, now_ms: int) -> None:
        while len(self._clocks) < PARTITIONS or min(self._clocks.values()) < now_ms:
            await self.read()

    async def read(self) -> None:
        """Take what is committed in the result topics now."""
        for tp, records in (await self._consumer.getmany(timeout_ms=200)).items():
            name = tp.topic.removeprefix(f"{self.lane}.")
            for record in records:
                if name == "journeys" and dict(record.headers).get("kind") != b"event":
                    continue
                found = [orjson.loads(line) for line in record.value.split(b"\n")]
                self.rows[name].extend(found)
                if name == "clocks":
                    self._clocks.update({row["partition"]: max(row["now_at_ms"], self._clocks.get(row["partition"], 0)) for row in found})

    def latest(self, topic: str, *key: str) -> dict[tuple[Any, ...], dict[str, Any]]:
        found: dict[tuple[Any, ...], dict[str, Any]] = {}
        for row in self.rows[topic]:
            name = tuple(row[field] for field in key)
            assert name not in found or found[name]["version"] != row["version"], f"{topic} {name}: a version was written twice"
            if name not in found or found[name]["version"] < row["version"]:
                found[name] = row
        return {name: row for name, row in found.items() if not row.get("is_deleted")}
