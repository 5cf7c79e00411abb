"""The sink's throughput: rows that lie in Kafka, until all can be queried; beside the same bytes by clickhouse-connect's `raw_insert`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from statistics import median
from typing import Any

import clickhouse_connect
import psutil

from bench.feed import Feed
from bench.lab import BenchError, Lab, Process, Say
from bench.lane import cpu_s, samples
from bench.load import HiddenLoad
from bench.rows import records, rows_of
from bench.speed import Speed
from runtime.local.testing import LocalWarehouse
from runtime.settings import Settings
from schemas.topics import row_columns, table_topics
from sinks.migrate import migrate

_ROUNDS = 3  # each way in turn, so that what others do on the machine meets both
_ASK_S = 0.05
_STALL_S = 120.0
_COLUMNS = next(row_columns(topic) for topic in table_topics() if topic.table == "events")
Rows = dict[int, list[bytes]]


@dataclass(frozen=True)
class Round:
    """Both ways over the same rows. `rss_bytes` are the most that the sink and the warehouse had while the sink worked."""

    raw: Speed
    sink: Speed
    sink_rss_bytes: int
    warehouse_rss_bytes: int

    @property
    def ratio(self) -> float:
        return self.sink.events_per_s / self.raw.events_per_s


async def measure(lab: Lab, say: Say, feed: Feed) -> dict[str, Any]:
    """Medians of the rounds: `rows_per_s`, `raw_insert_rows_per_s`; `ratio_raw_insert` and the same by processor time, in which
    sink and warehouse count on one side, client and warehouse on the other.
    """
    rows = rows_of(feed, "bench")
    warehouse = lab.warehouse()
    await asyncio.to_thread(warehouse.start)
    rounds = [await _round(lab, warehouse, rows, number, say) for number in range(_ROUNDS)]
    await asyncio.to_thread(warehouse.stop)
    return {
        "rows": feed.spec.events,
        "bytes": sum(map(len, chain.from_iterable(rows.values()))),
        "rows_per_s": round(median(each.sink.events_per_s for each in rounds)),
        "raw_insert_rows_per_s": round(median(each.raw.events_per_s for each in rounds)),
        "ratio_raw_insert": round(median(each.ratio for each in rounds), 3),
        "ratio_raw_insert_cpu": round(median(each.sink.events_per_cpu_s / each.raw.events_per_cpu_s for each in rounds), 3),
        "ratio_raw_insert_rounds": [round(each.ratio, 3) for each in rounds],
        "sink_rss_bytes": max(each.sink_rss_bytes for each in rounds),
        "warehouse_rss_bytes": max(each.warehouse_rss_bytes for each in rounds),
    }


async def _round(lab: Lab, warehouse: LocalWarehouse, rows: Rows, number: int, say: Say) -> Round:
    """The first way begins every other round: what the second finds warm is shared out."""
    name = f"sink{number}"
    settings = settings_of(lab, warehouse, name, len(rows))
    if number % 2:
        raw = await _raw(warehouse, settings, rows)
        found = Round(raw, *await _through_sink(lab, warehouse, settings, name, rows))
    else:
        through = await _through_sink(lab, warehouse, settings, name, rows)
        found = Round(await _raw(warehouse, settings, rows), *through)
    sink, raw = found.sink, found.raw
    say(f"round {number + 1}: sink {sink.events_per_s:,.0f} rows/s, raw_insert {raw.events_per_s:,.0f} rows/s, ratio {found.ratio:.2f}")
    return found


def settings_of(lab: Lab, warehouse: LocalWarehouse, name: str, partitions: int, **changes: Any) -> Settings:
    where = {"warehouse_host": warehouse.host, "warehouse_port": warehouse.port, "warehouse_database": name}
    return lab.lane(name, partitions, **where, **changes)


async def _through_sink(lab: Lab, warehouse: LocalWarehouse, settings: Settings, lane: str, rows: Rows) -> tuple[Speed, int, int]:
    await migrate(settings)
    sink = lab.sink(settings, lane)
    await asyncio.to_thread(sink.start)
    total, highest, pids = sum(map(len, rows.values())), [0, 0], (sink.pid, warehouse.pid)

    def watch() -> None:
        for place, pid in enumerate(pids):
            highest[place] = max(highest[place], psutil.Process(pid).memory_info().rss)

    async with HiddenLoad(settings, lane, "journeys") as load:
        await load.fill(records(rows))
        began_s, began_cpu_s = time.perf_counter(), sum(map(cpu_s, pids))
        await load.reveal()
        await until_written(sink, total, watch)
        speed = Speed(total, time.perf_counter() - began_s, sum(map(cpu_s, pids)) - began_cpu_s)
    await asyncio.to_thread(sink.stop)
    await asyncio.to_thread(same_count, settings, total)
    return speed, highest[0], highest[1]


async def until_written(sink: Process, rows: int, watch: Callable[[], None] = lambda: None) -> None:
    """Returns when the sink has written so many rows of `events`; BenchError when it gets no further."""
    seen, moved_s = 0.0, time.monotonic()
    while seen < rows:
        await asyncio.sleep(_ASK_S)
        watch()
        before, seen = seen, sum(await samples(sink.url, "cartwake_sink_rows_total", table="events"))
        if seen > before:
            moved_s = time.monotonic()
        if time.monotonic() - moved_s > _STALL_S:
            raise BenchError(f"the sink has stopped at {seen:,.0f} of {rows:,} rows")


def same_count(settings: Settings, rows: int) -> None:
    """Raises BenchError when rows are missing or doubled."""
    client = _client(settings, settings.warehouse_database)
    found = client.query("SELECT count() FROM events").result_rows[0][0]
    client.close()
    if found != rows:
        raise BenchError(f"{rows:,} rows were written and {found:,} are there")


async def _raw(warehouse: LocalWarehouse, settings: Settings, rows: Rows) -> Speed:
    """Into the same tables of a database of its own, in inserts as large as the sink's."""
    name = f"{settings.warehouse_database}_raw"
    await migrate(Settings(warehouse_host=warehouse.host, warehouse_port=warehouse.port, warehouse_database=name))
    lines = list(chain.from_iterable(rows.values()))
    step = settings.sink_max_rows
    blocks = [b"\n".join(lines[start : start + step]) for start in range(0, len(lines), step)]
    return await asyncio.to_thread(_insert, warehouse.pid, settings, name, blocks, len(lines))


def _insert(pid: int, settings: Settings, database: str, blocks: list[bytes], rows: int) -> Speed:
    client = _client(settings, database)
    began_s, began_cpu_s = time.perf_counter(), time.process_time() + cpu_s(pid)
    for block in blocks:
        client.raw_insert("events", column_names=_COLUMNS, insert_block=block, fmt="JSONEachRow")
    speed = Speed(rows, time.perf_counter() - began_s, time.process_time() + cpu_s(pid) - began_cpu_s)
    client.close()
    return speed


def _client(settings: Settings, database: str) -> Any:
    return clickhouse_connect.get_client(host=settings.warehouse_host, port=settings.warehouse_port, database=database)
