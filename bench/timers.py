"""What open carts cost: a million of them in one process while nothing is due, and 100,000 that fall due at once.

The million stand in the stages of a process of their own (`python -m bench.timers`), copies of one cart that the stream made, and never
fall due. The 100,000 are events of as many devices, and a real worker on a real Kafka.
"""

from __future__ import annotations

import asyncio
import gc
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from decimal import Decimal

import msgspec
import psutil

from bench.feed import WRITE_KEY, Record
from bench.lab import ROOT, BenchError, Lab, Say
from bench.lane import Lane, cpu_s
from bench.streams import Clocks
from runtime.settings import Settings
from schemas.collected import Collected
from schemas.items import Item
from schemas.journeys import Kind, Tick
from schemas.partition import partition_of
from schemas.rows import TriggerRow
from streams.logic.journey import Journey
from streams.logic.output import Output
from streams.memory import MemoryStream
from streams.policies import policy_of

LANE = "timers"
START_MS = 1_767_225_600_000
_IDLE_ROUNDS = 30
_EVENTS_A_RECORD = 250
_HOPS = 4  # rounds of ticks: each carries what was forwarded between partitions one hop further
_WITHIN_S = 300.0
_ITEMS = tuple(
    Item(product_id=f"lamp-{number}", name=f"Table lamp no. {number}", category="lamps", price=Decimal("19.90"), quantity=1)
    for number in range(3)  # the simulator's average
)
_encode = msgspec.json.Encoder().encode


async def measure(lab: Lab, say: Say, carts: int = 1_000_000, due: int = 100_000, partitions: int = 8) -> dict[str, float]:
    """`timers_memory_mib`: growth of a fresh process's resident memory by `carts` open carts in its stages. `timers_idle_cpu_share`: of
    one core, what these stages use for the ticks while nothing is due. `timers_due_s`: from Kafka's acknowledgement of the tick until
    all triggers of `due` carts are in the results, through one worker; `timers_due_cpu_s`: of its processor time.
    """
    say(f"timers: {carts:,} open carts in one process")
    command = [sys.executable, "-m", "bench.timers", str(carts), str(partitions)]
    done = await asyncio.to_thread(subprocess.run, command, cwd=ROOT, stdout=subprocess.PIPE, check=True)
    return {**json.loads(done.stdout), **await _due(lab, say, due, partitions)}


def hold(carts: int, partitions: int) -> dict[str, float]:
    """The part without Kafka, to be run in a process of its own."""
    settings = Settings(partitions=partitions)
    policy = policy_of(settings, LANE, replayed=False)
    value = one_cart(settings)
    stages = Stages([Journey(policy) for _ in range(partitions)])
    stages.tick(START_MS)
    gc.collect()
    before_bytes = psutil.Process().memory_info().rss
    for number in range(carts):
        stages.each[number % partitions].load(b"d:" + _device(number).encode(), value[:8] + value[8:])
    for stage in stages.each:
        stage.restored()
    stages.tick(START_MS + 1)
    began_s = time.process_time()
    for second in range(_IDLE_ROUNDS):
        stages.tick(START_MS + 1000 * (second + 1))
    used_s = time.process_time() - began_s
    grown_bytes = psutil.Process().memory_info().rss - before_bytes
    return {
        "timers_carts": carts,
        "timers_memory_mib": grown_bytes / (1 << 20),
        "timers_idle_cpu_share": used_s / (_IDLE_ROUNDS * settings.tick_s),
    }


class Stages:
    """The journey stages of all partitions, fed with ticks alone; what they tell each other is passed on."""

    def __init__(self, each: list[Journey]) -> None:
        self.each = each
        for partition, stage in enumerate(each):
            stage.partition = partition

    def tick(self, now_ms: int) -> None:
        """As the `identify` agents of all partitions pass a tick on."""
        ticks = [(str(Kind.TICK), _encode(Tick(now_ms=now_ms, source=source))) for source in range(len(self.each))]
        waiting = [ticks, *([] for _ in self.each[1:])]
        while any(waiting):
            told: list[list[tuple[str, bytes]]] = [[] for _ in self.each]
            for stage, records in zip(self.each, waiting, strict=True):
                self._apply(stage, records, told)
            waiting = told

    def _apply(self, stage: Journey, records: list[tuple[str, bytes]], told: list[list[tuple[str, bytes]]]) -> None:
        out = Output(len(self.each))
        for kind, value in records:
            stage.on_record(kind, value, out)
        stage.flush(out)
        for (topic, target), lines in out.lines.items():
            if topic == "journeys":
                told[target] += lines
            elif topic != "clocks":
                raise BenchError(f"nothing was due, but there are lines for {topic}")


def _device(number: int) -> str:
    return f"dev-{number:08d}"


def _cart(number: int, at_ms: int) -> Collected:
    device = _device(number)
    return Collected(
        event="add_to_cart",
        message_id=f"add-{device}",
        write_key=WRITE_KEY,
        received_at_ms=at_ms,
        client_at_ms=at_ms,
        device_id=device,
        cart_id=f"cart-{device}",
        cart_items=_ITEMS,
        currency="EUR",
    )


def one_cart(settings: Settings) -> bytes:
    """What the stream keeps of a device with an open cart."""
    stream = MemoryStream(policy_of(settings, LANE, replayed=False))
    stream.send([_cart(0, START_MS)])
    stream.run()
    entries = [entry for (agent, _), found in stream.state.items() if agent == "journey" for entry in found.items()]
    return next(value for key, value in entries if _device(0).encode() in key)


async def _due(lab: Lab, say: Say, due: int, partitions: int) -> dict[str, float]:
    settings = lab.lane(LANE, partitions)
    worker = lab.worker(settings, LANE)
    clocks = Clocks(settings, LANE)
    await asyncio.to_thread(worker.start)
    await clocks.start()
    async with Lane(settings, LANE, ["triggers"]) as lane:
        say(f"timers: {due:,} carts left in a worker")
        await lane.send(carts(due, partitions))
        for hop in range(_HOPS):
            await lane.tick(START_MS + hop)
            await clocks.reach(START_MS + hop)
        say("timers: all are due")
        await lane.tick(START_MS + settings.abandon_idle_s * 1000)
        began_s, began_cpu_s = time.monotonic(), cpu_s(worker.pid)
        await _fired(lane, due)
        took_s, used_s = time.monotonic() - began_s, cpu_s(worker.pid) - began_cpu_s
    await clocks.stop()
    await asyncio.to_thread(worker.stop)
    return {"timers_due_s": took_s, "timers_due_cpu_s": used_s}


def carts(count: int, partitions: int) -> Iterator[Record]:
    """One event each, in records as under load."""
    held: dict[int, list[bytes]] = {partition: [] for partition in range(partitions)}
    for number in range(count):
        event = _cart(number, START_MS)
        lines = held[partition := partition_of(event.device_id, partitions)]
        lines.append(_encode(event))
        if len(lines) == _EVENTS_A_RECORD:
            yield Record(partition, Kind.EVENT, b"\n".join(lines))
            lines.clear()
    yield from (Record(partition, Kind.EVENT, b"\n".join(lines)) for partition, lines in held.items() if lines)


async def _fired(lane: Lane, due: int) -> None:
    """Until each cart's trigger has come."""
    fired: set[str] = set()
    async with asyncio.timeout(_WITHIN_S):
        while len(fired) < due:
            async for found in lane.read():
                fired.update(msgspec.json.decode(line, type=TriggerRow).trigger_id for line in found.lines)


if __name__ == "__main__":
    print(json.dumps(hold(int(sys.argv[1]), int(sys.argv[2]))))
