"""The limit: one process that only reads the topic and decodes each line, with the clients that the worker uses.

`python -m bench.limit BOOTSTRAP TOPIC PARTITIONS` prints {"events", "seconds", "cpu_s"}: from the first fetch to the last record.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition


async def read(bootstrap: str, topic: str, partitions: int) -> dict[str, float]:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        max_partition_fetch_bytes=4 << 20,
    )
    await consumer.start()
    try:
        tps = [TopicPartition(topic, partition) for partition in range(partitions)]
        consumer.assign(tps)
        left = await consumer.end_offsets(tps)
        events, began_s, began_cpu_s = 0, time.perf_counter(), time.process_time()
        while left:
            for records in (await consumer.getmany(timeout_ms=200)).values():
                for record in records:
                    for line in record.value.split(b"\n"):
                        orjson.loads(line)
                        events += 1
            left = {tp: end for tp, end in left.items() if await consumer.position(tp) < end}
        return {"events": events, "seconds": time.perf_counter() - began_s, "cpu_s": time.process_time() - began_cpu_s}
    finally:
        await consumer.stop()


if __name__ == "__main__":
    print(json.dumps(asyncio.run(read(sys.argv[1], sys.argv[2], int(sys.argv[3])))))
