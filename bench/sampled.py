"""Changelog entries of many persons: what the stream itself kept of some simulated shoppers, then copies of it under other keys."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from itertools import islice

import msgspec
from aiokafka import AIOKafkaProducer

from bench.feed import FeedSpec, make
from runtime.settings import Settings
from schemas.collected import Collected
from schemas.journeys import Kind, Tick
from streams.agents.setups import Setups
from streams.logic.output import Output
from streams.memory import MemoryStream
from streams.pipeline import Pipeline
from streams.policies import policy_of

_PREFIX = b"s1-"  # begins every id of the simulator's first seed
_LETTERS = b"abcdefghijklmnopqrstuvwxyz"
_decode = msgspec.json.Decoder(Collected).decode
Entries = list[tuple[bytes, bytes]]
State = dict[tuple[str, int], Entries]  # by agent and partition


def sampled(settings: Settings, lane: str, spec: FeedSpec) -> State:
    """The changelog after a feed; its clocks stand at the feed's `final_ms`."""
    stream = MemoryStream(policy_of(settings, lane, replayed=False))
    for record in make(spec):
        if record.kind is Kind.EVENT:
            stream.send([_decode(line) for line in record.value.split(b"\n")])
        elif record.partition == 0:  # a tick comes to all partitions at once
            stream.tick(msgspec.json.decode(record.value, type=Tick).now_ms)
            stream.run()
            stream.rows.clear()
    return {place: list(entries.items()) for place, entries in stream.state.items()}


def copies(entries: Entries, times: int) -> Iterator[tuple[bytes, bytes]]:
    """Each person's and device's entry so many times: as it is, then under keys that begin otherwise and are as long.

    A copy's value still holds the first one's ids: it is written, read and loaded like any other, but no event or time may touch it.
    What is not a person's or a device's (`@clock`, message ids seen) comes once.
    """
    yield from entries
    for tag in islice((b"%c%c-" % (a, b) for a in _LETTERS for b in _LETTERS), times - 1):
        yield from ((key.replace(_PREFIX, tag), value) for key, value in entries if _PREFIX in key)


class _Given:
    """The writing pipeline's only delivery: a tick in its input."""

    headers = None
    value = b""

    def __init__(self, offset: int) -> None:
        self.offset = offset
        self.applied = asyncio.Event()

    def ack(self) -> None:
        self.applied.set()


class _Writing:
    """A stage that writes given entries into its changelog, so many in each transaction."""

    def __init__(self, entries: Iterator[tuple[bytes, bytes]], each: int) -> None:
        self.partition = 0
        self._entries, self._each = entries, each

    def load(self, key: bytes, value: bytes) -> None:
        """It has no use for what is there."""

    def restored(self) -> None:
        """It has no use for what is there."""

    def on_record(self, kind: str, value: bytes, out: Output) -> None:
        """It has one only to begin with."""

    def flush(self, out: Output) -> bool:
        out.changes.update(islice(self._entries, self._each))
        return bool(out.changes)


async def write_entries(
    settings: Settings, lane: str, place: tuple[str, int], entries: Iterator[tuple[bytes, bytes]], each: int = 500
) -> None:
    """Write entries into the changelog of an agent's partition (`place`) as its own pipeline does: transactions of `each`, whole batches,
    compression. No worker may run. The offset in the changelog becomes that of a tick at time 0, which is put into the input here.
    """
    agent, partition = place
    own = Setups(settings, lane, policy_of(settings, lane, replayed=False)).of(agent, partition)
    async with AIOKafkaProducer(bootstrap_servers=settings.kafka_bootstrap, acks="all") as producer:
        line = msgspec.json.encode(Tick(now_ms=0))
        tick = await producer.send_and_wait(own.input_topic, line, partition=partition, headers=[("kind", Kind.TICK.encode())])
    name = f"bench-{lane}-{agent}-{partition}"
    setup = msgspec.structs.replace(own, transactional_id=name, make_stage=lambda: _Writing(entries, each))
    pipeline, only = Pipeline(setup), _Given(tick.offset)
    await pipeline.submit(only)
    await only.applied.wait()
    await pipeline.close()
