"""`cartwake unmerge` on a real Kafka: what it writes reaches the worker, and the cart goes back to the device."""

import asyncio
import sys
from pathlib import Path

import msgspec
import pytest

from schemas.partition import partition_of
from tests.service.stream_lane import PARTITIONS, StreamLane
from tests.unit.stream_lab import SHOE, collected

T0 = 1_700_000_000_000
DEVICE = "a device"


async def command(lane: StreamLane, *options: str) -> tuple[int | None, str]:
    """Exit code, and what it said where things go wrong."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "runtime.cli", "unmerge", "--device", DEVICE, *options, env=lane.env, stderr=asyncio.subprocess.PIPE
    )
    _, said = await process.communicate()
    return process.returncode, said.decode()


async def send(lane: StreamLane, name: str, at_ms: int, user_id: str = "") -> None:
    event = collected(name, at_ms, device_id=DEVICE, user_id=user_id, cart_id="c", items=(SHOE,))
    await lane.send({partition_of(DEVICE, PARTITIONS): [msgspec.json.encode(event)]})


@pytest.mark.timeout(120)
async def test_a_device_is_taken_away_by_command(kafka: str, tmp_path: Path) -> None:
    async with StreamLane(kafka, "unmerge", tmp_path) as lane:
        lane.start_worker()
        await send(lane, "add_to_cart", T0)
        await send(lane, "identify", T0 + 1, user_id="ann")
        await lane.settle(T0 + 1_000)
        (before,) = lane.latest("carts", "episode_id").values()
        assert await command(lane, "--lane", "unmerge", "--user", "ann", "--by", "ops") == (0, "")
        await lane.settle(T0 + 2_000)
        (after,) = lane.latest("carts", "episode_id").values()
        assert (before["person_id"], after["person_id"]) == ("u:ann", f"d:{DEVICE}")
        (link,) = lane.latest("identities", "id").values()
        assert (link["person_id"], link["reason"]) == (f"d:{DEVICE}", "unlinked by ops")
        assert lane.rows["rejected"] == []
        code, said = await command(lane, "--lane", "nowhere")
        assert code == 1 and "nowhere.events" in said
