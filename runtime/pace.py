"""Keeps whoever sends the past in quick motion from running away from those who read it."""

from __future__ import annotations

import asyncio
import time
from functools import partial

from runtime.lanes import LaneError
from runtime.query import query
from runtime.settings import Settings

CLOCK = """SELECT if(uniqExact(partition) < {partitions:UInt32}, 0, min(now_ms)) FROM
    (SELECT partition, toUnixTimestamp64Milli(max(now_at)) AS now_ms FROM clocks WHERE lane = {lane:String} GROUP BY partition)"""
POLL_S, PATIENCE_S = 0.2, 120.0


def lane_clock_ms(settings: Settings, lane: str) -> int:
    """How far the slowest partition has come; 0 before all have said so. Blocking."""
    rows = query(settings, CLOCK, {"lane": lane, "partitions": settings.partitions})
    return int(rows[0][0])


async def keep_up(settings: Settings, lane: str, at_ms: int) -> None:
    """Return once the lane has come to `at_ms`. LaneError when it does not for two minutes."""
    deadline_s = time.monotonic() + PATIENCE_S
    while await asyncio.to_thread(partial(lane_clock_ms, settings, lane)) < at_ms:
        if time.monotonic() > deadline_s:
            raise LaneError(
                f"the lane {lane} does not keep up: it has stood still for {PATIENCE_S:.0f} s; see the worker's and the sink's log"
            )
        await asyncio.sleep(POLL_S)
