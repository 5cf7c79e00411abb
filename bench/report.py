"""All parts of `cartwake bench streams`, one after the other, and their figures in one document."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from bench.feed import Feed, FeedSpec, feed
from bench.lab import BenchError, Lab, Say, machine, open_lab, versions
from bench.outputs import Key, Row, differences
from bench.peers import common, runner
from bench.speed import Speed
from bench.streams import Run, apply, in_memory, limit

__all__ = ["PARTS", "BenchError", "run", "wanted"]

# Each is a module with `measure`; what needs no feed of ours takes its own.
MORE = ("idle", "restore", "state", "timers")
PARTS = ("throughput", "limit", "two_workers", *runner.PEERS, *MORE)
# Enough for half a minute each; what a peer does in a second does not depend on how many follow.
PEER_EVENTS = {"idiomatic_faust": 15_000, "quixstreams": 60_000}
ROUNDS = 3  # of cartwake and each peer in turns
_STATE_EVENTS = 100_000


@dataclass
class Bench:
    """`figures` and `differences` as far as they are known; `wanted` says which parts to measure."""

    events: int
    partitions: int
    cache: Path
    say: Say
    wanted: tuple[str, ...] = PARTS
    figures: dict[str, Any] = field(default_factory=dict)
    differences: dict[str, int] = field(default_factory=dict)
    _main: Speed | None = None
    _peers: dict[str, tuple[Feed, int]] = field(default_factory=dict)  # those measured: their feed, and how many events it leaves

    async def run(self) -> dict[str, Any]:
        """Measure all that is wanted; the document."""
        self.figures |= {"events": self.events, "partitions": self.partitions}
        if {"throughput", "limit", "two_workers"} & set(self.wanted):
            await self._streams()
        for name in runner.PEERS:
            if name in self.wanted:
                await self._peer(name)
        if self._main is not None and self._peers:
            await self._rounds(self._main)
        for name in MORE:
            if name in self.wanted:
                await self._more(name)
        equal = {"outputs_equal": not any(self.differences.values()), "differences": self.differences} if self.differences else {}
        return {**self.figures, **equal, "machine": machine(), "versions": versions()}

    async def _streams(self) -> None:
        made = self._feed(self.events)
        with open_lab() as lab:
            one = await self._apply(lab, made, "one", 1)
            self.figures |= {**_figures("", one.speed), "transactions": one.transactions}
            if "limit" in self.wanted:
                self.say("limit: reading and decoding alone")
                most = await limit(lab, made, "one")
                self.figures |= {**_figures("limit_", most), **_ratios("share_of_limit", one.speed, most)}
            if "two_workers" in self.wanted:
                two = await self._apply(lab, made, "two", 2)
                self._compare("two_workers", one.outputs.comparable(), two.outputs.comparable())
                self.figures |= {**_figures("two_workers_", two.speed), **_ratios("speedup_two_workers", two.speed, one.speed)}
        self.say("the same events through the stream in memory, to compare")
        memory = in_memory(made)
        self._compare("memory", one.outputs.comparable(), memory.comparable())
        for topic in ("journeys", "rejected"):
            self.differences["memory"] += abs(one.outputs.counts[topic] - memory.counts[topic])
        self.differences["doubled"] = one.outputs.doubled
        self._main = one.speed

    async def _peer(self, name: str) -> None:
        """The peer and cartwake on the same events, so few and so plain that the peer can do them; then what both have said."""
        made = self._feed(min(self.events, PEER_EVENTS[name]), plain=True)
        with open_lab() as lab:
            ours = await self._apply(lab, made, "ours", 1)
            self.say(f"{name}: {made.spec.events:,} events")
            theirs = await runner.run(lab, name, made, ours.outputs.counts["journeys"], self.cache, self.say)
        self.say(f"{name}: {theirs.speed.events_per_s:,.0f} events/s, {theirs.speed.events_per_cpu_s:,.0f} per second of processor time")
        self._compare(name, common.of_cartwake(ours.outputs), theirs.tables)
        self.figures |= {**_figures(f"{name}_", theirs.speed), **_ratios(f"ratio_{name}_same_events", ours.speed, theirs.speed)}
        self._peers[name] = made, ours.outputs.counts["journeys"]

    async def _rounds(self, first: Speed) -> None:
        """All once more in turns, because a shared machine is quicker in one minute than in the next: medians of what lies side by side."""
        made, ours = self._feed(self.events), [first]
        ratios: dict[str, list[dict[str, float]]] = {name: [] for name in self._peers}
        for number in range(1, ROUNDS + 1):
            self.say(f"round {number} of {ROUNDS}")
            with open_lab() as lab:
                ours.append((await self._apply(lab, made, "round", 1)).speed)
                for name, (plain, events) in self._peers.items():
                    theirs = await runner.run(lab, name, plain, events, self.cache, self.say)
                    ratios[name].append(_ratios(f"ratio_{name}", ours[-1], theirs.speed))
        for figure in ("events_per_s", "events_per_cpu_s"):
            each = [round(getattr(speed, figure)) for speed in ours]
            self.figures |= {figure: round(median(each)), f"{figure}_rounds": each}
        for name, found in ratios.items():
            for figure in (f"ratio_{name}", f"ratio_{name}_cpu"):
                values = [each[figure] for each in found]
                self.figures |= {figure: median(values), f"{figure}_rounds": values}

    async def _more(self, name: str) -> None:
        module = importlib.import_module(f"bench.{name}")
        feeds = [self._feed(min(self.events, _STATE_EVENTS))] if name == "state" else []
        with open_lab() as lab:
            self.figures |= await module.measure(lab, self.say, *feeds)

    async def _apply(self, lab: Lab, made: Feed, lane: str, workers: int) -> Run:
        self.say(f"cartwake: {made.spec.events:,} events through {workers} worker{'s' if workers > 1 else ''}")
        done = await apply(lab, made, lane, workers)
        by_clock, by_cpu = done.speed.events_per_s, done.speed.events_per_cpu_s
        self.say(f"cartwake: {by_clock:,.0f} events/s, {by_cpu:,.0f} per second of processor time, {done.transactions:,} transactions")
        return done

    def _feed(self, events: int, plain: bool = False) -> Feed:
        return feed(FeedSpec(events=events, partitions=self.partitions, plain=plain), self.cache, self.say)

    def _compare(self, name: str, ours: dict[str, dict[Key, Row]], theirs: dict[str, dict[Key, Row]]) -> None:
        number, words = differences(ours, theirs)
        self.differences[name] = number
        for line in words:
            self.say(f"{name} differs: {line}")


def _figures(prefix: str, speed: Speed) -> dict[str, float]:
    return {
        f"{prefix}events_per_s": round(speed.events_per_s),
        f"{prefix}events_per_cpu_s": round(speed.events_per_cpu_s),
        f"{prefix}seconds": round(speed.seconds, 2),
    }


def _ratios(name: str, ours: Speed, theirs: Speed) -> dict[str, float]:
    """By the clock, and by processor time, which says the same on a machine that others use too."""
    return {
        name: round(ours.events_per_s / theirs.events_per_s, 3),
        f"{name}_cpu": round(ours.events_per_cpu_s / theirs.events_per_cpu_s, 3),
    }


def wanted(only: Iterable[str], peers: bool) -> tuple[str, ...]:
    """The parts to measure: those that were named, else all, with or without the peers."""
    named = set(only)
    return tuple(part for part in PARTS if part in (named or PARTS) and (peers or part in named or part not in runner.PEERS))


def run(events: int, partitions: int, cache: Path, say: Say, parts: tuple[str, ...]) -> dict[str, Any]:
    return asyncio.run(Bench(events, partitions, cache, say, parts).run())
