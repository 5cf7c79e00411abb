"""Tells the streams of all running lanes: the ids, as hashes, into every partition of `events`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from erasure.lanes import Lane
from runtime.settings import Settings
from schemas.journeys import Erase, Kind


async def tell(settings: Settings, lane: Lane, hashes: Sequence[str], at_ms: int) -> dict[Any, int]:
    """The offset of the record in each partition. KafkaError when it is not there: tell again, it changes nothing."""
    from aiokafka import AIOKafkaProducer, TopicPartition

    topic, line = lane.kafka_name("events"), msgspec.json.encode(Erase(hashes=tuple(hashes), at_ms=at_ms))
    found = {}
    async with AIOKafkaProducer(bootstrap_servers=settings.kafka_bootstrap, acks="all", enable_idempotence=True) as producer:
        for partition in sorted(await producer.partitions_for(topic)):
            sent = await producer.send_and_wait(topic, line, partition=partition, headers=[("kind", Kind.ERASE.encode())])
            found[TopicPartition(topic, partition)] = sent.offset
    return found
