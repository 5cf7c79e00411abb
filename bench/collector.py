"""The collector's speed: requests over sockets until Kafka has acknowledged, beside its HTTP server alone and a producer alone."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import dataclass
from statistics import median
from typing import Any

import psutil

from bench.collector_requests import BATCH_EVENTS, batches, events, singles, write
from bench.lab import ROOT, BenchError, Lab, Process, Say
from bench.lane import cpu_s, samples
from bench.speed import Speed
from collector.intake import take
from collector.steps import Envelope
from runtime.local.ports import free_port
from runtime.settings import Settings, to_env
from schemas.topics import LIVE, lane_topic

_ROUNDS = 3  # each way in turn, so that what others do on the machine meets all
_BODIES = 4000
_BATCH_CONNECTIONS, _SINGLE_CONNECTIONS = 64, 64
_SINGLES_PER_EVENT = 8  # of so many events of a round, one is sent alone
_LATENCY_S = 10
_TIMEOUT_S = 300.0
_CPU_TICK_S = 0.01  # the system counts no finer


@dataclass(frozen=True)
class Under:
    """One server under one load. `p99_ms` counts from when a request was due."""

    speed: Speed
    p50_ms: float
    p99_ms: float


class Bench:
    """A collector that runs, a server that answers nothing, and files of what is sent to them."""

    def __init__(self, lab: Lab, partitions: int, say: Say) -> None:
        self._lab, self._say = lab, say
        self.settings: Settings = lab.lane(LIVE, partitions, collector_port=free_port())
        port, env = self.settings.collector_port, to_env(self.settings)
        self.collector = Process(lab.folder / "collector", [sys.executable, "-m", "collector"], env, port)
        empty = free_port()
        self.empty = Process(lab.folder / "http-limit", [sys.executable, "-m", "bench.http_limit", str(empty)], {}, empty)
        self._ports = {self.collector: port, self.empty: empty}
        bodies = events(_BODIES)
        self._files = {"batch": lab.folder / "batches", "single": lab.folder / "singles", "lines": lab.folder / "lines"}
        write(self._files["batch"], batches(bodies))
        write(self._files["single"], singles(bodies))
        write(self._files["lines"], _lines(bodies))

    async def load(self, server: Process, kind: str, requests: int, rate_per_s: float = 0.0) -> Under:
        """Send so many requests. BenchError when any was not answered well."""
        each, connections = (BATCH_EVENTS, _BATCH_CONNECTIONS) if kind == "batch" else (1, _SINGLE_CONNECTIONS)
        before_s = cpu_s(server.pid)
        arguments = [self._ports[server], self._files[kind], connections, requests, rate_per_s]
        found = await _json_of("bench.http_load", *arguments)
        if found["failed"]:
            raise BenchError(f"{found['failed']} of {requests} requests were not answered with 200 and no rejection")
        speed = Speed(requests * each, found["seconds"], max(_CPU_TICK_S, cpu_s(server.pid) - before_s))
        return Under(speed, found["p50_ms"], found["p99_ms"])

    async def produce(self, count: int) -> Speed:
        """The bare producer, with records of as many events as the collector's have had."""
        settings = self.settings
        [records] = await samples(self.collector.url, "cartwake_collector_record_bytes_count")
        taken = sum(await samples(self.collector.url, "cartwake_collector_events_total", outcome="accepted"))
        record_events = max(1, round(taken / records))
        topic = lane_topic(LIVE, "events")
        arguments = [settings.kafka_bootstrap, topic, settings.partitions, self._files["lines"], record_events, count]
        return Speed(**await _json_of("bench.producer_limit", *arguments))


