"""The stack of a chaos run is its own, and its live shoppers do all that the live lane must be right about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random

import msgspec

from chaos.passers_by import PassersBy, steps
from chaos.stage import LANES, LIVE_IDLE_S, WORKERS, all_workers, kin_of, role_of, specs, throw_away
from runtime.local.spec import levels
from runtime.settings import Settings
from simulator.faults import Arrival
from simulator.truth import Rules, Truth


def test_a_run_shares_nothing_with_the_stack_that_is_set_up_here(tmp_path: Path) -> None:
    mine = Settings()
    its = throw_away(mine, tmp_path)
    assert its.data_dir == str(tmp_path)
    assert {its.kafka_bootstrap, its.warehouse_port, its.collector_port, its.receiver_port} & {
        mine.kafka_bootstrap,
        mine.warehouse_port,
        mine.collector_port,
        mine.receiver_port,
    } == set()
    assert its.secret_key and its.webhook_secret


def test_every_lane_has_two_workers_from_the_start_and_may_have_one_for_each_partition(tmp_path: Path) -> None:
    settings = throw_away(Settings(), tmp_path)
    running, workers = specs(settings), all_workers(settings)
    names = [spec.name for spec in running]
    assert levels(running)
    assert Counter(kin_of(name) for name in names if role_of(name) == "worker") == {f"worker-{lane}": WORKERS for lane in LANES}
    assert {name for name in names if role_of(name) == "worker"} < {spec.name for spec in workers}
    assert len(workers) == len(LANES) * settings.partitions
    ports = {spec.name: spec.port for spec in (*running, *workers) if spec.port}
    assert len(set(ports.values())) == len(ports)


class Sink:
    """A wire that remembers."""

    def __init__(self) -> None:
        self.sent: list[Arrival] = []

    async def send(self, messages: Sequence[Arrival], clock_ms: int | None) -> None:
        assert clock_ms is None, "the live lane has the collector's clock"
        self.sent += messages

    async def clock(self, now_ms: int) -> None:
        raise AssertionError("the live lane has the workers' clock")


async def passers_by(seconds: float) -> tuple[list[Arrival], PassersBy]:
    """All that is sent in some seconds of a clock that runs a thousand times too fast, until the last one has gone."""
    sink = Sink()
    now_s = 1_700_000_000.0

    def clock() -> float:
        nonlocal now_s
        now_s += 1.0
        if now_s > 1_700_000_000.0 + seconds:
            found.leave()
        return now_s

    found = PassersBy(sink, clock, Random(1), "x", look_every_s=0)
    await found.run()
    return sink.sent, found


async def test_passers_by_come_until_they_are_told_to_leave_and_then_finish() -> None:
    sent, found = await passers_by(20.0)
    assert [arrival.happening.at_ms for arrival in sent] == sorted(arrival.happening.at_ms for arrival in sent)
    assert len({arrival.happening.message_id for arrival in sent}) == len(sent) > 100
    assert found.final_ms == max(arrival.happening.at_ms for arrival in sent) + LIVE_IDLE_S * 1000
    assert all("sentAt" not in msgspec.json.decode(arrival.body) for arrival in sent), "else a late request would move the event's time"


async def test_their_carts_end_in_every_way() -> None:
    sent, found = await passers_by(60.0)
    truth = Truth(Rules(idle_ms=LIVE_IDLE_S * 1000))
    for arrival in sent:
        truth.add(arrival)
    result = truth.result(found.final_ms)
    carts = result["carts"]
    assert min(carts[name] for name in ("abandoned", "recovered", "ordered", "open")) > 5
    assert carts["ordered"] > carts["recovered"] and result["merges"] > 20 and result["late"] == 0


def test_steps_are_the_same_for_a_seed() -> None:
    assert list(steps(Random(2), "u")) == list(steps(Random(2), "u"))
