"""A real worker and real webhooks with a holdout: exactly those who are not in it are told."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import web

from schemas.collected import Collected
from schemas.items import Item
from schemas.partition import partition_of, stream_partition
from streams.logic.holdout import held_out
from streams.logic.policy import Policy
from tests.service.stream_lane import PARTITIONS, StreamLane
from tests.waiting import eventually

T0 = 1_700_000_000_000
HOUR = 3_600_000
POLICY = Policy(holdout_percent=50)


@pytest.fixture
async def receiver() -> AsyncIterator[tuple[list[Any], str]]:
    """What was delivered, and where to."""
    got: list[Any] = []

    async def receive(request: web.Request) -> web.Response:
        got.append((await request.json())["data"])
        return web.Response()

    app = web.Application()
    app.add_routes([web.post("/hook", receive)])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield got, f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    await runner.cleanup()


async def fill_a_cart(lane: StreamLane, device: str, at_ms: int) -> None:
    event = Collected(
        event="add_to_cart",
        message_id=f"{device} {at_ms}",
        write_key="k",
        received_at_ms=at_ms,
        client_at_ms=at_ms,
        device_id=device,
        cart_id="c",
        items=(Item(product_id="shoe"),),
    )
    await lane.send({partition_of(device, PARTITIONS): [msgspec.json.encode(event)]})


def is_out(device: str) -> bool:
    return held_out("cart_abandoned", f"d:{device}", POLICY)


@pytest.mark.timeout(120)
async def test_no_held_out_person_gets_a_webhook(kafka: str, tmp_path: Path, receiver: tuple[list[Any], str]) -> None:
    """The last cart of each partition is of someone who is told: once all of those have come, everything before them was decided."""
    got, url = receiver
    devices = [f"device-{number}" for number in range(60)]
    last = {stream_partition(f"d:last-{number}", PARTITIONS): f"last-{number}" for number in range(200) if not is_out(f"last-{number}")}
    async with StreamLane(kafka, "holdout", tmp_path) as lane:
        lane.env |= {"CARTWAKE_TRIGGER_HOLDOUT_PERCENT": "50", "CARTWAKE_WEBHOOK_URL": url, "CARTWAKE_WEBHOOK_SECRET": ""}
        lane.start_worker()
        for device in devices:
            await fill_a_cart(lane, device, T0)
        await lane.settle(T0 + HOUR)
        for device in last.values():
            await fill_a_cart(lane, device, T0 + HOUR)
        await lane.settle(T0 + 2 * HOUR)
        triggers = lane.latest("triggers", "trigger_id").values()
        held_back = {row["device_id"] for row in triggers if row.get("reason") == "holdout"}
        assert held_back == {device for device in devices if is_out(device)}
        assert 0 < len(held_back) < len(devices)
        sender = start_webhooks(lane, tmp_path)
        try:
            await eventually(lambda: {row["device_id"] for row in got} >= set(last.values()), 60)
        finally:
            sender.terminate()
            sender.wait()
        assert {row["device_id"] for row in got} == ({*devices} - held_back) | {*last.values()}


def start_webhooks(lane: StreamLane, folder: Path) -> subprocess.Popen[bytes]:
    with (folder / "webhooks.log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "sinks", "webhooks", "--lane", lane.lane], env={**os.environ, **lane.env}, stderr=log, stdout=log
        )
