"""One replay: read the file, send it in the order of time, drain the lane, and say what came of it."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Protocol

from replays.batches import Batch, Cut, batches
from replays.files import InputError
from replays.rejecting import rejected_row, send_rejects
from replays.rows import Format
from replays.source import Source
from replays.summary import Funnel, Read, Summary, summarise
from replays.times import EARLIEST_MS
from runtime.lanes import drain
from runtime.query import query
from runtime.send import Sender, Sent
from runtime.settings import Settings

CLOCK_EVERY_BATCHES = 10
MAX_SPAN_MS = 3_600_000


class Watch(Protocol):
    """Told how far the replay has come."""

    def reading(self, rows: int) -> None: ...

    def sending(self, done: int, total: int) -> None: ...

    def draining(self, behind: str) -> None: ...


@dataclass(frozen=True)
class Job:
    """What to replay, and where to. `until_ms`: the lane's clock at the end, if later than the last event."""

    path: Path
    spec: Format
    lane: str
    write_key: str
    limit: int | None = None
    batch_events: int = 500
    until_ms: int = 0
    drain_timeout_s: float = 120.0


class Loaded:
    """A file that has been read, its first batch at hand. `with await load(...) as loaded:`."""

    def __init__(self, source: Source, first: Batch | None, rest: Iterator[Batch]) -> None:
        self.source, self.first, self.rest = source, first, rest

    def __enter__(self) -> Loaded:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.source.close()


async def load(settings: Settings, job: Job, watch: Watch) -> Loaded:
    """Read the whole file and put it in order. InputError when it cannot be read or holds nothing: nothing has been started or sent yet."""
    source = Source(job.path, job.spec, job.limit, watch.reading)
    cut = Cut(events=job.batch_events, size_bytes=settings.max_batch_bytes // 2, span_ms=min(MAX_SPAN_MS, settings.lateness_s * 500))
    found = batches(source.messages(), cut)
    first = await asyncio.to_thread(next, found, None)
    if source.rows == 0:
        raise InputError(f"{job.path}: no rows")
    return Loaded(source, first, found)


async def replay(settings: Settings, job: Job, loaded: Loaded, watch: Watch) -> Summary:
    """Send a loaded file through a lane that is open, and wait for its end. Raises SendError or LaneError where it cannot go on."""
    started_s = time.monotonic()
    source = loaded.source
    async with Sender(settings, job.write_key, lane=job.lane) as sender:
        end_ms = max(await _send(sender, loaded, watch), job.until_ms)
    rows = (rejected_row(reject, job.lane, job.write_key, end_ms) for reject in source.rejects())
    await send_rejects(settings.kafka_bootstrap, job.lane, rows)
    await drain(settings, job.lane, end_ms, job.drain_timeout_s, watch.draining)
    funnel = Funnel(settings.funnel_name, settings.funnel_steps, settings.funnel_window_s * 1000)
    summary = await asyncio.to_thread(summarise, partial(query, settings), job.lane, _read(source, sender.sent), funnel)
    summary.elapsed_s = round(time.monotonic() - started_s, 1)
    return summary


def _read(source: Source, sent: Sent) -> Read:
    return Read(
        rows=source.rows,
        unreadable=source.rejected,
        accepted=sent.accepted,
        refused=sent.rejected.total(),
        resent=sent.resent,
        reasons=dict(sent.rejected + Counter(reject.code for reject in source.rejects())),
    )


async def _send(sender: Sender, loaded: Loaded, watch: Watch) -> int:
    """Send all batches in order; the time of the last event, the earliest possible if there is none."""
    batch, number, done, clock_ms = loaded.first, 0, 0, EARLIEST_MS
    total = loaded.source.rows - loaded.source.rejected
    while batch is not None:
        number += 1
        done += len(batch.messages)
        clock_ms = batch.clock_ms
        await sender.send(batch.messages, clock_ms)
        watch.sending(done, total)
        if number % CLOCK_EVERY_BATCHES == 0:
            await sender.clock(clock_ms)
        batch = next(loaded.rest, None)
    return clock_ms
