"""All parts of `cartwake bench queries`, and their figures in one document."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bench import queries
from bench.lab import BenchError, Say, machine, versions

__all__ = ["PARTS", "BenchError", "run", "wanted"]
PARTS = ("board", "views", "funnel", "memory")


def wanted(only: Iterable[str], peers: bool) -> tuple[str, ...]:
    """The parts to measure: those that were named, else all. There are no peers."""
    named = set(only)
    return tuple(part for part in PARTS if part in (named or PARTS))


def run(events: int, partitions: int, cache: Path, say: Say, parts: tuple[str, ...]) -> dict[str, Any]:
    """`partitions` and `cache` are the streams' affair."""
    with tempfile.TemporaryDirectory(prefix="cartwake-bench-") as folder:
        return {**queries.measure(Path(folder), events, say, parts), "machine": machine(), "versions": versions()}
