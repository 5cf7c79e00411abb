"""How far a lane's worker has come in its topic `events`, from what its state says: nothing else decides where it goes on."""

from __future__ import annotations

from aiokafka import AIOKafkaConsumer, TopicPartition

from runtime.settings import Settings
from schemas.journeys import OFFSET_KEY
from schemas.topics import lane_topic

LOOK_BACK = 1_000  # records of the state: each transaction ends with the offset, so that the last few hold it


async def applied(settings: Settings, lane: str) -> dict[int, int]:
    """By partition of `events` the offset that the worker would read next. Ask while no worker of the lane runs."""
    topic = lane_topic(lane, "identify-state")
    consumer = AIOKafkaConsumer(bootstrap_servers=settings.kafka_bootstrap, isolation_level="read_committed", enable_auto_commit=False)
    await consumer.start()
    try:
        await consumer._client.force_metadata_update()
        keys = [TopicPartition(topic, number) for number in sorted(consumer.partitions_for_topic(topic) or ())]
        return {key.partition: await _applied(consumer, key) for key in keys}
    finally:
        await consumer.stop()


async def _applied(consumer: AIOKafkaConsumer, key: TopicPartition) -> int:
    consumer.assign([key])
    begin, end = (await consumer.beginning_offsets([key]))[key], (await consumer.end_offsets([key]))[key]
    back, found = LOOK_BACK, -1
    while found < 0 and end > begin:
        start = max(begin, end - back)
        consumer.seek(key, start)
        while await consumer.position(key) < end:
            for record in (await consumer.getmany(key, timeout_ms=200)).get(key, ()):
                found = int(record.value) if record.key == OFFSET_KEY and record.value is not None else found
        if start == begin:
            break
        back *= 10
    return found + 1
