"""The stream on a real Kafka: equal to the ground truth, while workers are killed, paused past their session and added."""

import signal
from collections import Counter
from itertools import groupby
from pathlib import Path

import pytest

from collector.intake import take
from collector.steps import Envelope
from simulator.config import SimConfig
from simulator.timeline import arrivals
from simulator.truth import Rules, Truth
from tests.service.stream_lane import PARTITIONS, StreamLane
from tests.waiting import until

CONFIG = SimConfig(seed=5, shoppers=80)


async def send_everything(lane: StreamLane, at_slot: dict[int, str]) -> Truth:
    """Send the simulated days; at some slots something happens to the workers."""
    left = dict(at_slot)
    truth = Truth(Rules())
    for slot, (arrival_ms, group) in enumerate(groupby(arrivals(CONFIG), key=lambda a: a.arrival_ms)):
        together = list(group)
        for arrival in together:
            truth.add(arrival)
        envelope = Envelope(write_key="k", source="web", received_at_ms=arrival_ms, max_event_bytes=32_768)
        await lane.send(take([a.body for a in together], envelope, lane.lane, PARTITIONS).lines)
        if slot % 10 == 0:
            await lane.tick(arrival_ms)
        if slot % 40 == 0:
            await lane.read()
        await _happen(lane, left.pop(slot, ""), arrival_ms)
    assert not left, "the simulation is too short for all that should happen"
    await lane.settle(CONFIG.end_ms)
    return truth


async def _happen(lane: StreamLane, what: str, now_ms: int) -> None:
    if what == "kill":
        victim = next(worker for worker in lane.workers if worker.poll() is None)
        victim.send_signal(signal.SIGKILL)
        victim.wait()
        lane.start_worker()
    elif what == "add":
        lane.start_worker()
    elif what == "pause":
        lane.workers[-1].send_signal(signal.SIGSTOP)
    elif what == "wake":
        await lane.settle(now_ms)  # only once the others own everything: the sleeper wakes as a zombie
        for worker in lane.workers:
            if worker.poll() is None:
                worker.send_signal(signal.SIGCONT)


def check(lane: StreamLane, truth: Truth) -> None:
    expected = truth.result(CONFIG.end_ms)
    assert len(lane.rows["journeys"]) == expected["stored"]
    assert Counter(row["code"] for row in lane.rows["rejected"]) == {"duplicate": expected["duplicates"]}
    assert {person: row["level"] for (person,), row in lane.latest("funnel_levels", "person_id").items()} == expected["levels"]
    carts = lane.latest("carts", "episode_id").values()
    triggers = lane.latest("triggers", "trigger_id").values()
    assert len(carts) == expected["carts"]["opened"]
    assert sum("abandoned_at_ms" in cart for cart in carts) == expected["carts"]["abandoned"]
    assert sum(cart.get("recovered", False) for cart in carts) == expected["carts"]["recovered"]
    assert sum(trigger["status"] == "fired" for trigger in triggers) == expected["carts"]["triggers"]
    assert len(lane.latest("identities", "id")) == expected["merges"]


@pytest.mark.timeout(120)
async def test_a_worker_gives_the_ground_truth(kafka: str, tmp_path: Path) -> None:
    async with StreamLane(kafka, "plain", tmp_path) as lane:
        worker = lane.start_worker()
        truth = await send_everything(lane, {})
        check(lane, truth)
        worker.terminate()
        until(lambda: worker.poll() is not None, what="the worker ends after SIGTERM")
        assert worker.returncode == 0


@pytest.mark.timeout(180)
async def test_killed_paused_and_added_workers_change_nothing(kafka: str, tmp_path: Path) -> None:
    async with StreamLane(kafka, "kills", tmp_path) as lane:
        lane.start_worker()
        truth = await send_everything(lane, {40: "kill", 90: "add", 140: "kill", 200: "pause", 240: "kill", 300: "wake", 350: "kill"})
        check(lane, truth)
