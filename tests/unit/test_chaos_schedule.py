"""What goes wrong: by seed, and everybody in turn."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from random import Random

import pytest

from chaos.schedule import FIRST_KINDS, KINDS, PAUSE_S, ROLES, Fault, gap_s, rounds
from sinks.intake import Intake

SEEDS = range(20)


@pytest.mark.parametrize("seed", SEEDS)
def test_each_round_hits_every_role_and_changes_the_number_of_workers(seed: int) -> None:
    for faults in islice(rounds(Random(seed)), 5):
        hits = Counter(fault.role for fault in faults if fault.kind in KINDS)
        assert hits == {**dict.fromkeys(ROLES, 1), "worker": 2}
        assert Fault("add", "worker") in faults and Fault("remove", "worker") in faults


@pytest.mark.parametrize("seed", SEEDS)
def test_nobody_is_merely_asked_to_stop_in_the_first_round(seed: int) -> None:
    assert {fault.kind for fault in next(rounds(Random(seed)))} <= {*FIRST_KINDS, "add", "remove"}


def test_a_long_run_does_everything_to_everybody() -> None:
    done = {fault for faults in islice(rounds(Random(1)), 5) for fault in faults}
    assert done == {Fault(kind, role) for kind in KINDS for role in ROLES} | {Fault("add", "worker"), Fault("remove", "worker")}


def test_the_same_seed_gives_the_same_faults_and_another_one_others() -> None:
    first, again, other = (list(islice(rounds(Random(seed)), 4)) for seed in (3, 3, 4))
    assert first == again != other


def test_a_pause_is_longer_than_a_session() -> None:
    """Else nobody who wakes up has lost anything."""
    assert PAUSE_S[0] * 1000 > 6_000
    assert "session_timeout_ms=6_000" in _source(Intake)


def _source(of: type) -> str:
    import inspect

    return inspect.getsource(of)


def test_a_short_run_gets_through_a_round() -> None:
    faults = len(next(rounds(Random(1))))
    waits = [sum(gap_s(random, 20.0) for _ in range(faults)) for random in map(Random, SEEDS)]
    assert max(waits) < 25 and all(gap_s(random, 600.0) < 9 for random in map(Random, SEEDS))
