"""The embedded Kafka is a real one: it serves clients, survives kill -9, and keeps its data and its cluster."""

from __future__ import annotations

from pathlib import Path

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from runtime.local.lag import consumer_lag
from runtime.local.testing import local_kafka
from runtime.topics import admin_of


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
