"""Who is who in the end: the contract's section Persons over all events at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from tests.unit.reference_events import Fact


class Persons:
    """Groups of ids (`u:<user>`, `d:<device>`) that are one person each."""

    def __init__(self, facts: Iterable[Fact]) -> None:
        self._group: dict[str, set[str]] = {}
        self._users: dict[str, list[tuple[int, str]]] = defaultdict(list)  # of a device: who signed in when, in order
        for fact in facts:
            event = fact.event
            if event.device_id and event.user_id:
                self._users[event.device_id].append((fact.at_ms, event.user_id))
            if event.event == "alias":
                self._join(f"u:{event.previous_id}", f"u:{event.user_id}")
        for device_id, users in self._users.items():
            self._join(f"d:{device_id}", f"u:{users[0][1]}")

    def of(self, fact: Fact) -> str:
        """The person of an event: its user, else the device's last user by then (or the first ever), else the device itself."""
        event, users = fact.event, self._users.get(fact.event.device_id, [])
        if event.user_id:
            return self._now(f"u:{event.user_id}")
        if not users:
            return self._now(f"d:{event.device_id}")
        signed_in = [user for at_ms, user in users if at_ms <= fact.at_ms]
        return self._now(f"u:{signed_in[-1] if signed_in else users[0][1]}")

    def merged(self) -> dict[str, str]:
        """Each id that was given up, and the person that it belongs to."""
        return {id: self._now(id) for id in self._group if self._now(id) != id}

    def _now(self, id: str) -> str:
        """The smallest of the group's user ids, else of its devices."""
        return min(self._group.get(id, {id}), key=lambda each: (not each.startswith("u:"), each))

    def _join(self, a: str, b: str) -> None:
        group = self._group.get(a, {a}) | self._group.get(b, {b})
        for id in group:
            self._group[id] = group


def by_person(facts: Iterable[Fact], persons: Persons) -> dict[str, list[Fact]]:
    """Each person's events that are not late, in order."""
    found: dict[str, list[Fact]] = defaultdict(list)
    for fact in facts:
        if not fact.late:
            found[persons.of(fact)].append(fact)
    return found
