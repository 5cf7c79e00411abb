"""The stream engine's throughput: a feed that lies in Kafka, applied by worker processes to the end, all commits included."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from dataclasses import dataclass, replace

import msgspec
import orjson
import psutil
from aiokafka import AIOKafkaConsumer

from bench.feed import Feed, ticks
from bench.lab import ROOT, BenchError, Lab, Process
from bench.lane import samples
from bench.load import HiddenLoad, partitions_of
from bench.outputs import KEYS, Outputs
from bench.speed import Speed
from runtime.settings import DAY_S, Settings
from schemas.collected import Collected
from schemas.journeys import Kind, Tick
from schemas.topics import lane_topic
from streams.memory import MemoryStream
from streams.policies import policy_of

_HOPS = 4  # rounds of ticks: each carries what was forwarded between partitions one hop further (docs/contracts.md)
_READ_MS = 100
_TIERS_S = {"short": DAY_S, "mid": 2 * DAY_S, "long": 3 * DAY_S}  # of churn: within the days of a feed
_STALL_S = 300.0
_decode = msgspec.json.Decoder(Collected).decode
_decode_tick = msgspec.json.Decoder(Tick).decode


class Stalled(BenchError):
    """The worker has said nothing for too long. Its log is in the message."""


@dataclass(frozen=True)
class Run:
    """One measurement: `speed` from the moment the feed could be read until all of it was applied and committed."""

    speed: Speed
    transactions: int
    outputs: Outputs


class Clocks:
    """The time that each partition of a lane has come to, as its results tell."""

    def __init__(self, settings: Settings, lane: str) -> None:
        self._tps = partitions_of(lane_topic(lane, "clocks"), settings.partitions)
        self._consumer = _reader(settings)
        self._now: dict[int, int] = {}

    async def start(self) -> None:
        await self._consumer.start()
        self._consumer.assign(self._tps)

    async def reach(self, at_ms: int) -> None:
        """Returns when every partition has come so far; Stalled when none moves."""
        moved_s = time.monotonic()
        while len(self._now) < len(self._tps) or min(self._now.values()) < at_ms:
            found = await self._consumer.getmany(timeout_ms=_READ_MS)
            for records in found.values():
                moved_s = time.monotonic()
                for line in (line for record in records for line in record.value.split(b"\n")):
                    row = orjson.loads(line)
                    self._now[row["partition"]] = max(row["now_at_ms"], self._now.get(row["partition"], 0))
            if time.monotonic() - moved_s > _STALL_S:
                raise Stalled(f"nothing has moved for {_STALL_S:.0f} s; the clocks stand at {self._now}, not at {at_ms}")

    async def stop(self) -> None:
        await self._consumer.stop()


async def apply(lab: Lab, feed: Feed, lane: str, workers: int = 1) -> Run:
    """Have `workers` processes apply the feed. They run and own their partitions before the first event can be read."""
    settings = lab.lane(lane, feed.spec.partitions, churn_tiers_s=_TIERS_S)
    processes = [lab.worker(settings, lane) for _ in range(workers)]
    clocks = Clocks(settings, lane)
    await asyncio.gather(*(asyncio.to_thread(process.start) for process in processes))
    await clocks.start()
    try:
        async with HiddenLoad(settings, lane) as load:
            await load.now(ticks(settings.partitions, feed.spec.config.start_ms))
            await clocks.reach(feed.spec.config.start_ms)
            await load.fill(feed.records())
            await load.reveal()
            began_s, began_cpu_s = time.perf_counter(), _cpu_s(processes)
            await clocks.reach(feed.spec.final_ms)
            for hop in range(1, _HOPS):
                await load.now(ticks(settings.partitions, feed.spec.final_ms + hop))
                await clocks.reach(feed.spec.final_ms + hop)
            speed = Speed(feed.spec.events, time.perf_counter() - began_s, _cpu_s(processes) - began_cpu_s)
        transactions = sum([await _transactions(process) for process in processes])
    finally:
        await clocks.stop()
        for process in processes:
            await asyncio.to_thread(process.stop)
    return Run(speed, transactions, await read_outputs(settings, lane))


def _cpu_s(processes: list[Process]) -> float:
    """Processor time of all of them so far."""
    return sum(sum(psutil.Process(process.pid).cpu_times()[:2]) for process in processes)


async def _transactions(process: Process) -> int:
    return int(sum(await samples(process.url, "cartwake_stream_transactions_total", outcome="committed")))


async def read_outputs(settings: Settings, lane: str) -> Outputs:
    """All that is committed in the result topics."""
    outputs = Outputs()
    names = {lane_topic(lane, topic): topic for topic in (*KEYS, "journeys", "rejected")}
    tps = [tp for name in names for tp in partitions_of(name, settings.partitions)]
    consumer = _reader(settings)
    await consumer.start()
    try:
        consumer.assign(tps)
        left = await consumer.end_offsets(tps)
        while left:
            for tp, records in (await consumer.getmany(timeout_ms=_READ_MS)).items():
                for record in records:
                    if names[tp.topic] != "journeys":
                        outputs.add(names[tp.topic], record.value.split(b"\n"))
                    elif ("kind", Kind.EVENT.encode()) in record.headers:
                        outputs.counts["journeys"] += record.value.count(b"\n") + 1
            left = {tp: end for tp, end in left.items() if await consumer.position(tp) < end}
    finally:
        await consumer.stop()
    return outputs


def in_memory(feed: Feed) -> Outputs:
    """The same feed through the stream in memory: no Kafka, no transactions, all partitions in step."""
    settings = replace(Settings(), partitions=feed.spec.partitions, churn_tiers_s=_TIERS_S)
    stream = MemoryStream(policy_of(settings, "memory", replayed=False))
    outputs = Outputs()
    for record in feed.records():
        if record.kind is Kind.EVENT:
            stream.send([_decode(line) for line in record.value.split(b"\n")])
        elif record.partition == 0:  # a tick stands in every partition, behind what came before it
            stream.tick(_decode_tick(record.value).now_ms)
            stream.run()
            _move(stream, outputs)
    for hop in range(1, _HOPS):
        stream.tick(feed.spec.final_ms + hop)
        stream.run()
    _move(stream, outputs)
    return outputs


def _move(stream: MemoryStream, outputs: Outputs) -> None:
    """Rows from the stream into the outputs, so that memory holds only the latest."""
    for topic, rows in stream.rows.items():
        outputs.counts[topic] += len(rows)
        if topic in KEYS:
            for row in rows:
                outputs.add_row(topic, KEYS[topic], row)
        rows.clear()


async def limit(lab: Lab, feed: Feed, lane: str) -> Speed:
    """One process that only reads and decodes the lane's events."""
    arguments = ["-m", "bench.limit", lab.bootstrap, lane_topic(lane, "events"), str(feed.spec.partitions)]
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    said, _ = await process.communicate()
    if process.returncode:
        raise BenchError(f"bench.limit ended with {process.returncode}")
    return Speed(**json.loads(said))


def _reader(settings: Settings) -> AIOKafkaConsumer:
    return AIOKafkaConsumer(
        bootstrap_servers=settings.kafka_bootstrap,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        max_partition_fetch_bytes=4 << 20,
    )
