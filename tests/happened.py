"""What happened in a simulated lane, by person: for tests that compute a view's truth from it."""

from __future__ import annotations

from typing import NamedTuple

from simulator.faults import Arrival
from simulator.happening import Happening
from simulator.truth_persons import Persons
from tests.views_lab import DAY_MS, Simulated


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
