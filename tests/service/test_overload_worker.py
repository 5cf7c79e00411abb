"""A worker that falls behind says so, stays in bounded memory, and catches up."""

from __future__ import annotations

import asyncio
import signal
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from subprocess import Popen
from typing import Any

import msgspec
import psutil
import pytest

from runtime.local.behind import Behind, ask_behind
from runtime.local.ports import free_port
from schemas.collected import Collected, partition_key
from schemas.partition import partition_of
from tests.service.stream_lane import PARTITIONS, StreamLane
from tests.unit.stream_lab import HOUR, SECOND, T0, collected
from tests.waiting import until_async

pytestmark = pytest.mark.timeout(240)
BACKLOG_EVENTS = 20_000
CHUNK_EVENTS = 1_000
RECORD_EVENTS = 2
LEAST_BEHIND_RECORDS = 100
LARGE_RECORDS = 500  # of 500 KiB
MOST_GROWN_BYTES = 140 << 20  # while 250 MB wait in one partition


class Watched:
    """A worker that is asked how far it is behind, as `cartwake status` asks; `lag` is None while it does not answer."""

    def __init__(self, lane: StreamLane) -> None:
        self.port = free_port()
        self.process: Popen[bytes] = lane.start_worker("--metrics-port", str(self.port))
        self._memory = psutil.Process(self.process.pid)

    def rss_bytes(self) -> int:
        return int(self._memory.memory_info().rss)

    async def lag(self) -> Behind | None:
        return await ask_behind(f"http://127.0.0.1:{self.port}/ready")

    async def is_behind(self) -> bool:
        found = await self.lag()
        return found is not None and found.lag_records >= LEAST_BEHIND_RECORDS and found.lag_s > 0

    async def is_level(self) -> bool:
        return await self.lag() == Behind(0, 0)


class Feed:
    """Events of 500 persons in small records, which take a worker longest."""

    def __init__(self, lane: StreamLane) -> None:
        self._lane = lane
        self.sent = 0

    async def send(self, count: int) -> None:
        events = [collected("view_item", T0 + n, f"m{n}", device_id=f"p{n % 500}") for n in range(self.sent, self.sent + count)]
        await asyncio.gather(*map(self._lane.send, batches(events, RECORD_EVENTS)))
        self.sent += count

    async def go_on(self, enough: asyncio.Event) -> None:
        while not enough.is_set():
            await self.send(CHUNK_EVENTS)


def batches(events: list[Collected], record_events: int) -> Iterator[dict[int, list[bytes]]]:
    """Lines by partition, at most one record of each at a time."""
    lines: dict[int, list[bytes]] = defaultdict(list)
    for event in events:
        lines[partition_of(partition_key(event), PARTITIONS)].append(msgspec.json.encode(event))
    for start in range(0, max(map(len, lines.values())), record_events):
        yield {partition: found[start : start + record_events] for partition, found in lines.items() if found[start:]}


async def test_a_worker_that_was_paused_shows_its_lag_and_works_it_off(kafka: str, tmp_path: Path) -> None:
    """Lag is measured every few seconds; a backlog of a fixed size may be gone by then, so events keep coming until it has been seen."""
    async with StreamLane(kafka, "behind", tmp_path) as lane:
        watched, feed, seen = Watched(lane), Feed(lane), asyncio.Event()
        await lane.settle(T0)
        await until_async(watched.is_level, what="no lag before the pause")
        watched.process.send_signal(signal.SIGSTOP)
        await feed.send(BACKLOG_EVENTS)
        watched.process.send_signal(signal.SIGCONT)
        feeding = asyncio.create_task(feed.go_on(seen))
        await until_async(watched.is_behind, what="records behind, and for how long")
        seen.set()
        await feeding
        settling = asyncio.create_task(lane.settle(T0 + HOUR))
        await until_async(watched.is_level, 200, what="the lag is worked off")
        await settling
        assert len(lane.rows["journeys"]) == len({row["message_id"] for row in lane.rows["journeys"]}) == feed.sent
        assert not lane.rows["rejected"]


async def test_what_a_worker_reads_ahead_is_bounded_in_bytes(kafka: str, tmp_path: Path) -> None:
    async with StreamLane(kafka, "heavy", tmp_path) as lane:
        watched = Watched(lane)
        await lane.settle(T0)
        before_bytes = watched.rss_bytes()
        watched.process.send_signal(signal.SIGSTOP)
        padding: dict[str, Any] = {f"p{n}": "x" * 1000 for n in range(31)}
        events = [collected("view_item", T0 + n * SECOND, f"m{n}", props=padding) for n in range(LARGE_RECORDS * 16)]
        for batch in batches(events, 16):
            await lane.send(batch)
        watched.process.send_signal(signal.SIGCONT)
        most_bytes = 0

        def is_done() -> bool:
            nonlocal most_bytes
            most_bytes = max(most_bytes, watched.rss_bytes())
            return settling.done()

        settling = asyncio.create_task(lane.settle(T0 + LARGE_RECORDS * 16 * SECOND + HOUR))
        while not is_done():
            await asyncio.sleep(0.02)
        await settling
        assert most_bytes - before_bytes < MOST_GROWN_BYTES
        assert len(lane.rows["journeys"]) == LARGE_RECORDS * 16
        await until_async(watched.is_level, what="no lag is left")
