"""What a person costs: bytes in the changelog and in memory, and how much of the changelog on disk is alive while load goes on.

`python -m bench.state FILE PARTITIONS` loads changelog entries into the stages of a fresh process and prints how much that has grown.
"""

from __future__ import annotations

import asyncio
import gc
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path
from random import Random

import msgspec
import psutil
from aiokafka import AIOKafkaConsumer

from bench.feed import Feed, FeedSpec, make
from bench.lab import ROOT, Lab, Say
from bench.lane import Lane
from bench.load import partitions_of
from bench.sampled import copies, write_entries
from bench.streams import Clocks
from runtime.settings import Settings
from schemas.journeys import OFFSET_KEY, Tick
from schemas.rows import IdentityRow
from schemas.topics import lane_topic
from streams.logic.journey import Journey
from streams.policies import policy_of

LANE = "state"
DAYS = 40
ROUNDS = 6
_ENTRIES_A_TRANSACTION = 100  # 25,000 events/s over eight partitions, 30 ms a transaction
_SAMPLE_S = 0.5
_BLOCK_BYTES = 512  # what `st_blocks` counts in
_decode_identity = msgspec.json.Decoder(IdentityRow).decode


async def measure(lab: Lab, say: Say, feed: Feed, load_persons: int = 100_000) -> dict[str, float]:
    """`bytes_per_person`: values in the changelog by persons, after as many events of a shop of `DAYS` as the feed has; what is left of
    ids that were given up counts to the persons who took them over (`bytes_per_entry`: by entries). `memory_per_person`: growth of a
    fresh process that restores them. `changelog_ratio`: bytes on disk, of all files, by keys and values of the live state, while that
    many persons' entries are written again and again in any order, as by steady visitors; the highest seen in the second half of it.
    """
    settings = lab.lane(LANE, feed.spec.partitions)
    lane, log = Lane(settings, LANE, ["identities"]), Changelog(settings, LANE, lab.kafka.home.folder / "data")
    async with lane, log, asyncio.TaskGroup() as group:
        group.create_task(log.follow())
        say(f"state: {feed.spec.events:,} events through a worker")
        await _through_a_worker(lab, lane, replace(feed.spec, days=DAYS))
        await log.reach_the_end()
        given_up = await _given_up(lane)
        after_feed = {partition: dict(latest) for partition, latest in log.latest.items()}
        times = -(-load_persons // (sum(map(len, after_feed.values())) - given_up))
        say(f"state: load on the entries of {load_persons:,} persons")
        log.samples.clear()
        await asyncio.gather(*(_load(settings, partition, latest, times) for partition, latest in after_feed.items()))
        log.done = True
    entries = [entry for latest in after_feed.values() for entry in latest.items() if not entry[0].startswith(b"@")]
    persons = len(entries) - given_up
    value_bytes = sum(len(value) for _, value in entries)
    return {
        "persons": persons,
        "bytes_per_person": value_bytes / persons,
        "bytes_per_entry": value_bytes / len(entries),
        "memory_per_person": await memory_bytes(after_feed, lab.folder / "state.entries", settings) / persons,
        "changelog_live_mib": log.live_bytes / (1 << 20),
        "changelog_ratio": worst_ratio(log.samples),
    }


class Changelog:
    """Follows the changelog of a lane's persons: the latest value of each key by partition, and what the disk holds of it."""

    def __init__(self, settings: Settings, lane: str, folder: Path) -> None:
        self._topic = lane_topic(lane, "journey-state")
        self._tps = partitions_of(self._topic, settings.partitions)
        self._folder = folder
        self.live_bytes = 0
        self.done = False
        self.latest: dict[int, dict[bytes, bytes]] = {tp.partition: {} for tp in self._tps}
        self.samples: list[tuple[int, int]] = []  # bytes that are alive, bytes on disk
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=settings.kafka_bootstrap,
            isolation_level="read_committed",
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            max_partition_fetch_bytes=1 << 20,
        )

    async def __aenter__(self) -> Changelog:
        await self._consumer.start()
        self._consumer.assign(self._tps)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._consumer.stop()

    async def follow(self) -> None:
        """Read and take samples until `done` is set."""
        sampled_s = 0.0
        while not self.done:
            await self._read()
            if time.monotonic() - sampled_s > _SAMPLE_S:
                self.samples.append((self.live_bytes, await asyncio.to_thread(disk_bytes, self._folder, self._topic)))
                sampled_s = time.monotonic()

    async def reach_the_end(self) -> None:
        """Returns when `follow` has read what is there now."""
        ends = await self._consumer.end_offsets(self._tps)
        while any([await self._consumer.position(tp) < end for tp, end in ends.items()]):
            await asyncio.sleep(0.05)

    async def _read(self) -> None:
        for tp, records in (await self._consumer.getmany(timeout_ms=200)).items():
            latest = self.latest[tp.partition]
            for record in records:
                before = latest.pop(record.key, None)
                self.live_bytes -= 0 if before is None else len(record.key) + len(before)
                if record.value is not None:
                    latest[record.key] = record.value
                    self.live_bytes += len(record.key) + len(record.value)


