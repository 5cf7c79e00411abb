"""The Python SDK straight into a real Kafka: the collector's records, in the collector's partitions, over an outage too."""

from __future__ import annotations

import asyncio
import uuid
from pathlib import Path

import msgspec
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from cartwake import Client, KafkaTransport, Rejected

from runtime.local.testing import LocalKafka, local_kafka
from schemas.collected import Collected, partition_key
from schemas.partition import partition_of
from tests.service.sink_lab import read_all

pytestmark = pytest.mark.timeout(180)
PARTITIONS = 5
_decode = msgspec.json.Decoder(Collected).decode


async def made_topic(bootstrap: str) -> str:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        name = f"sdk-{uuid.uuid4().hex[:8]}"
        await admin.create_topics([NewTopic(name, PARTITIONS, 1)])
        return name
    finally:
        await admin.close()


async def stored(bootstrap: str, topic: str) -> list[Collected]:
    return [_decode(line) for record in await read_all(bootstrap, topic, PARTITIONS) for line in record.split(b"\n")]


async def test_events_lie_where_the_collector_would_have_put_them(kafka: str) -> None:
    topic = await made_topic(kafka)
    rejected: list[Rejected] = []
    client = Client("k", transport=KafkaTransport(kafka, topic=topic), on_rejected=rejected.extend, flush_interval_s=0.01)
    for number in range(300):
        client.purchase({"order_id": f"o{number}", "value": "4.50", "currency": "EUR"}, device_id=f"d{number % 40}")
    client.purchase({"value": "much"}, user_id="ana")
    assert await asyncio.to_thread(client.close, 30.0)
    async with AIOKafkaConsumer(bootstrap_servers=kafka, auto_offset_reset="earliest", enable_auto_commit=False) as consumer:
        places = [TopicPartition(topic, number) for number in range(PARTITIONS)]
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
        records = []
        while any([await consumer.position(place) < ends[place] for place in places]):
            records += [record for batch in (await consumer.getmany(timeout_ms=200)).values() for record in batch]
    events = [(record.partition, _decode(line)) for record in records for line in record.value.split(b"\n")]
    assert sorted(event.order_id for _, event in events) == sorted(f"o{number}" for number in range(300))
    assert all(partition == partition_of(partition_key(event), PARTITIONS) for partition, event in events)
    assert {record.headers for record in records} == {(("kind", b"event"),)}
    assert [(each.code, each.reason.split(":")[0]) for each in rejected] == [("invalid_field", "value")]


async def test_an_outage_of_kafka_loses_nothing(tmp_path: Path) -> None:
    with local_kafka(tmp_path / "kafka") as service:
        assert isinstance(service, LocalKafka)
        topic = await made_topic(service.bootstrap)
        transport = KafkaTransport(service.bootstrap, topic=topic, timeout_s=2.0)
        client = Client("k", transport=transport, flush_interval_s=0.01, retry_base_s=0.05, retry_max_s=0.2)
        ids = [client.track("before", user_id="ana")]
        assert await asyncio.to_thread(client.flush, 30.0)
        service.kill()
        ids += [client.track(f"during {number}", user_id=f"u{number}") for number in range(50)]
        assert not await asyncio.to_thread(client.flush, 0.5)
        service.start()
        assert await asyncio.to_thread(client.close, 60.0)
        assert {event.message_id for event in await stored(service.bootstrap, topic)} == set(ids)
