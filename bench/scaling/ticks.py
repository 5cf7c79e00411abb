"""What time itself costs: a tick in each `events` partition becomes four lines a `journeys` partition. Timed in memory."""

from __future__ import annotations

import time
from typing import NamedTuple

from streams.logic.policy import Policy
from streams.memory import MemoryStream

PARTITIONS = (8, 16, 32, 64, 128)
_START_MS = 1_700_000_000_000


class TickCost(NamedTuple):
    partitions: int
    lines: int  # a tick, over all partitions
    us_per_line: float  # of logic alone; the records around the lines cost more


def measure(rounds: int) -> list[TickCost]:
    """The mean of some ticks in an empty lane."""
    found = []
    for partitions in PARTITIONS:
        stream = MemoryStream(Policy(lane="live", partitions=partitions))
        began_s = time.process_time()
        for number in range(rounds):
            stream.tick(_START_MS + number * 1000)
            stream.run()
            stream.rows.clear()
        took_s = time.process_time() - began_s
        lines = lines_a_tick(partitions)
        found.append(TickCost(partitions, lines, round(took_s / rounds / lines * 1e6, 2)))
    return found


def lines_a_tick(partitions: int) -> int:
    """Each `events` partition tells partition 0 of `journeys`, which asks all others, hears each and itself, and tells them the time."""
    return 2 * partitions + 2 * (partitions - 1)