def disk_bytes(folder: Path, topic: str) -> int:
    """All files of the topic: segments, indexes, and what the cleaner has not deleted yet."""
    total = 0
    for file in folder.glob(f"{topic}-*/*"):
        try:
            total += file.stat().st_blocks * _BLOCK_BYTES
        except FileNotFoundError:
            continue
    return total


def worst_ratio(samples: list[tuple[int, int]]) -> float:
    """Of bytes on disk to bytes that are alive, in the second half: the first samples are of a log that only grows."""
    return max(disk / live for live, disk in samples[len(samples) // 2 :])


async def _through_a_worker(lab: Lab, lane: Lane, spec: FeedSpec) -> None:
    """Returns when all is in the results. The lane's time then is that of the last event: a shop that goes on, not one long after."""
    worker, clocks = lab.worker(lane.settings, LANE), Clocks(lane.settings, LANE)
    records = list(make(spec))[: -spec.partitions]  # without the ticks of the simulation's end
    await asyncio.to_thread(worker.start)
    await clocks.start()
    await lane.send(records)
    await clocks.reach(msgspec.json.decode(records[-1].value, type=Tick).now_ms)
    await clocks.stop()
    await asyncio.to_thread(worker.stop)


async def _load(settings: Settings, partition: int, latest: dict[bytes, bytes], times: int) -> None:
    """Copy a partition's entries, then write all again and again, in another order each time."""
    entries, random = list(copies([entry for entry in latest.items() if entry[0] != OFFSET_KEY], times)), Random(partition)
    shuffled = (entry for _ in range(ROUNDS) for entry in random.sample(entries, len(entries)))
    await write_entries(settings, LANE, ("journey", partition), chain(entries, shuffled), _ENTRIES_A_TRANSACTION)


async def _given_up(lane: Lane) -> int:
    """How many person ids belong to another one now."""
    found: set[str] = set()
    while ids := [_decode_identity(line).id async for record in lane.read() for line in record.lines]:
        found.update(ids)
    return len(found)


async def memory_bytes(state: dict[int, dict[bytes, bytes]], file: Path, settings: Settings) -> float:
    """By how much a fresh process grows whose stages take these entries; `file` is written for it."""
    with file.open("wb") as out:
        packer = msgspec.msgpack.Encoder()
        for partition, latest in state.items():
            for key, value in latest.items():
                line = packer.encode((partition, key, value))
                out.write(len(line).to_bytes(4, "big") + line)
    command = [sys.executable, "-m", "bench.state", str(file), str(settings.partitions)]
    done = await asyncio.to_thread(subprocess.run, command, cwd=ROOT, stdout=subprocess.PIPE, check=True)
    return float(json.loads(done.stdout))


def _entries(file: Path) -> Iterator[tuple[int, bytes, bytes]]:
    decoder = msgspec.msgpack.Decoder(tuple[int, bytes, bytes])
    with file.open("rb") as source:
        while head := source.read(4):
            yield decoder.decode(source.read(int.from_bytes(head, "big")))


def grown_bytes(file: Path, partitions: int) -> int:
    """By how much this process grows when its stages take these entries."""
    policy = policy_of(Settings(partitions=partitions), LANE, replayed=False)
    stages = [Journey(policy) for _ in range(partitions)]
    gc.collect()
    before_bytes = int(psutil.Process().memory_info().rss)
    for partition, key, value in _entries(file):
        if key != OFFSET_KEY:
            stages[partition].load(key, value)
    for stage in stages:
        stage.restored()
    gc.collect()
    return int(psutil.Process().memory_info().rss) - before_bytes


if __name__ == "__main__":
    print(grown_bytes(Path(sys.argv[1]), int(sys.argv[2])))
