"""Runs a peer as one process on the laboratory's Kafka, and reads what it has said."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from bench.feed import Feed
from bench.lab import ROOT, BenchError, Lab, Say
from bench.load import partitions_of
from bench.peers import common
from bench.peers.environment import python_with
from bench.speed import Speed
from runtime.topics import admin_of

PEERS = {"idiomatic_faust": ("bench.peers.faust_idiomatic", ""), "quixstreams": ("bench.peers.quix", "quixstreams")}
# Made beforehand, all of them: Faust makes its own too, but does not wait until Kafka knows them, and then drops events.
_TOPICS = ("{}.events", "{}.journeys", "{}.results")
_CHANGELOGS = {"idiomatic_faust": ("{}-app-devices-changelog", "{}-app-persons-changelog"), "quixstreams": ()}
_TIMEOUT_S = 600.0
_READ_MS = 200


class PeerError(BenchError):
    """A peer did not finish; the message holds the end of what it said."""


@dataclass(frozen=True)
class PeerRun:
    """`speed` from its first event to its last commit, as it measured itself."""

    speed: Speed
    tables: common.Tables


async def run(lab: Lab, name: str, feed: Feed, kept: int, cache: Path, say: Say) -> PeerRun:
    """Have a peer apply a feed of which `kept` events are left without duplicates."""
    module, package = PEERS[name]
    python = await asyncio.to_thread(python_with, package, cache, say)
    topics = [topic.format(name) for topic in _TOPICS]
    changelogs = [topic.format(name) for topic in _CHANGELOGS[name]]
    compact = {"num_partitions": feed.spec.partitions, "configs": {"cleanup.policy": "compact"}}
    with admin_of(lab.bootstrap) as admin:
        admin.create_topics({topic: {"num_partitions": feed.spec.partitions} for topic in topics} | dict.fromkeys(changelogs, compact))
        admin.wait_for_topics([*topics, *changelogs])
    await _load(lab, topics[0], feed)
    folder = lab.folder / name
    folder.mkdir()
    arguments = [lab.bootstrap, name, str(feed.spec.partitions), str(kept), str(feed.spec.final_ms), str(folder)]
    spent = await _run(python, module, arguments, folder / "log")
    rows = [row async for row in _results(lab, topics[2], feed.spec.partitions)]
    return PeerRun(Speed(feed.spec.events, spent["seconds"], spent["cpu_s"]), common.of_peer(rows))


async def _load(lab: Lab, topic: str, feed: Feed) -> None:
    """One event a message, keyed by its device, as these engines want it."""
    producer = AIOKafkaProducer(bootstrap_servers=lab.bootstrap, enable_idempotence=True, compression_type="lz4", linger_ms=20)
    await producer.start()
    try:
        for partition, key, line in _messages(feed):
            await producer.send(topic, line, key=key, partition=partition)
        await producer.flush()
    finally:
        await producer.stop()


def _messages(feed: Feed) -> Iterator[tuple[int, bytes, bytes]]:
    for partition, line in feed.events():
        yield partition, orjson.loads(line)["device_id"].encode(), line


async def _run(python: str, module: str, arguments: list[str], log: Path) -> dict[str, float]:
    with log.open("wb") as errors:
        process = await asyncio.create_subprocess_exec(
            python, "-m", module, *arguments, cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=errors
        )
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            said, _ = await process.communicate()
    except TimeoutError:
        said = b""
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    try:
        found: dict[str, float] = json.loads(said[said.index(b"{") :])  # Faust writes a spinner before it
    except ValueError:
        said_last = f"exit {process.returncode}, it said {said[-200:]!r}"
        raise PeerError(f"{module} did not finish ({said_last}); the end of its log:\n{log.read_text(errors='replace')[-3000:]}") from None
    return found


async def _results(lab: Lab, topic: str, partitions: int) -> Any:
    tps = partitions_of(topic, partitions)
    consumer = AIOKafkaConsumer(bootstrap_servers=lab.bootstrap, auto_offset_reset="earliest", enable_auto_commit=False)
    await consumer.start()
    try:
        consumer.assign(tps)
        left = await consumer.end_offsets(tps)
        while left:
            for records in (await consumer.getmany(timeout_ms=_READ_MS)).values():
                for record in records:
                    yield orjson.loads(record.value)
            left = {tp: end for tp, end in left.items() if await consumer.position(tp) < end}
    finally:
        await consumer.stop()
