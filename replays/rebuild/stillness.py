"""A lane whose processes stand still for a while, and run on afterwards whatever happens meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from runtime.lanes import pause_lane, resume_lane
from runtime.settings import Settings


@asynccontextmanager
async def standing_still(settings: Settings, lane: str) -> AsyncIterator[Callable[[str], Awaitable[None]]]:
    """Gives a function that stops the lane's processes of a role. All of them run again at the end, also when this is cancelled."""
    stops: list[asyncio.Task[list[dict[str, Any]]]] = []

    async def stop(role: str) -> None:
        stops.append(asyncio.create_task(asyncio.to_thread(pause_lane, settings, lane, role)))
        await asyncio.shield(stops[-1])

    try:
        yield stop
    finally:
        stopped = [spec for specs in await asyncio.gather(*stops, return_exceptions=True) if isinstance(specs, list) for spec in specs]
        await asyncio.to_thread(resume_lane, settings, stopped)
