"""What the size of the changelog and of a stage in memory is computed from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bench.state import disk_bytes, memory_bytes, worst_ratio
from runtime.settings import Settings

SETTINGS = replace(Settings(), partitions=2)


def test_only_the_second_half_of_the_load_counts() -> None:
    assert worst_ratio([(1, 90), (10, 50), (10, 20), (10, 25)]) == 2.5
    assert worst_ratio([(4, 10)]) == 2.5


def test_the_disk_is_counted_over_all_partitions_and_files_of_the_topic_alone(tmp_path: Path) -> None:
    for name, size in (("t.journey-state-0/a.log", 8_192), ("t.journey-state-1/a.log.deleted", 4_096), ("t.journeys-0/a.log", 65_536)):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(b"x" * size)
    assert disk_bytes(tmp_path, "t.journey-state") == 12_288


@pytest.mark.parametrize("length", [200, 2_000])
async def test_a_stage_in_memory_is_larger_than_what_it_holds(length: int, tmp_path: Path) -> None:
    never = b"\xff" * 8
    state = {p: {b"d:%d-%06d" % (p, n): never + bytes([n % 256]) * length for n in range(10_000)} for p in range(2)}
    found = await memory_bytes(state, tmp_path / "entries", SETTINGS)
    assert 20_000 * length < found < 20_000 * (length + 1_000)
