"""Lanes under a real supervisor: what is cut short leaves nothing running, and what stood still runs on."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable
from dataclasses import replace
from pathlib import Path

import pytest

from replays.rebuild.stillness import standing_still
from runtime.lanes import close_lane, finish_lane
from runtime.local.control import Control, ControlError
from runtime.local.ports import free_port
from runtime.local.progress import silent
from runtime.local.spec import ProcessSpec, as_json
from runtime.local.supervisor import Supervisor
from runtime.settings import Settings
from tests.waiting import eventually

ENDLESS = [sys.executable, "-S", "-c", "import time; time.sleep(600)"]


def endless(*names: str) -> list[ProcessSpec]:
    return [ProcessSpec(name, ENDLESS) for name in names]


def lane_settings(folder: Path) -> Settings:
    """No Kafka listens there, so what brings a lane to rest does not come to its end."""
    return replace(Settings(), data_dir=str(folder), kafka_bootstrap=f"127.0.0.1:{free_port()}")


async def runs(supervisor: Supervisor, name: str) -> None:
    await eventually(lambda: name in supervisor.states() and supervisor.pid(name))


async def cancelled(supervisor: Supervisor, work: Awaitable[None], name: str) -> None:
    """Cancel the work as soon as this process of it runs."""
    working = asyncio.ensure_future(work)
    await runs(supervisor, name)
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working


async def test_who_waits_for_a_step_that_is_stopped_is_told(tmp_path: Path) -> None:
    async with Supervisor(tmp_path, endless("worker-live"), say=silent) as supervisor:
        step = as_json(ProcessSpec("finish-shadow", ENDLESS, step=True))
        waiting = asyncio.create_task(asyncio.to_thread(Control(tmp_path).start, step))
        await runs(supervisor, "finish-shadow")
        await asyncio.to_thread(Control(tmp_path).stop, "finish-shadow")
        with pytest.raises(ControlError, match="finish-shadow"):
            await waiting
        assert supervisor.states() == {"worker-live": "ready", "finish-shadow": "stopped"}


async def test_a_lane_that_is_closed_is_not_brought_to_rest_any_further(tmp_path: Path) -> None:
    settings = lane_settings(tmp_path)
    async with Supervisor(tmp_path, endless("kafka", "worker-shadow", "worker-live"), say=silent) as supervisor:

        async def work() -> None:
            try:
                await finish_lane(settings, "shadow")
            finally:
                await asyncio.to_thread(close_lane, settings, "shadow")

        await cancelled(supervisor, work(), "finish-shadow")
        states = {"kafka": "ready", "worker-shadow": "stopped", "worker-live": "ready", "finish-shadow": "stopped"}
        assert supervisor.states() == states


async def test_a_lane_that_stood_still_runs_on_when_that_is_cancelled(tmp_path: Path) -> None:
    settings = lane_settings(tmp_path)
    async with Supervisor(tmp_path, endless("kafka", "worker-live", "worker-live-2", "sink-live"), say=silent) as supervisor:

        async def work() -> None:
            async with standing_still(settings, "live") as stop:
                await stop("worker")
                assert supervisor.states()["worker-live-2"] == "stopped"
                await finish_lane(settings, "live", "journey")

        await cancelled(supervisor, work(), "finish-live")
        running = dict.fromkeys(("kafka", "worker-live", "worker-live-2", "sink-live"), "ready")
        assert supervisor.states() == {**running, "finish-live": "stopped"}
