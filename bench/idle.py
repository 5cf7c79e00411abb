"""How soon an idle shop's event is in the results: requests with one event each, at a steady rate, to a real collector and one worker."""

from __future__ import annotations

import asyncio
import sys
import time
from base64 import b64encode
from collections.abc import Iterable
from statistics import quantiles

import aiohttp
import msgspec

from bench.lab import BenchError, Lab, Process, Say
from bench.lane import Lane, cpu_s
from runtime.local.ports import free_port
from runtime.settings import Settings, to_env
from schemas.topics import LIVE

_TOPICS = ("journeys", "sessions", "carts", "rejected")
_EVENTS = ("page_view", "view_item", "add_to_cart")  # in turn: each moves the person's session, the last one the cart as well
_DEVICES = 2_000  # so that a device does not come twice in a batch
_WARM_UP_S = 10.0  # Kafka has only just been started
_PATIENCE_S = 120.0
Mark = tuple[str, str, int]  # a row: topic, whose, and the event time that it tells of


class _Row(msgspec.Struct):
    """What of a row names the event that it tells of."""

    device_id: str = ""
    person_id: str = ""
    occurred_at_ms: int = 0
    ended_at_ms: int = 0
    changed_at_ms: int = 0


_decode = msgspec.json.Decoder(_Row).decode


async def measure(lab: Lab, say: Say, rate_per_s: int = 200, seconds: float = 20.0, partitions: int = 4) -> dict[str, float]:
    """From the collector's answer 200 until all rows of the event can be read as committed: its own and its person's session, for
    `add_to_cart` the cart too. `idle_p50_ms`, `idle_p99_ms`; `idle_event_p99_ms` for the event's own row alone; `idle_events`: how many;
    `idle_worker_cpu_share`, `idle_kafka_cpu_share`: of one core, all the while.
    """
    settings = lab.lane(LIVE, partitions, collector_port=free_port())
    worker, collector = lab.worker(settings, LIVE), _collector(lab, settings)
    await asyncio.gather(asyncio.to_thread(worker.start), asyncio.to_thread(collector.start))
    watch = Watch()
    async with Lane(settings, LIVE, _TOPICS) as lane:
        reading = asyncio.create_task(watch.read(lane))
        processes = {"idle_worker_cpu_share": worker.pid, "idle_kafka_cpu_share": lab.kafka.pid}
        began_s, began_cpu_s = time.monotonic(), {name: cpu_s(pid) for name, pid in processes.items()}
        say(f"idle: {rate_per_s} events/s for {seconds:.0f} s")
        await _shop(settings, watch, rate_per_s, _WARM_UP_S + seconds)
        await watch.complete()
        took_s = time.monotonic() - began_s
        shares = {name: (cpu_s(pid) - began_cpu_s[name]) / took_s for name, pid in processes.items()}
        watch.done = True
        await reading
    for process in (collector, worker):
        await asyncio.to_thread(process.stop)
    counted = watch.answered[int(rate_per_s * _WARM_UP_S) :]
    whole = [1000 * (max(watch.seen_s[mark] for mark in awaited) - answered_s) for answered_s, awaited in counted]
    event = [1000 * (watch.seen_s[awaited[0]] - answered_s) for answered_s, awaited in counted]
    return {
        "idle_events": len(counted),
        "idle_p50_ms": _percentile(whole, 50),
        "idle_p99_ms": _percentile(whole, 99),
        "idle_event_p99_ms": _percentile(event, 99),
        **shares,
    }


class Watch:
    """When which row could be read, and when which request was answered; seconds of one monotonic clock."""

    def __init__(self) -> None:
        self.seen_s: dict[Mark, float] = {}
        self.answered: list[tuple[float, list[Mark]]] = []  # in order of sending, since requests do not overtake each other by much
        self.done = False

    async def read(self, lane: Lane) -> None:
        """Until `done`."""
        while not self.done:
            async for found in lane.read():
                now_s = time.monotonic()
                if found.topic == "rejected":
                    raise BenchError(f"an event was rejected: {found.lines[0][:500]!r}")
                if found.topic != "journeys" or found.kind == "event":
                    for line in found.lines:
                        self.seen_s.setdefault(mark_of(found.topic, line), now_s)

    async def complete(self) -> None:
        """Returns when every row has come."""
        missing = {mark for _, awaited in self.answered for mark in awaited}
        try:
            async with asyncio.timeout(_PATIENCE_S):
                while missing:
                    missing -= self.seen_s.keys()
                    await asyncio.sleep(0.05)
        except TimeoutError as error:
            raise BenchError(f"{len(missing)} rows have not come, such as {next(iter(missing))}") from error


def _visit(number: int) -> tuple[str, str]:
    """Whose the request is, and its event."""
    return f"visitor-{number % _DEVICES}", _EVENTS[number % len(_EVENTS)]


def body(number: int, at_ms: int) -> bytes:
    """A call of Segment's API."""
    device_id, event = _visit(number)
    items = [{"product_id": "lamp", "name": "Table lamp", "price": 19.9, "quantity": 1}]
    call = {"event": event, "messageId": f"idle-{number}", "anonymousId": device_id, "timestamp": at_ms, "properties": {"items": items}}
    return msgspec.json.encode(call)


def marks(number: int, at_ms: int) -> list[Mark]:
    """The rows that it must bring; the event's own is the first."""
    device_id, event = _visit(number)
    found = [("journeys", device_id, at_ms), ("sessions", f"d:{device_id}", at_ms)]
    return [*found, ("carts", f"d:{device_id}", at_ms)] if event == "add_to_cart" else found


def mark_of(topic: str, line: bytes) -> Mark:
    row = _decode(line)
    if topic == "journeys":
        return (topic, row.device_id, row.occurred_at_ms)
    return (topic, row.person_id, row.ended_at_ms or row.changed_at_ms)


async def _shop(settings: Settings, watch: Watch, rate_per_s: int, seconds: float) -> None:
    """Send at the rate, whether or not the answers come as fast. Each request is timed by itself."""
    key = next(iter(settings.write_keys))
    headers = {"Authorization": "Basic " + b64encode(f"{key}:".encode()).decode(), "Content-Type": "application/json"}
    url = f"http://127.0.0.1:{settings.collector_port}/v1/track"
    async with aiohttp.ClientSession(headers=headers) as session, asyncio.TaskGroup() as group:
        began_s, began_ms = time.monotonic(), time.time_ns() // 1_000_000
        for number in range(int(rate_per_s * seconds)):
            await asyncio.sleep(max(0.0, began_s + number / rate_per_s - time.monotonic()))
            at_ms = began_ms + number * 1000 // rate_per_s
            group.create_task(_request(session, url, watch, number, at_ms))


async def _request(session: aiohttp.ClientSession, url: str, watch: Watch, number: int, at_ms: int) -> None:
    async with session.post(url, data=body(number, at_ms)) as answer:
        if answer.status != 200:
            raise BenchError(f"the collector answered {answer.status}: {(await answer.text())[:500]}")
        await answer.read()
        watch.answered.append((time.monotonic(), marks(number, at_ms)))


def _collector(lab: Lab, settings: Settings) -> Process:
    return Process(lab.folder / "collector", [sys.executable, "-m", "collector"], to_env(settings), settings.collector_port)


def _percentile(values: Iterable[float], share: int) -> float:
    return quantiles(values, n=100, method="inclusive")[share - 1]
