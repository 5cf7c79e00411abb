"""What happened in a simulated lane, by person: for tests that compute a view's truth from it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from simulator.faults import Arrival
from simulator.happening import Happening
from simulator.truth_persons import Persons
from tests.views_lab import DAY_MS, Simulated

QUIET = {"identify", "alias", "group", "consent", "experiment_view"}
IDLE_MS = 1_800_000
Touch = tuple[int, str]  # when a visit began, and its channel


class Done(NamedTuple):
    """One event as it was, whose it was, and whether it came too late to move anything."""

    person: str
    what: Happening
    late: bool


def happened(made: Simulated, lateness_ms: int = 7 * DAY_MS) -> list[Done]:
    """Every event once, in order of time."""
    first: dict[str, Arrival] = {}
    for arrival in made.arrivals:
        if not arrival.rejected:
            first.setdefault(arrival.happening.message_id, arrival)
    persons = Persons([arrival.happening for arrival in first.values()])
    found = [
        Done(persons.of(arrival.happening), arrival.happening, arrival.arrival_ms - arrival.happening.at_ms > lateness_ms)
        for arrival in first.values()
    ]
    return sorted(found, key=lambda done: (done.what.at_ms, done.what.message_id))


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
