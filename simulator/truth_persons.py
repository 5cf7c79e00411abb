"""Who is who at the end: devices and users joined into persons, by union of ids."""

from __future__ import annotations

from collections.abc import Iterable

from simulator.happening import Happening


class Persons:
    """Persons of a whole set of events. `merges` counts the ids that belong to another one."""

    def __init__(self, happenings: Iterable[Happening]) -> None:
        self._parent: dict[str, str] = {}
        self._joins: list[tuple[int, str, str]] = []  # when which two ids were said to be one
        self._users: dict[str, list[tuple[int, str]]] = {}  # of a device: who signed in, in order of time
        ordered = sorted(happenings, key=lambda h: (h.at_ms, h.message_id))
        for happening in ordered:
            if happening.user_id:
                self._users.setdefault(happening.device.id, []).append((happening.at_ms, happening.user_id))
        for device_id, users in self._users.items():
            self._join(f"d:{device_id}", f"u:{users[0][1]}", users[0][0])
        for happening in ordered:
            if happening.event == "alias":
                self._join(f"u:{happening.previous_id}", f"u:{happening.user_id}", happening.at_ms)
        self.merges = sum(1 for identity in self._parent if self._root(identity) != identity)
        self._joins_of: dict[str, list[tuple[int, str, str]]] = {}
        for join in sorted(self._joins):
            self._joins_of.setdefault(self._root(join[1]), []).append(join)

    def of(self, happening: Happening) -> str:
        """The person of an event."""
        return self._root(self.first_of(happening))

    def first_of(self, happening: Happening) -> str:
        """The id that an event is told under when it happens, whoever that turns out to be."""
        if happening.user_id:
            return f"u:{happening.user_id}"
        signed_in = [user for at_ms, user in self._users.get(happening.device.id, ()) if at_ms <= happening.at_ms]
        return f"u:{signed_in[-1]}" if signed_in else f"d:{happening.device.id}"

    def joined_ms(self, one: str, other: str) -> int:
        """Since when two ids of one person are known to be one, epoch ms; 0 for the same id."""
        if one == other:
            return 0
        group_of = {one: {one}, other: {other}}
        for at_ms, *ids in self._joins_of.get(self._root(one), ()):
            group = set().union(*(group_of.get(each, {each}) for each in ids))
            if {one, other} <= group:
                return at_ms
            group_of.update(dict.fromkeys(group, group))
        raise ValueError(f"{one} and {other} are not one person")

    def _root(self, identity: str) -> str:
        while self._parent.setdefault(identity, identity) != identity:
            identity = self._parent[identity]
        return identity

    def _join(self, a: str, b: str, at_ms: int) -> None:
        """The smaller id stays, and a user's before any device's."""
        self._joins.append((at_ms, a, b))
        first, second = sorted((self._root(a), self._root(b)), key=lambda root: (not root.startswith("u:"), root))
        self._parent[second] = first
