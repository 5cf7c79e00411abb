"""All parts of `cartwake bench page`, and their figures in one document."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from bench.lab import BenchError, Say, machine, versions
from bench.page import SLOWER, Load, Loads, loads

__all__ = ["PARTS", "BenchError", "run", "wanted"]
PARTS = ("fresh", "queued")
LOADS = 7  # of each kind, in turns: the median counts


def wanted(only: Iterable[str], peers: bool) -> tuple[str, ...]:
    """The parts to measure: those that were named, else all. There are no peers; the empty page is always there."""
    named = set(only)
    return tuple(part for part in PARTS if part in (named or PARTS))


def run(events: int, partitions: int, cache: Path, say: Say, parts: tuple[str, ...]) -> dict[str, Any]:
    """`events`: how many are left of the outage. `partitions` and `cache` are the streams' affair."""
    with loads() as opened:
        kinds: dict[str, Callable[[], Load]] = {"empty": opened.empty, "fresh": opened.fresh, "queued": lambda: opened.queued(events)}
        taken = {name: kinds[name] for name in ("empty", *parts)}
        found: dict[str, Any] = {"loads": LOADS, "slower": SLOWER, "stored_events": events}
        slowed = _rounds(opened, SLOWER, taken, say)
        plain = _rounds(opened, 1, taken, say)
        found |= {name: {**_by_processor(plain[name]), **_by_the_clock(slowed[name])} for name in taken}
        if "queued" in parts:
            found["queued"]["track_ms"] = round(median(SLOWER * opened.track_ms(events) for _ in range(LOADS)), 2)
        found["measured_slowdown"] = round(median(opened.slowdown(SLOWER) for _ in range(LOADS)), 2)
    return {**found, "machine": machine(), "versions": versions()}


def _rounds(opened: Loads, rate: float, kinds: dict[str, Callable[[], Load]], say: Say) -> dict[str, list[Load]]:
    """`rate`: how many times slower Chromium makes the page's processor."""
    opened.rate = rate
    found: dict[str, list[Load]] = {name: [] for name in kinds}
    for number in range(LOADS):
        say(f"page: round {number + 1} of {LOADS}, processor {'as it is' if rate == 1 else f'{rate} times slower'}")
        for name, load in kinds.items():
            found[name].append(load())
    return found


def _by_processor(taken: Sequence[Load]) -> dict[str, float]:
    """What the page's thread took of an unslowed processor, times SLOWER: others on the machine hardly move it."""
    blocking_ms = [sum(max(0.0, SLOWER * each_ms - 50) for each_ms in load.work.tasks_ms) for load in taken]
    return {
        "longest_task_ms": round(median(SLOWER * max(load.work.tasks_ms) for load in taken), 1),
        "blocking_ms": round(median(blocking_ms), 1),
        "script_ms": round(median(SLOWER * load.work.script_ms for load in taken), 1),
    }


def _by_the_clock(taken: Sequence[Load]) -> dict[str, float]:
    """What the page's own observer saw while Chromium slowed it."""
    return {
        "observed_long_tasks": median(len(load.long_tasks_ms) for load in taken),
        "observed_blocking_ms": round(median(load.blocking_ms for load in taken), 1),
    }
