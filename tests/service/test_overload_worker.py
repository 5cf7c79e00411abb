"""A worker that falls behind says so, stays in bounded memory, and catches up."""

from __future__ import annotations

import asyncio
import signal
import urllib.error
import urllib.request
from collections import defaultdict
from pathlib import Path
from subprocess import Popen
from typing import Any

import msgspec
import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families

from runtime.local.ports import free_port
from schemas.collected import Collected, partition_key
from schemas.partition import partition_of
from tests.service.stream_lane import PARTITIONS, StreamLane
from tests.unit.stream_lab import HOUR, SECOND, T0, collected
from tests.waiting import until

pytestmark = pytest.mark.timeout(240)
BACKLOG_EVENTS = 60_000
RECORD_EVENTS = 2  # small records take a worker longest: its lag has to be seen before it is gone
LARGE_RECORDS = 500  # of 500 KiB
MOST_GROWN_BYTES = 140 << 20  # while 250 MB wait in one partition


class Watched:
    """A worker whose metrics are asked; `lag` is None while it does not answer."""

    def __init__(self, lane: StreamLane) -> None:
        self.port = free_port()
        self.process: Popen[bytes] = lane.start_worker("--metrics-port", str(self.port))
        self._memory = psutil.Process(self.process.pid)

    def rss_bytes(self) -> int:
        return int(self._memory.memory_info().rss)

    def lags(self) -> tuple[float, float] | None:
        """Records behind, summed, and seconds of the partition that is furthest behind, as one answer has them; None without one."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=5) as answer:
                text = answer.read().decode()
        except (urllib.error.URLError, TimeoutError):
            return None
        found: dict[str, list[float]] = defaultdict(list)
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                found[sample.name].append(sample.value)
        records, seconds = (found[f"cartwake_stream_lag_{what}"] for what in ("records", "seconds"))
        return (sum(records), max(seconds)) if records and seconds else None

    def lag(self, what: str) -> float | None:
        found = self.lags()
        return None if found is None else found[what == "seconds"]


async def send(lane: StreamLane, events: list[Collected], record_events: int) -> None:
    lines: dict[int, list[bytes]] = defaultdict(list)
    for event in events:
        lines[partition_of(partition_key(event), PARTITIONS)].append(msgspec.json.encode(event))
    for partition, found in lines.items():
        for start in range(0, len(found), record_events):
            await lane.send({partition: found[start : start + record_events]})


async def until_lag(watched: Watched, low: float, high: float, within_s: float = 60) -> float:
    """Wait until the sum of records behind is in the range."""
    async with asyncio.timeout(within_s):
        while (records := watched.lag("records")) is None or not low <= records <= high:
            await asyncio.sleep(0.1)
    return records


async def until_behind(watched: Watched, records: int) -> float:
    """Wait until at least so many records are behind and it is told for how long; the answer after that may have neither any more."""
    async with asyncio.timeout(60):
        while (found := watched.lags()) is None or found[0] < records or found[1] == 0:
            await asyncio.sleep(0.1)
    return found[0]


async def test_a_worker_that_was_paused_shows_its_lag_and_works_it_off(kafka: str, tmp_path: Path) -> None:
    async with StreamLane(kafka, "behind", tmp_path) as lane:
        watched = Watched(lane)
        await lane.settle(T0)
        await until_lag(watched, 0, 0)
        assert watched.lag("seconds") == 0
        watched.process.send_signal(signal.SIGSTOP)
        people = [f"p{number}" for number in range(500)]
        events = [collected("view_item", T0 + n, f"m{n}", device_id=people[n % len(people)]) for n in range(BACKLOG_EVENTS)]
        await send(lane, events, RECORD_EVENTS)
        watched.process.send_signal(signal.SIGCONT)
        behind = await until_behind(watched, 100)
        settling = asyncio.create_task(lane.settle(T0 + HOUR))
        assert await until_lag(watched, 0, 0, 200) < behind
        await settling
        assert len(lane.rows["journeys"]) == len({row["message_id"] for row in lane.rows["journeys"]}) == BACKLOG_EVENTS
        assert not lane.rows["rejected"]


async def test_what_a_worker_reads_ahead_is_bounded_in_bytes(kafka: str, tmp_path: Path) -> None:
    async with StreamLane(kafka, "heavy", tmp_path) as lane:
        watched = Watched(lane)
        await lane.settle(T0)
        before_bytes = watched.rss_bytes()
        watched.process.send_signal(signal.SIGSTOP)
        padding: dict[str, Any] = {f"p{n}": "x" * 1000 for n in range(31)}
        events = [collected("view_item", T0 + n * SECOND, f"m{n}", props=padding) for n in range(LARGE_RECORDS * 16)]
        await send(lane, events, 16)
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
        until(lambda: watched.lag("records") == 0, what="no lag is left")
