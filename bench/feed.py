"""The events of a benchmark: simulated shoppers through the collector's own steps, packed into Kafka records as under load.

The same spec always gives the same bytes. Made feeds are kept in a folder under a digest of the spec and of the sources that made them.
"""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import BinaryIO, NamedTuple

import lz4.frame
import msgspec

from bench.lab import ROOT, Say
from collector.intake import take
from collector.steps import Envelope
from schemas.journeys import Kind, Tick
from simulator.config import HOUR_MS, SimConfig
from simulator.timeline import arrivals

WRITE_KEY = "bench"
_MADE_BY = ("simulator", "collector", "schemas", "bench/feed.py")
_EVENTS_A_SHOPPER = 17  # in four days, fewer than any seed makes; what is too much is cut off
_EVENTS_A_PLAIN_SHOPPER = 14
_HEAD = struct.Struct("<HBI")  # partition, kind, length of the value in bytes
_KINDS = (Kind.EVENT, Kind.TICK)
_SAY_TIMES = 10
_MAX_EVENT_BYTES = 32_768


class Record(NamedTuple):
    """A record of the topic `events`; `kind` is its header."""

    partition: int
    kind: Kind
    value: bytes

    @property
    def events(self) -> int:
        return self.value.count(b"\n") + 1 if self.kind is Kind.EVENT else 0


@dataclass(frozen=True, kw_only=True)
class FeedSpec:
    """Which events. `plain`: shoppers with one device and one account, nothing late, for logic that knows no lateness.

    Four days, because a worker takes what lies in Kafka partition by partition, and these must not come apart by more than is
    allowed of lateness (simulator/play.py). A replay of a longer time waits; a benchmark must not.
    """

    events: int = 500_000
    partitions: int = 8
    seed: int = 1
    plain: bool = False
    days: int = 4
    max_record_bytes: int = 524_288
    # A live worker ticks each second; under load that is once in so many events. At night, once in so many hours of the simulation.
    tick_every_events: int = 20_000
    tick_every_ms: int = 12 * HOUR_MS

    @cached_property
    def config(self) -> SimConfig:
        each = _EVENTS_A_PLAIN_SHOPPER if self.plain else _EVENTS_A_SHOPPER
        shoppers = self.events // each + 20
        if not self.plain:
            return SimConfig(seed=self.seed, shoppers=shoppers, days=self.days)
        return SimConfig(
            seed=self.seed, shoppers=shoppers, days=self.days, device_counts=(1.0,), second_account=0.0, delayed=0.0, very_late=0.0
        )

    @property
    def final_ms(self) -> int:
        """The time of the last tick: nothing arrives later, and what was due by then has fired."""
        return self.config.end_ms + HOUR_MS

    @property
    def digest(self) -> str:
        """Of the spec and of the code that makes it."""
        found = hashlib.sha256(repr(sorted(asdict(self).items())).encode())
        for part in _MADE_BY:
            path = ROOT / part
            for file in [path] if path.is_file() else sorted(path.rglob("*.py")):
                found.update(file.read_bytes())
        return found.hexdigest()[:20]


def make(spec: FeedSpec, say: Say = lambda text: None) -> Iterator[Record]:
    """The records in order of arrival: exactly `spec.events` events, ticks between them, one tick a partition at the end.

    Events are packed with what arrived since the last tick, as a collector packs what waits while Kafka acknowledges.
    """
    held: list[list[bytes]] = [[] for _ in range(spec.partitions)]
    left, ticked_ms, ticked_left, said = spec.events, 0, spec.events, 0
    for at_ms, slot in groupby(arrivals(spec.config), key=lambda arrival: arrival.arrival_ms):
        for partition, lines in _lines(spec, at_ms, [arrival.body for arrival in slot]):
            held[partition] += lines[:left]
            left -= min(left, len(lines))
        if (spec.events - left) * _SAY_TIMES // spec.events > said:
            said += 1
            say(f"simulated {spec.events - left:,} of {spec.events:,} events")
        if at_ms - ticked_ms >= spec.tick_every_ms or ticked_left - left >= spec.tick_every_events or not left:
            ticked_ms, ticked_left = at_ms, left
            yield from _packed(spec, held)
            yield from ticks(spec.partitions, at_ms + 1)
        if not left:
            break
    if left:
        raise ValueError(f"seed {spec.seed} makes {left} events too few: lower _EVENTS_A_SHOPPER")
    yield from ticks(spec.partitions, spec.final_ms)


def ticks(partitions: int, now_ms: int) -> Iterator[Record]:
    """The time, into each partition."""
    line = msgspec.json.encode(Tick(now_ms=now_ms))
    for partition in range(partitions):
        yield Record(partition, Kind.TICK, line)


def _lines(spec: FeedSpec, at_ms: int, bodies: list[bytes]) -> Iterable[tuple[int, list[bytes]]]:
    """One slot's events as the collector takes them, by partition; what it refuses is left out."""
    envelope = Envelope(write_key=WRITE_KEY, source="web", received_at_ms=at_ms, max_event_bytes=_MAX_EVENT_BYTES)
    return sorted(take(bodies, envelope, "", spec.partitions).lines.items())


def _packed(spec: FeedSpec, held: list[list[bytes]]) -> Iterator[Record]:
    """Everything held, in records that are as large as they may be."""
    for partition, lines in enumerate(held):
        start, size = 0, 0
        for index, line in enumerate(lines):
            if index > start and size + len(line) + 1 > spec.max_record_bytes:
                yield Record(partition, Kind.EVENT, b"\n".join(lines[start:index]))
                start, size = index, 0
            size += len(line) + 1
        if lines:
            yield Record(partition, Kind.EVENT, b"\n".join(lines[start:]))
        lines.clear()


class Feed:
    """A made feed in a file; `records` reads it as often as wanted."""

    def __init__(self, spec: FeedSpec, file: Path) -> None:
        self.spec = spec
        self.file = file

    def records(self) -> Iterator[Record]:
        with lz4.frame.open(self.file, "rb") as source:
            while head := source.read(_HEAD.size):
                partition, kind, length = _HEAD.unpack(head)
                yield Record(partition, _KINDS[kind], source.read(length))

    def events(self) -> Iterator[tuple[int, bytes]]:
        """Each event's partition and line, in order of arrival within a partition."""
        for record in self.records():
            if record.kind is Kind.EVENT:
                for line in record.value.split(b"\n"):
                    yield record.partition, line


def feed(spec: FeedSpec, cache: Path, say: Say = lambda text: None) -> Feed:
    """The feed of a spec: from the cache, or made now (about 25 s for 500,000 events)."""
    cache.mkdir(parents=True, exist_ok=True)
    file = cache / f"{spec.digest}.feed"
    if not file.exists():
        unfinished = file.with_suffix(f".{os.getpid()}")
        try:
            with lz4.frame.open(unfinished, "wb") as out:
                _write(make(spec, say), out)
            unfinished.replace(file)
        finally:
            unfinished.unlink(missing_ok=True)
    return Feed(spec, file)


def _write(records: Iterable[Record], out: BinaryIO) -> None:
    for record in records:
        out.write(_HEAD.pack(record.partition, _KINDS.index(record.kind), len(record.value)))
        out.write(record.value)
