"""The limit: a producer like the collector's that sends lines which are ready, in records as large as the collector's were.

`python -m bench.producer_limit BOOTSTRAP TOPIC PARTITIONS FILE RECORD_EVENTS EVENTS` prints {"events", "seconds", "cpu_s"}. One record of a
partition is under way at a time, as with the collector.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path

import uvloop

from bench.collector_requests import read
from collector.producer import producer_of


async def send(bootstrap: str, topic: str, partitions: int, lines: list[bytes], record_events: int, events: int) -> dict[str, float]:
    producer = producer_of(bootstrap)
    await producer.start()
    rounds = max(1, events // (record_events * partitions))
    step = max(1, len(lines) - record_events)

    async def fill(partition: int) -> None:
        for number in range(rounds):
            start = (number * partitions + partition) * record_events % step
            value = b"\n".join(lines[start : start + record_events])
            await producer.send_and_wait(topic, value, partition=partition, headers=[("kind", b"event")])

    try:
        began_s, began_cpu_s = time.perf_counter(), time.process_time()
        await asyncio.gather(*(fill(partition) for partition in range(partitions)))
        seconds, cpu_s = time.perf_counter() - began_s, time.process_time() - began_cpu_s
    finally:
        await producer.stop()
    return {"events": rounds * record_events * partitions, "seconds": seconds, "cpu_s": cpu_s}


if __name__ == "__main__":
    _bootstrap, _topic, _partitions, _file, _record, _events = sys.argv[1:]
    _lines = list(read(Path(_file)))
    print(json.dumps(uvloop.run(send(_bootstrap, _topic, int(_partitions), _lines, int(_record), int(_events)))))
