"""How far a lane's workers have come in their inputs, from what their state says: nothing else decides where they go on."""

from __future__ import annotations

from aiokafka import AIOKafkaConsumer, TopicPartition

from schemas.journeys import OFFSET_KEY

LOOK_BACK = 1_000  # records of the state: each transaction ends with the offset, so that the last few hold it


async def applied(bootstrap: str, state_topic: str) -> dict[int, int]:
    """By partition the input offset that would be read next. Ask while no worker of the lane runs."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, isolation_level="read_committed", enable_auto_commit=False)
    await consumer.start()
    try:
        await consumer._client.force_metadata_update()
        keys = [TopicPartition(state_topic, number) for number in sorted(consumer.partitions_for_topic(state_topic) or ())]
        ends = await written_ends(bootstrap, keys)
        return {key.partition: await _applied(consumer, key, ends[key]) for key in keys}
    finally:
        await consumer.stop()


async def written_ends(bootstrap: str, keys: list[TopicPartition]) -> dict[TopicPartition, int]:
    """One past the last offset of each, committed or not yet: Kafka answers a commit before it has marked every partition.

    Who reads committed records as far as that waits for what is open.
    """
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
    await consumer.start()
    try:
        found: dict[TopicPartition, int] = await consumer.end_offsets(keys)
    finally:
        await consumer.stop()
    return found


async def _applied(consumer: AIOKafkaConsumer, key: TopicPartition, end: int) -> int:
    consumer.assign([key])
    begin = (await consumer.beginning_offsets([key]))[key]
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
