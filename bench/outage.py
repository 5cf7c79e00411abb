"""What the sink keeps in memory while the warehouse is away and its topic is full; nothing is lost or doubled when it comes back."""

from __future__ import annotations

import asyncio
from typing import Any

import psutil

from bench.feed import Feed
from bench.lab import Lab, Say
from bench.lane import samples
from bench.load import HiddenLoad
from bench.rows import records, rows_of
from bench.sink import same_count, settings_of, until_written
from sinks.migrate import migrate

_ASK_S = 0.2
_PATIENCE_S = 120.0
_LEAST_BYTES = 200 << 20  # twice what the sink holds at most


async def measure(lab: Lab, say: Say, feed: Feed) -> dict[str, Any]:
    """`outage_topic_bytes` lie in the topic; `outage_buffered_bytes` and `outage_rss_bytes` are the sink's once it reads no more."""
    rows = rows_of(feed, "bench")
    size = sum(len(line) + 1 for lines in rows.values() for line in lines)
    times = -(-_LEAST_BYTES // size)
    total = times * feed.spec.events
    warehouse = lab.warehouse()
    await asyncio.to_thread(warehouse.start)
    settings = settings_of(lab, warehouse, "outage", len(rows))
    await migrate(settings)
    sink = lab.sink(settings, "outage")
    await asyncio.to_thread(sink.start)
    say("the warehouse is killed; the topic fills")
    await asyncio.to_thread(warehouse.kill)
    async with HiddenLoad(settings, "outage", "journeys") as load:
        for _ in range(times):
            await load.now(records(rows))
    async with asyncio.timeout(_PATIENCE_S):
        while not sum(await samples(sink.url, "cartwake_sink_paused_partitions")):
            await asyncio.sleep(_ASK_S)
    buffered, rss = sum(await samples(sink.url, "cartwake_sink_buffered_bytes")), psutil.Process(sink.pid).memory_info().rss
    say("the warehouse is back")
    await asyncio.to_thread(warehouse.start)
    await until_written(sink, total)
    await asyncio.to_thread(sink.stop)
    await asyncio.to_thread(same_count, settings, total)
    await asyncio.to_thread(warehouse.stop)
    return {"outage_topic_bytes": size * times, "outage_buffered_bytes": int(buffered), "outage_rss_bytes": int(rss)}
