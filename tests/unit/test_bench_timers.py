"""Open carts in the stages of one process: held as a worker holds them, and what falls due is not taken for idle."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from bench.lab import BenchError
from bench.timers import LANE, START_MS, Stages, carts, hold, one_cart
from runtime.settings import Settings
from schemas.collected import Collected, partition_key
from schemas.partition import partition_of
from streams.logic.journey import Journey
from streams.policies import policy_of

SETTINGS = replace(Settings(), partitions=2)


@pytest.fixture
def stages() -> Stages:
    """Two partitions with a cart each."""
    policy = policy_of(SETTINGS, LANE, replayed=False)
    found = Stages([Journey(policy), Journey(policy)])
    for stage in found.each:
        stage.load(b"d:dev-00000000", one_cart(SETTINGS))
        stage.restored()
    return found


def test_a_tick_moves_the_clock_of_every_partition(stages: Stages) -> None:
    stages.tick(START_MS + 1000)
    assert [stage.clock_ms for stage in stages.each] == [START_MS + 1000] * 2


def test_a_cart_that_falls_due_ends_the_measurement(stages: Stages) -> None:
    idle_ms = SETTINGS.abandon_idle_s * 1000
    stages.tick(START_MS + idle_ms - 1)
    with pytest.raises(BenchError, match="nothing was due"):
        stages.tick(START_MS + idle_ms)


def test_the_figures_are_of_as_many_carts_as_asked_for() -> None:
    found = hold(2_000, 2)
    assert found.keys() == {"timers_carts", "timers_memory_mib", "timers_idle_cpu_share"}
    assert found["timers_carts"] == 2_000


def test_the_carts_that_will_be_due_are_different_persons_in_their_partitions() -> None:
    decode = msgspec.json.Decoder(Collected).decode
    events = [(record.partition, decode(line)) for record in carts(1_001, 2) for line in record.value.split(b"\n")]
    assert len({event.device_id for _, event in events}) == len({event.message_id for _, event in events}) == 1_001
    assert {partition_of(partition_key(event), 2) == partition for partition, event in events} == {True}
