"""Records of the `journeys` topic. The header `kind` says what the lines are; a line of a `mixed` record begins with its kind and a space.

`event`: `schemas.rows.EventRow` (these also fill the table `events`); `forward`: the same, sent on to the person that
took the first one over (no table); the rest are below. Partition = the person's.
"""

from collections.abc import Iterator, Sequence
from enum import StrEnum

import msgspec

OFFSET_KEY = b"@offset"  # in a state topic: the last offset of the input partition that the state holds


class Kind(StrEnum):
    EVENT = "event"
    FORWARD = "forward"
    TICK = "tick"
    MERGE = "merge"
    ABSORB = "absorb"
    REFUSE = "refuse"
    UNLINK = "unlink"
    SPLIT = "split"
    ERASE = "erase"
    MIXED = "mixed"


class Says(StrEnum):
    """What a tick in `journeys` tells (`streams.logic.clock`)."""

    TOLD = "told"  # by an `events` partition to partition 0: its events received before `now_ms` are in `journeys`
    FED = "fed"  # by partition 0 to all: those of all `events` partitions are
    PASSED = "passed"  # by a partition to partition 0: it has read them, and forwarded what belongs elsewhere
    CLOCK = "clock"  # by partition 0 to all: all have


class Tick(msgspec.Struct, omit_defaults=True, kw_only=True):
    """Time, in the log: all that stands before it was received before `now_ms`. In `journeys` it also says what and by which partition."""

    now_ms: int
    source: int = 0
    says: Says = Says.TOLD


class Merge(msgspec.Struct, omit_defaults=True, kw_only=True):
    """Two person ids are one person; sent to the partition of the one that is given up."""

    a: str
    b: str
    at_ms: int
    reason: str  # identify, alias
    via: str = ""  # one of the two stands for this id, which had been given up for it


class Absorb(msgspec.Struct, omit_defaults=True, kw_only=True):
    """The state of a person that was given up, on its way to the person it belongs to now."""

    winner: str
    loser: str
    at_ms: int
    known_until_ms: int  # how far the loser's partition had let time pass
    reason: str
    state: bytes  # as `streams.logic.person.pack` makes it
    via: str = ""  # as in the merge


class Refuse(msgspec.Struct, kw_only=True):
    """The state of a person on its way back: the winner has as many devices as it may have."""

    winner: str
    loser: str
    at_ms: int
    known_until_ms: int  # as in Absorb
    state: bytes


class Unlink(msgspec.Struct, omit_defaults=True, kw_only=True):
    """An operator says that a device is not a user's. In `events` without `person`; `user_id` '' is every user of the device.

    In `journeys` it goes to the device first, behind all that was said of it, and then to the user, or whoever took the user over.
    """

    device_id: str
    user_id: str
    at_ms: int
    by: str  # who says so
    person: str = ""


class Split(msgspec.Struct, kw_only=True):
    """A device's part of a person's history, on its way to the device."""

    device_id: str
    holder: str
    was_member: bool  # the device had been given up for the holder; else only some of its events were the holder's
    at_ms: int
    by: str
    known_until_ms: int
    state: bytes


class Erase(msgspec.Struct, kw_only=True):
    """These ids were erased: in every partition of `events`, and from each of them to every one of `journeys`.

    It names nobody: `hashes` are of ids (`schemas.suppression.id_hash`). State of theirs goes, and what names them later is not applied.
    """

    hashes: tuple[str, ...]
    at_ms: int


def joined(lines: Sequence[tuple[str, bytes]]) -> tuple[str, bytes]:
    """A record of some (kind, line): its kind and value."""
    kinds = {kind for kind, _ in lines}
    if len(kinds) == 1:
        return kinds.pop(), b"\n".join(line for _, line in lines)
    return Kind.MIXED, b"\n".join(kind.encode() + b" " + line for kind, line in lines)


def lines_of(kind: str, value: bytes) -> Iterator[tuple[str, bytes]]:
    """The (kind, line) of a record; whatever a stranger wrote there, it raises nothing."""
    for line in value.split(b"\n"):
        if kind == Kind.MIXED:
            name, _, line = line.partition(b" ")
            yield name.decode(errors="replace"), line
        else:
            yield kind, line
