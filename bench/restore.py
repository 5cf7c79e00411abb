"""How long a lost worker is missed: 200,000 persons in the changelog, kill -9, and a second process takes over.

The persons are copies, under other keys, of what the stream kept of simulated shoppers; the pipeline's own code wrote them.
"""

from __future__ import annotations

import asyncio
import time
from decimal import Decimal

import msgspec

from bench.feed import WRITE_KEY, FeedSpec, Record
from bench.lab import BenchError, Lab, Say
from bench.lane import Lane, cpu_s, samples
from bench.sampled import State, copies, sampled, write_entries
from schemas.collected import Collected, partition_key
from schemas.items import Item
from schemas.journeys import Kind
from schemas.partition import partition_of, stream_partition
from schemas.rows import CartRow

LANE = "restore"
SAMPLE_EVENTS = 30_000
_WITHIN_S = 300.0
_MINUTE_MS = 60_000
_encode = msgspec.json.Encoder().encode
_decode_cart = msgspec.json.Decoder(CartRow).decode


async def measure(lab: Lab, say: Say, persons: int = 200_000, partitions: int = 8) -> dict[str, float]:
    """`restore_persons_per_s`: persons in the changelog by the seconds of the longest restore (a process restores its partitions side
    by side), from the worker's own metrics. `kill_to_ready_s`, `kill_to_service_s`: from kill -9 until the next process, started at
    once, has its partitions, and until a new event of each partition of both agents is in the results. `restore_persons`: how many;
    `restore_cpu_s`: all processor time of that process, its start included.
    """
    settings = lab.lane(LANE, partitions)
    spec = FeedSpec(events=SAMPLE_EVENTS, partitions=partitions, days=40)
    state = sampled(settings, LANE, spec)
    sample = sum(_is_person(key) for (agent, _), entries in state.items() if agent == "journey" for key, _ in entries)
    times = -(-persons // sample)
    say(f"restore: writing the state of {times * sample:,} persons")
    for place, entries in state.items():
        await write_entries(settings, LANE, place, copies(entries, times))
    async with Lane(settings, LANE, ["carts", "rejected"]) as lane:
        lost, found = lab.worker(settings, LANE), lab.worker(settings, LANE)
        await asyncio.to_thread(lost.start)
        await _served(lane, [*strangers(partitions, spec.final_ms), *known(state, spec.final_ms)])
        say("restore: kill -9")
        began_s = time.monotonic()
        await asyncio.to_thread(lost.kill)
        later_ms = spec.final_ms + _MINUTE_MS
        served = asyncio.create_task(_served(lane, [*strangers(partitions, later_ms), *known(state, later_ms)]))
        await asyncio.to_thread(found.start)
        ready_s = time.monotonic() - began_s
        await served
        service_s = time.monotonic() - began_s
    keys = sum(await samples(found.url, "cartwake_stream_state_keys", agent="journey"))
    used_s = cpu_s(found.pid)
    longest_s = max(await samples(found.url, "cartwake_stream_restore_seconds", agent="journey"))
    await asyncio.to_thread(found.stop)
    if keys < times * sample:
        raise BenchError(f"{keys:.0f} entries restored of {times * sample} persons")
    return {
        "restore_persons": times * sample,
        "restore_persons_per_s": times * sample / longest_s,
        "restore_cpu_s": used_s,
        "kill_to_ready_s": ready_s,
        "kill_to_service_s": service_s,
    }


def _is_person(key: bytes) -> bool:
    return key[:2] in (b"u:", b"d:")


def known(state: State, at_ms: int) -> list[Collected]:
    """A cart of a restored user of each partition."""
    users = [
        next(key[2:].decode() for key, _ in entries if key[:2] == b"u:") for (agent, _), entries in state.items() if agent == "journey"
    ]
    return [_cart(f"known-{user}", at_ms, user_id=user) for user in users]


def strangers(partitions: int, at_ms: int) -> list[Collected]:
    """Carts of new persons, so that each partition of both agents has one."""
    devices = [f"new-{at_ms}-{number}" for number in range(40 * partitions)]
    by_device = {partition_of(device, partitions): device for device in devices}
    by_person = {stream_partition(f"d:{device}", partitions): device for device in devices}
    assert len(by_device) == len(by_person) == partitions
    return [_cart(device, at_ms, device_id=device) for device in sorted({*by_device.values(), *by_person.values()})]


def _cart(cart_id: str, at_ms: int, device_id: str = "", user_id: str = "") -> Collected:
    cart_id = f"{cart_id}-{at_ms}"
    return Collected(
        event="add_to_cart",
        message_id=cart_id,
        write_key=WRITE_KEY,
        received_at_ms=at_ms,
        client_at_ms=at_ms,
        device_id=device_id,
        user_id=user_id,
        cart_id=cart_id,
        items=(Item(product_id="lamp", price=Decimal("19.90")),),
    )


async def _served(lane: Lane, events: list[Collected]) -> None:
    """Send events and wait until the cart of each is in the results."""
    partitions = lane.settings.partitions
    await lane.send(Record(partition_of(partition_key(event), partitions), Kind.EVENT, _encode(event)) for event in events)
    missing = {event.cart_id for event in events}
    async with asyncio.timeout(_WITHIN_S):
        while missing:
            async for found in lane.read():
                for line in found.lines:
                    if found.topic == "rejected":
                        raise BenchError(f"an event was rejected: {line[:500]!r}")
                    missing.discard(_decode_cart(line).cart_id)
