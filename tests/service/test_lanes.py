"""Lanes under a real supervisor: what is cut short leaves nothing running, and what stood still runs on."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from replays.rebuild.stillness import standing_still
from runtime.lanes import close_lane
from runtime.local.control import Control, ControlError
from runtime.local.progress import silent
from runtime.local.spec import ProcessSpec, as_json
from runtime.local.supervisor import Supervisor
from runtime.settings import Settings
from tests.waiting import eventually

ENDLESS = [sys.executable, "-S", "-c", "import time; time.sleep(600)"]


def states(supervisor: Supervisor) -> dict[str, str]:
    return {row["name"]: row["state"] for row in supervisor.status()}


async def began(supervisor: Supervisor, folder: Path, name: str) -> asyncio.Task[None]:
    """A step that does not end, as `finish_lane` starts it; whoever started it is still waiting."""
    waiting = asyncio.create_task(asyncio.to_thread(Control(folder).start, as_json(ProcessSpec(name, ENDLESS, step=True))))
    await eventually(lambda: any(row["name"] == name and row["pid"] for row in supervisor.status()))
    return waiting


async def test_a_lane_that_is_closed_is_not_brought_to_rest_any_further(tmp_path: Path) -> None:
    settings = replace(Settings(), data_dir=str(tmp_path))
    async with Supervisor(tmp_path, [ProcessSpec("worker-shadow", ENDLESS), ProcessSpec("worker-live", ENDLESS)], say=silent) as supervisor:
        waiting = await began(supervisor, tmp_path, "finish-shadow")
        await asyncio.to_thread(close_lane, settings, "shadow")
        assert states(supervisor) == {"worker-shadow": "stopped", "worker-live": "ready", "finish-shadow": "stopped"}
        with pytest.raises(ControlError, match="finish-shadow"):
            await waiting


async def test_a_lane_that_stood_still_runs_on_when_that_is_cancelled(tmp_path: Path) -> None:
    settings = replace(Settings(), data_dir=str(tmp_path))
    specs = [ProcessSpec(name, ENDLESS) for name in ("worker-live", "worker-live-2", "sink-live")]
    async with Supervisor(tmp_path, specs, say=silent) as supervisor:

        async def work() -> None:
            async with standing_still(settings, "live") as stop:
                await stop("worker")
                await (await began(supervisor, tmp_path, "finish-live"))

        working = asyncio.create_task(work())
        await eventually(lambda: states(supervisor).get("finish-live") == "starting")
        assert states(supervisor)["worker-live-2"] == "stopped"
        working.cancel()
        with pytest.raises(asyncio.CancelledError):
            await working
        assert states(supervisor) == {"worker-live": "ready", "worker-live-2": "ready", "sink-live": "ready", "finish-live": "stopped"}
