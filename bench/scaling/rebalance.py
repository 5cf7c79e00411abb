"""A worker dies: how long until every partition is served again, and until the backlog is gone. Simulated from the measured rates."""

from __future__ import annotations

from random import Random
from statistics import quantiles
from typing import NamedTuple

_JOIN_S = (0.2, 1.2)  # everybody hears of the rebalance with the next heartbeat and joins; then one round of the assignment
_STEP_S = 0.1


class Setting(NamedTuple):
    """What is left to `workers - 1`. `share`: of each worker's capacity in use before."""

    persons: int
    workers: int
    partitions: int
    share: float
    restore_persons_per_s: float
    session_timeout_s: float
    heartbeat_s: float


class Outage(NamedTuple):
    """Seconds from the kill; each the median and the 95th percentile of the trials."""

    noticed_s: tuple[float, float]
    served_s: tuple[float, float]
    caught_up_s: tuple[float, float]


def outage(setting: Setting, trials: int, seed: int) -> Outage:
    random = Random(seed)
    rows = [_one(setting, random) for _ in range(trials)]
    return Outage(*(_median_and_95(column) for column in zip(*rows, strict=True)))


def _one(setting: Setting, random: Random) -> tuple[float, float, float]:
    """One kill, at a random moment between two heartbeats."""
    noticed_s = setting.session_timeout_s - random.uniform(0, setting.heartbeat_s)
    joined_s = noticed_s + random.uniform(*_JOIN_S) * setting.heartbeat_s
    left = setting.workers - 1
    per_partition = setting.persons / setting.partitions
    moved = _moved(setting.partitions, setting.workers, random)
    served_s = joined_s + max(moved) * per_partition / setting.restore_persons_per_s
    return noticed_s, served_s, _caught_up(setting, left, noticed_s, joined_s, served_s)


def _moved(partitions: int, workers: int, random: Random) -> list[int]:
    """How many partitions each of the others takes over; the assignment keeps what stands (sticky), so only the dead one's move."""
    orphans = partitions // workers + (random.random() < partitions % workers / workers)
    taken = [0] * (workers - 1)
    for number in range(orphans):
        taken[number % len(taken)] += 1
    return taken


def _caught_up(setting: Setting, left: int, noticed_s: float, joined_s: float, served_s: float) -> float:
    """Step by step, in units of one worker's capacity: the dead one's part waits at once, everybody's while they join."""
    arriving = setting.workers * setting.share
    now_s = backlog = 0.0
    while now_s < served_s or backlog > 0:
        if now_s < noticed_s:
            done = min(left, left * setting.share)
        elif now_s < joined_s:
            done = 0.0
        elif now_s < served_s:
            done = left * setting.share / 2  # a restore and the live work take turns on the same core
        else:
            done = float(left)
        backlog = max(0.0, backlog + (arriving - done) * _STEP_S)
        now_s += _STEP_S
        if now_s > 86_400 or (now_s >= served_s and arriving >= left):
            return float("inf")
    return now_s


def _median_and_95(values: tuple[float, ...]) -> tuple[float, float]:
    if any(value == float("inf") for value in values):
        return float("inf"), float("inf")
    cuts = quantiles(values, n=20)
    return round(cuts[9], 1), round(cuts[18], 1)
