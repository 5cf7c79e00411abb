"""The changelog of a pipeline: where its state and the last applied input offset are kept, and how they are read back."""

from collections.abc import AsyncGenerator
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

_FETCH_BYTES = 4 << 20


async def _reader(bootstrap: str, tp: TopicPartition) -> AIOKafkaConsumer:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=_FETCH_BYTES,
        fetch_max_wait_ms=50,
    )
    await consumer.start()
    consumer.assign([tp])
    return consumer


async def read_range(bootstrap: str, topic: str, partition: int, first: int, end: int) -> AsyncGenerator[Any, None]:
    """Committed records with first <= offset < end, in order; what retention has removed is left out."""
    tp = TopicPartition(topic, partition)
    consumer = await _reader(bootstrap, tp)
    try:
        begin = (await consumer.beginning_offsets([tp]))[tp]
        consumer.seek(tp, max(first, begin))
        while await consumer.position(tp) < end:
            for record in (await consumer.getmany(tp, timeout_ms=200, max_records=20_000)).get(tp, ()):
                if record.offset < end:
                    yield record
    finally:
        await consumer.stop()


async def read_state(bootstrap: str, topic: str, partition: int) -> dict[bytes, bytes]:
    """The latest value of each key. Call it after the producer's fencing, so that no transaction of an earlier owner is open."""
    tp = TopicPartition(topic, partition)
    consumer = await _reader(bootstrap, tp)
    found: dict[bytes, bytes] = {}
    try:
        end = (await consumer.end_offsets([tp]))[tp]
        await consumer.seek_to_beginning(tp)
        while await consumer.position(tp) < end:
            for record in (await consumer.getmany(tp, timeout_ms=200, max_records=20_000)).get(tp, ()):
                if record.value is None:
                    found.pop(record.key, None)
                else:
                    found[record.key] = record.value
    finally:
        await consumer.stop()
    return found


async def write_state(producer: AIOKafkaProducer, topic: str, partition: int, changes: dict[bytes, bytes | None]) -> list[Any]:
    """Put the changes into the open transaction as whole batches; the futures are done when Kafka has them."""
    futures = []
    batch = producer.create_batch()
    for key, value in changes.items():
        if batch.append(key=key, value=value, timestamp=None) is None:
            batch.close()
            futures.append(await producer.send_batch(batch, topic, partition=partition))
            batch = producer.create_batch()
            if batch.append(key=key, value=value, timestamp=None) is None:
                raise ValueError(f"state of {key!r} is larger than a batch: {len(value or b'')} bytes")
    batch.close()
    futures.append(await producer.send_batch(batch, topic, partition=partition))
    return futures