async def measure(lab: Lab, say: Say, count: int, partitions: int, parts: tuple[str, ...]) -> dict[str, Any]:
    """`..._per_cpu_s`: by the server's own processor time. The load generator and Kafka run on the same cores."""
    bench = Bench(lab, partitions, say)
    await asyncio.to_thread(bench.collector.start)
    await asyncio.to_thread(bench.empty.start)
    for server in (bench.collector, bench.empty):
        await bench.load(server, "batch", 200)
        await bench.load(server, "single", 200)
    figures: dict[str, Any] = {"batch_events": BATCH_EVENTS}
    batch_rounds, single_rounds = [], []
    batch_requests, single_requests = max(1, count // BATCH_EVENTS), max(1, count // _SINGLES_PER_EVENT)
    for number in range(_ROUNDS):
        batch_rounds.append(batch := await bench.load(bench.collector, "batch", batch_requests))
        single_rounds.append(single := await bench.load(bench.collector, "single", single_requests))
        say(f"round {number + 1}: batches {batch.speed.events_per_s:,.0f} events/s, single {single.speed.events_per_s:,.0f} events/s")
    figures |= _figures("batched", [each.speed for each in batch_rounds]) | _figures("single", [each.speed for each in single_rounds])
    if "latency" in parts:
        figures |= await _latency(bench, say, figures)
    if "limits" in parts:
        figures |= await _limits(bench, say, count, figures)
    figures["collector_rss_bytes"] = psutil.Process(bench.collector.pid).memory_info().rss
    return figures


async def _latency(bench: Bench, say: Say, figures: dict[str, Any]) -> dict[str, Any]:
    """Batches at half of the rate that was reached, each at its own time."""
    rate = figures["batched_events_per_s"] / BATCH_EVENTS / 2
    found = await bench.load(bench.collector, "batch", max(100, round(rate * _LATENCY_S)), rate)
    say(f"at half of the load: p50 {found.p50_ms:.1f} ms, p99 {found.p99_ms:.1f} ms")
    return {"p50_ms_at_half_load": round(found.p50_ms, 1), "p99_ms_at_half_load": round(found.p99_ms, 1)}


async def _limits(bench: Bench, say: Say, count: int, figures: dict[str, Any]) -> dict[str, Any]:
    """The same load on the server that answers nothing; the same lines by a producer alone."""
    http_batch, http_single, producer = [], [], []
    for number in range(_ROUNDS):
        http_batch.append((await bench.load(bench.empty, "batch", max(1, count // BATCH_EVENTS))).speed)
        http_single.append((await bench.load(bench.empty, "single", max(1, count // _SINGLES_PER_EVENT))).speed)
        producer.append(await bench.produce(count))
        http, alone = http_single[-1].events_per_s, producer[-1].events_per_s
        say(f"limits, round {number + 1}: HTTP {http:,.0f} requests/s, producer {alone:,.0f} events/s")
    found = _figures("http_limit_batched", http_batch) | _figures("http_limit_single", http_single) | _figures("producer_limit", producer)
    return {
        **found,
        "share_of_http_limit": round(figures["single_events_per_s"] / found["http_limit_single_events_per_s"], 3),
        "share_of_http_limit_batched": round(figures["batched_events_per_s"] / found["http_limit_batched_events_per_s"], 3),
        "share_of_producer_limit": round(figures["batched_events_per_s"] / found["producer_limit_events_per_s"], 3),
    }


def _figures(name: str, rounds: list[Speed]) -> dict[str, int]:
    return {
        f"{name}_events_per_s": round(median(each.events_per_s for each in rounds)),
        f"{name}_events_per_cpu_s": round(median(each.events_per_cpu_s for each in rounds)),
    }


def _lines(bodies: list[bytes]) -> list[bytes]:
    """What the collector stores of them."""
    envelope = Envelope(write_key="bench", source="web", received_at_ms=0, max_event_bytes=32_768)
    return [line for part in take(bodies, envelope, LIVE, 1).lines.values() for line in part]


async def _json_of(module: str, *arguments: Any) -> dict[str, Any]:
    """What a process of its own prints; BenchError when it fails."""
    command = [sys.executable, "-m", module, *map(str, arguments)]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=pipe, stderr=pipe)
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            out, error = await process.communicate()
    except TimeoutError:
        process.kill()
        raise BenchError(f"{module} did not end within {_TIMEOUT_S:.0f} s") from None
    if process.returncode:
        raise BenchError(f"{module}: {error.decode(errors='replace')[-2000:]}")
    found: dict[str, Any] = json.loads(out)
    return found
