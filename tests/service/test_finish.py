"""`python -m streams finish` on a real Kafka: it applies what a lane's workers have left, all of it once, and they can go on."""

import asyncio
import sys
from pathlib import Path

import msgspec
import pytest

from runtime.applied import applied
from schemas.partition import partition_of
from schemas.topics import lane_topic
from tests.service.stream_lane import PARTITIONS, StreamLane
from tests.unit.stream_lab import SHOE, collected

T0 = 1_700_000_000_000
DEVICES = [f"d{number}" for number in range(12)]


async def finish(lane: StreamLane, *options: str) -> None:
    command = [sys.executable, "-m", "streams", "finish", "--lane", lane.lane, *options]
    process = await asyncio.create_subprocess_exec(*command, env=lane.env, stderr=asyncio.subprocess.PIPE)
    _, said = await process.communicate()
    assert process.returncode == 0, said.decode()


async def send(lane: StreamLane, name: str, at_ms: int, user: str = "") -> None:
    """Something that each device does; `user`: and who is signed in there, each somebody else."""
    for device in DEVICES:
        user_id = f"{user}{device}" if user else ""
        event = collected(name, at_ms, f"{device} {name} {at_ms}", device_id=device, user_id=user_id, cart_id="c", items=(SHOE,))
        await lane.send({partition_of(device, PARTITIONS): [msgspec.json.encode(event)]})


@pytest.mark.timeout(180)
async def test_what_workers_left_is_applied_once_also_what_goes_between_partitions(kafka: str, tmp_path: Path) -> None:
    async with StreamLane(kafka, "finish", tmp_path) as lane:
        worker = lane.start_worker()
        await send(lane, "add_to_cart", T0)
        await lane.settle(T0 + 1_000)
        worker.kill()
        worker.wait()
        await send(lane, "identify", T0 + 2_000, user="u")
        await lane.tick(T0 + 3_600_000 * 24)
        before = await applied(kafka, lane_topic(lane.lane, "identify-state"))
        await finish(lane, "--agent", "journey")
        assert await applied(kafka, lane_topic(lane.lane, "identify-state")) == before

        await finish(lane)
        await lane.read_to_the_end()
        carts = lane.latest("carts", "episode_id").values()
        assert {cart["person_id"] for cart in carts} == {f"u:u{device}" for device in DEVICES}
        assert len(lane.latest("triggers", "trigger_id")) == len(DEVICES) == len(lane.latest("identities", "id"))
        written = {topic: len(rows) for topic, rows in lane.rows.items() if topic != "clocks"}  # which each restore tells again
        await finish(lane)
        await lane.read_to_the_end()
        assert {topic: len(rows) for topic, rows in lane.rows.items() if topic != "clocks"} == written

        lane.start_worker()
        await send(lane, "purchase", T0 + 3_600_000 * 24 + 1, user="u")
        await lane.settle(T0 + 3_600_000 * 24 + 1_000)
        assert {cart["status"] for cart in lane.latest("carts", "episode_id").values()} == {"ordered"}
        assert lane.rows["rejected"] == []
