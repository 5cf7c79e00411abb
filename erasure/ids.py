"""Every id that is one person, in all lanes. Kafka's side asks here, too, whom a request is about."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Ask = Callable[[str, Mapping[str, Any]], Iterable[tuple[Any, ...]]]
MOST_HOPS = 8  # of merged ids that were merged again
GROUP = """SELECT id, person_id FROM identities_now WHERE id IN {ids:Array(String)} OR person_id IN {ids:Array(String)}"""
NAMED = """SELECT groupUniqArrayArray(user_ids), groupUniqArrayArray(device_ids) FROM persons WHERE person_id IN {ids:Array(String)}"""
# A device that others use as well is not this person's: only what the person did on it is.
SHARED = """SELECT device_id FROM events WHERE device_id IN {devices:Array(String)} AND user_id NOT IN {users:Array(String)}
    AND user_id != '' GROUP BY device_id"""


@dataclass(frozen=True)
class PersonIds:
    """`persons`: `u:<user>` and `d:<device>` of one person; `users` and `devices` are the same without the letter."""

    persons: tuple[str, ...]

    @property
    def users(self) -> list[str]:
        return [each[2:] for each in self.persons if each.startswith("u:")]

    @property
    def devices(self) -> list[str]:
        return [each[2:] for each in self.persons if each.startswith("d:")]


def ids_of_person(ask: Ask, person: str) -> PersonIds:
    """All ids of the person of `u:<user>`, `d:<device>`, or a bare id, which may be either. Follows merges both ways."""
    found = {person} if person[:2] in ("u:", "d:") else {f"u:{person}", f"d:{person}"}
    for _ in range(MOST_HOPS):
        wanted = sorted(found)
        more = {each for row in ask(GROUP, {"ids": wanted}) for each in row}
        ((users, devices),) = ask(NAMED, {"ids": wanted})
        more |= {f"u:{user}" for user in users}
        known = [each[2:] for each in found | more if each.startswith("u:")]
        shared = {device for (device,) in ask(SHARED, {"devices": devices, "users": known})} if devices else set()
        more |= {f"d:{device}" for device in devices if device not in shared}
        if more <= found:
            break
        found |= more
    return PersonIds(tuple(sorted(found)))
