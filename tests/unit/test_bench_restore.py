"""The state that a restore is measured on: what the stream kept of simulated shoppers, many times over."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bench.feed import FeedSpec
from bench.restore import known, strangers
from bench.sampled import State, copies, sampled
from runtime.settings import Settings
from schemas.collected import partition_key
from schemas.partition import partition_of, stream_partition
from streams.logic.journey import Journey
from streams.memory import MemoryStream
from streams.policies import policy_of

PARTITIONS = 2
SETTINGS = replace(Settings(), partitions=PARTITIONS)
SPEC = FeedSpec(events=3_000, partitions=PARTITIONS)
POLICY = policy_of(SETTINGS, "t", replayed=False)


@pytest.fixture(scope="module")
def state() -> State:
    return sampled(SETTINGS, "t", SPEC)


def test_every_partition_of_both_agents_has_a_sample(state: State) -> None:
    assert state.keys() == {(agent, partition) for agent in ("identify", "journey") for partition in range(PARTITIONS)}
    persons = [(partition, key.decode()) for (agent, partition), entries in state.items() if agent == "journey" for key, _ in entries]
    assert sum(key[:2] in ("u:", "d:") for _, key in persons) > 100
    assert {stream_partition(key, PARTITIONS) == partition for partition, key in persons if key[0] != "@"} == {True}


def test_the_clocks_stand_at_the_end_of_the_feed(state: State) -> None:
    stage = Journey(POLICY)
    for key, value in state[("journey", 0)]:
        stage.load(key, value)
    assert stage.clock_ms == SPEC.final_ms


def test_copies_are_as_many_as_asked_for_and_a_stage_takes_them_all(state: State) -> None:
    entries = state[("journey", 0)]
    persons = sum(not key.startswith(b"@") for key, _ in entries)
    stage = Journey(POLICY)
    for key, value in copies(entries, 5):
        stage.load(key, value)
    stage.restored()
    assert len(stage.persons) == 5 * persons
    assert len(dict(copies(entries, 5))) == 5 * persons + 1, "the clock comes once"


def test_the_events_after_the_kill_reach_every_partition_and_come_out(state: State) -> None:
    events = strangers(PARTITIONS, SPEC.final_ms)
    assert {partition_of(partition_key(event), PARTITIONS) for event in events} == set(range(PARTITIONS))
    assert {stream_partition(f"d:{event.device_id}", PARTITIONS) for event in events} == set(range(PARTITIONS))
    users = known(state, SPEC.final_ms)
    assert {stream_partition(f"u:{event.user_id}", PARTITIONS) for event in users} == set(range(PARTITIONS))
    stream = MemoryStream(POLICY)
    stream.state.update({place: dict(entries) for place, entries in state.items()})
    for agent, partition in state:
        stream.restart(agent, partition)
    stream.send([*events, *users])
    stream.run()
    assert {row["cart_id"] for row in stream.rows["carts"]} >= {event.cart_id for event in [*events, *users]}
    assert stream.rows["rejected"] == []
