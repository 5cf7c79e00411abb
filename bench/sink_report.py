"""All parts of `cartwake bench sink`, one after the other, and their figures in one document."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bench import freshness, outage, sink
from bench.feed import FeedSpec, feed
from bench.lab import BenchError, Say, machine, open_lab, versions

__all__ = ["PARTS", "BenchError", "run", "wanted"]
PARTS = ("throughput", "freshness", "outage")


def wanted(only: Iterable[str], peers: bool) -> tuple[str, ...]:
    """The parts to measure: those that were named, else all. There are no peers."""
    named = set(only)
    return tuple(part for part in PARTS if part in (named or PARTS))


def run(events: int, partitions: int, cache: Path, say: Say, parts: tuple[str, ...]) -> dict[str, Any]:
    return asyncio.run(_run(events, partitions, cache, say, parts))


async def _run(events: int, partitions: int, cache: Path, say: Say, parts: tuple[str, ...]) -> dict[str, Any]:
    figures: dict[str, Any] = {"partitions": partitions}
    made = feed(FeedSpec(events=events, partitions=partitions), cache, say) if {"throughput", "outage"} & set(parts) else None
    with open_lab() as lab:
        if "throughput" in parts and made:
            figures |= await sink.measure(lab, say, made)
        if "freshness" in parts:
            figures |= await freshness.measure(lab, say)
        if "outage" in parts and made:
            figures |= await outage.measure(lab, say, made)
    return {**figures, "machine": machine(), "versions": versions()}
