"""What a run of the simulations found; the last one is kept in `results.json`, from which the page is made."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from bench.lab import machine
from bench.scaling import flow, hot, rebalance, skew, ticks
from bench.scaling.inputs import Inputs

PATH = Path(__file__).with_name("results.json")
SEED = 1
PERSONS = 300_000
EXPONENTS = (0.5, 0.8, 1.0)
TILL_EVENTS = 100_000
OUTAGES = ((200_000, 2, 8), (10_000_000, 8, 64), (100_000_000, 32, 128))  # persons, workers, partitions
TRIALS = 500


class Results(msgspec.Struct, frozen=True):
    """`outages`: each with its setting. Everything but `heat`, `ticks` and `machine` is the same in every run."""

    machine: dict[str, Any]
    skews: list[skew.Skew]
    heat: list[hot.Heat]
    ticks: list[ticks.TickCost]
    flow: flow.Flow
    outages: list[tuple[rebalance.Setting, rebalance.Outage]]


def settings(inputs: Inputs) -> list[rebalance.Setting]:
    return [
        rebalance.Setting(
            persons,
            workers,
            partitions,
            inputs.headroom.value * (workers - 1) / workers,
            inputs.restore_persons_per_s.value,
            inputs.session_timeout_s.value,
            inputs.heartbeat_s.value,
        )
        for persons, workers, partitions in OUTAGES
    ]


def outages_of(inputs: Inputs) -> list[tuple[rebalance.Setting, rebalance.Outage]]:
    return [(setting, rebalance.outage(setting, TRIALS, SEED)) for setting in settings(inputs)]


def run(inputs: Inputs, say: Callable[[str], None]) -> Results:
    say("partitions: how even")
    skews = skew.skews(PERSONS, EXPONENTS, SEED)
    say("ticks: what they cost")
    costs = ticks.measure(rounds=5)
    say("one event: what it becomes")
    flows = flow.measure(events=40_000, seed=SEED)
    say("a worker dies: how long")
    outages = outages_of(inputs)
    say(f"a person with {TILL_EVENTS:,} events a day")
    heat = hot.measure(TILL_EVENTS, TILL_EVENTS, 10)
    return Results(machine(), skews, heat, costs, flows, outages)


def load(inputs: Inputs, path: Path = PATH) -> Results:
    """The last run; what follows from the inputs without measuring anything is worked out anew."""
    return msgspec.structs.replace(msgspec.json.decode(path.read_bytes(), type=Results), outages=outages_of(inputs))
