"""What happened in a simulated lane, by person: for tests that compute a view's truth from it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from simulator.happening import Happening
from simulator.truth import QUIET
from tests.views_lab import Simulated
from tests.views_truth import IDLE_MS, told

Touch = tuple[int, str]  # when a visit began, and its channel


class Done(NamedTuple):
    """One event as it was, whose it was, and whether it came too late to move anything."""

    person: str
    what: Happening
    late: bool


def happened(made: Simulated) -> list[Done]:
    """Every event once, in order of time."""
    return [Done(one.person, one.happening, one.late) for one in told(made)]


def visits_of(done: Sequence[Done]) -> dict[str, list[Touch]]:
    """Each person's visits with a channel: the events of one device until 30 minutes pass without one."""
    by_device: dict[tuple[str, str], list[Happening]] = defaultdict(list)
    for person, what, late in done:
        if not late and what.event not in QUIET:
            by_device[(person, what.device.id)].append(what)
    found: dict[str, list[Touch]] = defaultdict(list)
    for (person, _), events in by_device.items():
        last_ms = -IDLE_MS
        for what in events:
            if what.at_ms - last_ms >= IDLE_MS and what.channel:
                found[person].append((what.at_ms, what.channel))
            last_ms = what.at_ms
    return {person: sorted(visits) for person, visits in found.items()}
