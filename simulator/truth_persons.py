"""Who is who at the end: devices and users joined into persons, by union of ids."""

from __future__ import annotations

from collections.abc import Iterable

from simulator.happening import Happening


class Persons:
    """Persons of a whole set of events. `merges` counts the ids that belong to another one."""

    def __init__(self, happenings: Iterable[Happening]) -> None:
        self._parent: dict[str, str] = {}
        self._users: dict[str, list[tuple[int, str]]] = {}  # of a device: who signed in, in order of time
        ordered = sorted(happenings, key=lambda h: (h.at_ms, h.message_id))
        for happening in ordered:
            if happening.user_id:
                self._users.setdefault(happening.device.id, []).append((happening.at_ms, happening.user_id))
        for device_id, users in self._users.items():
            self._join(f"d:{device_id}", f"u:{users[0][1]}")
        for happening in ordered:
            if happening.event == "alias":
                self._join(f"u:{happening.previous_id}", f"u:{happening.user_id}")
        self.merges = sum(1 for identity in self._parent if self._root(identity) != identity)

    def of(self, happening: Happening) -> str:
        """The person of an event."""
        users = self._users.get(happening.device.id)
        if happening.user_id:
            return self._root(f"u:{happening.user_id}")
        if users is None:
            return f"d:{happening.device.id}"
        signed_in = [user for at_ms, user in users if at_ms <= happening.at_ms]
        return self._root(f"u:{signed_in[-1] if signed_in else users[0][1]}")

    def _root(self, identity: str) -> str:
        while self._parent.setdefault(identity, identity) != identity:
            identity = self._parent[identity]
        return identity

    def _join(self, a: str, b: str) -> None:
        """The smaller id stays, and a user's before any device's."""
        first, second = sorted((self._root(a), self._root(b)), key=lambda root: (not root.startswith("u:"), root))
        self._parent[second] = first
