"""What a sink has committed is what it is told, also by a Kafka that is only just coming up."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from aiokafka.structs import OffsetAndMetadata

from runtime.local.testing import LocalKafka, local_kafka
from runtime.topics import admin_of
from sinks.committed import committed

PARTITIONS, COMMITS = 60, 300  # enough for the coordinator to be loading for a while
GROUP = "readers"
KEYS = [TopicPartition("rows", number) for number in range(PARTITIONS)]
LATEST = {key: OffsetAndMetadata(COMMITS, "12-40") for key in KEYS[1:]}  # of the first nothing is committed


async def commit_often(bootstrap: str) -> None:
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, group_id=GROUP, enable_auto_commit=False)
    await consumer.start()
    consumer.assign(KEYS)
    for number in range(1, COMMITS + 1):
        await consumer.commit({key: OffsetAndMetadata(number, "12-40") for key in LATEST})
    await consumer.stop()


async def answers_while(kafka: LocalKafka, restarted: asyncio.Event) -> list[dict[TopicPartition, OffsetAndMetadata]]:
    """Everything that is answered until some time after the restart; a new client whenever the connection is gone."""
    answers: list[dict[TopicPartition, OffsetAndMetadata]] = []
    last = 0
    while not last or len(answers) < last + 20:
        admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
        try:
            await admin.start()
            while not last or len(answers) < last + 20:
                answers.append(await committed(admin, GROUP, KEYS))
                last = last or len(answers) * restarted.is_set()
        except KafkaError:
            await asyncio.sleep(0.01)
        finally:
            await admin.close()
    return answers


@pytest.mark.timeout(120)
async def test_a_coordinator_that_is_loading_does_not_make_a_group_forget(tmp_path: Path) -> None:
    with local_kafka(tmp_path) as kafka:
        with admin_of(kafka.bootstrap) as admin:
            admin.create_topics({"rows": {"num_partitions": PARTITIONS, "configs": {}}})
            admin.wait_for_topics(["rows"])
        await commit_often(kafka.bootstrap)
        restarted = asyncio.Event()
        asking = asyncio.create_task(answers_while(kafka, restarted))
        await asyncio.to_thread(kafka.kill)
        await asyncio.to_thread(kafka.start)
        restarted.set()
        answers = await asking
    assert len(answers) > 20 and [answer for answer in answers if answer != LATEST] == []
