"""All parts of `cartwake bench collector`, and their figures in one document."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bench import collector
from bench.lab import BenchError, Say, machine, open_lab, versions

__all__ = ["PARTS", "BenchError", "run", "wanted"]
PARTS = ("throughput", "latency", "limits")  # the others are held against the throughput, which is always measured


def wanted(only: Iterable[str], peers: bool) -> tuple[str, ...]:
    """The parts to measure: those that were named, else all. There are no peers."""
    named = set(only)
    return tuple(part for part in PARTS if part in (named or PARTS))


def run(events: int, partitions: int, cache: Path, say: Say, parts: tuple[str, ...]) -> dict[str, Any]:
    """`events` are sent in each round; nothing is kept in `cache`."""
    with open_lab() as lab:
        figures = asyncio.run(collector.measure(lab, say, events, partitions, parts))
    return {"partitions": partitions, **figures, "machine": machine(), "versions": versions()}
