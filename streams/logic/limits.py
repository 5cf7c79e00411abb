"""How many devices a person may have, and what belongs to a person that has refused or given up an id.

An id is given up before the winner is asked, so what comes for it may be on its way to a person that does not take it. Such a person
looks at what it is sent from then on: what is of an id that is not among the members goes back to that id
(docs/decisions/identity-limits.md).
"""

import msgspec


class Bounds(msgspec.Struct, array_like=True, gc=False):
    """Of a person that has refused, given back or been given back an id; most have none. Such a person looks closely (`is_stray`)."""

    is_full: bool = False  # has refused an id for want of room, and merges no more
    refused_by: str = ""  # the person that would not have this one


def devices_of(person_id: str, members: dict[str, int]) -> int:
    return sum(each.startswith("d:") for each in (person_id, *members))


def refuses(
    winner: str, members: dict[str, int], bounds: Bounds | None, loser: str, loser_members: dict[str, int], most_devices: int
) -> bool:
    """Whether a person has no room for another one's devices."""
    if loser in members:
        return False
    if bounds is not None and bounds.is_full:
        return True
    return devices_of(winner, members) + devices_of(loser, loser_members) > most_devices


def joined(ours: Bounds | None, theirs: Bounds | None) -> Bounds | None:
    """The bounds of two persons that became one."""
    if ours is None or theirs is None:
        return ours or theirs
    return Bounds(ours.is_full or theirs.is_full, ours.refused_by)


def is_stray(person_id: str, members: dict[str, int], bounds: Bounds | None, found: str) -> bool:
    """Whether an event or a merge that names the id `found` has come to a person who does not stand for it."""
    return bounds is not None and found != person_id and found not in members
