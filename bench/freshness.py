"""How soon an event can be queried: requests to a real collector at a steady rate, a worker, a sink, and a query that looks for it."""

from __future__ import annotations

import asyncio
import sys
import time
from base64 import b64encode
from statistics import quantiles
from typing import Any

import aiohttp
import msgspec

from bench.lab import BenchError, Lab, Process, Say
from bench.sink import settings_of
from runtime.local.ports import free_port
from runtime.settings import Settings, to_env
from schemas.topics import LIVE
from sinks.clickhouse import ClickHouse, connect
from sinks.migrate import migrate

_EVENTS = ("page_view", "view_item", "add_to_cart")
_DEVICES = 5_000
_EVENTS_A_REQUEST = 10
_WARM_UP_S = 10.0  # Kafka has only just been started
_ASK_S = 0.05
_OVERLAP_S = 5  # rows of one insert have the time of its beginning
_PATIENCE_S = 120.0
_NEW = "SELECT toUInt32(substring(message_id, 7)) FROM events WHERE inserted_at >= now64(3) - toIntervalSecond({back:UInt32}) FORMAT TSV"


async def measure(lab: Lab, say: Say, rate_per_s: int = 2_000, seconds: float = 30.0, partitions: int = 4) -> dict[str, Any]:
    """From the collector's answer 200 until a SELECT returns the row: `freshness_p50_s`, `freshness_p95_s`, `freshness_p99_s`."""
    warehouse = lab.warehouse()
    await asyncio.to_thread(warehouse.start)
    settings = settings_of(lab, warehouse, LIVE, partitions, collector_port=free_port())
    await migrate(settings)
    collector = Process(lab.folder / "collector", [sys.executable, "-m", "collector"], to_env(settings), settings.collector_port)
    processes = [collector, lab.worker(settings, LIVE), lab.sink(settings, LIVE)]
    await asyncio.gather(*(asyncio.to_thread(process.start) for process in processes))
    say(f"freshness: {rate_per_s:,} events/s for {seconds:.0f} s through collector, worker, sink and warehouse")
    total = int(rate_per_s * (_WARM_UP_S + seconds))
    answered_s: dict[int, float] = {}
    async with connect(settings) as asked:
        asking = asyncio.create_task(_seen(asked, total))
        await _shop(settings, rate_per_s, total, answered_s)
        seen_s = await asking
    for process in processes:
        await asyncio.to_thread(process.close)
    await asyncio.to_thread(warehouse.stop)
    waited_s = [seen_s[number] - answered_s[number] for number in range(int(rate_per_s * _WARM_UP_S), total)]
    found = quantiles(waited_s, n=100, method="inclusive")
    took_s = max(answered_s.values()) - min(answered_s.values())
    return {
        "freshness_events": len(waited_s),
        "freshness_events_per_s": round(total / took_s),
        **{f"freshness_p{share}_s": round(found[share - 1], 3) for share in (50, 95, 99)},
    }


async def _seen(warehouse: ClickHouse, total: int) -> dict[int, float]:
    """When each event was first returned by a query."""
    seen: dict[int, float] = {}
    moved_s = time.monotonic()
    while len(seen) < total:
        back_s = _OVERLAP_S + int(time.monotonic() - moved_s)
        answer = await warehouse.execute(_NEW, {"back": str(back_s)})
        now_s, before = time.monotonic(), len(seen)
        for number in answer.split():
            seen.setdefault(int(number), now_s)
        if len(seen) > before:
            moved_s = now_s
        if now_s - moved_s > _PATIENCE_S:
            raise BenchError(f"{total - len(seen):,} events cannot be queried")
        await asyncio.sleep(_ASK_S)
    return seen


async def _shop(settings: Settings, rate_per_s: int, total: int, answered_s: dict[int, float]) -> None:
    """Send at the rate, whether or not the answers come as fast."""
    key = next(iter(settings.write_keys))
    headers = {"Authorization": "Basic " + b64encode(f"{key}:".encode()).decode(), "Content-Type": "application/json"}
    url = f"http://127.0.0.1:{settings.collector_port}/v1/batch"
    async with aiohttp.ClientSession(headers=headers) as session, asyncio.TaskGroup() as group:
        began_s, began_ms = time.monotonic(), time.time_ns() // 1_000_000
        for first in range(0, total, _EVENTS_A_REQUEST):
            await asyncio.sleep(max(0.0, began_s + first / rate_per_s - time.monotonic()))
            numbers = range(first, min(first + _EVENTS_A_REQUEST, total))
            group.create_task(_request(session, url, answered_s, numbers, began_ms + first * 1000 // rate_per_s))


async def _request(session: aiohttp.ClientSession, url: str, answered_s: dict[int, float], numbers: range, at_ms: int) -> None:
    calls = [_call(number, at_ms) for number in numbers]
    async with session.post(url, data=msgspec.json.encode({"batch": calls})) as answer:
        if answer.status != 200:
            raise BenchError(f"the collector answered {answer.status}: {(await answer.text())[:500]}")
        await answer.read()
    answered_s.update(dict.fromkeys(numbers, time.monotonic()))


def _call(number: int, at_ms: int) -> dict[str, Any]:
    items = [{"product_id": f"p{number % 97}", "name": "Table lamp", "price": 19.9, "quantity": 1}]
    name = _EVENTS[number % len(_EVENTS)]
    whose = {"anonymousId": f"visitor-{number % _DEVICES}", "messageId": f"fresh-{number}"}
    return {"type": "track", "event": name, "timestamp": at_ms, "properties": {"items": items}, **whose}
