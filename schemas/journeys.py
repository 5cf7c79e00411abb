"""Records of the `journeys` topic. The record header `kind` says what its lines are.

`event`: `schemas.rows.EventRow` (these also fill the table `events`); `forward`: the same, sent on to the person that
took the first one over (no table); the rest are below. Partition = the person's.
"""

from enum import StrEnum

import msgspec


class Kind(StrEnum):
    EVENT = "event"
    FORWARD = "forward"
    TICK = "tick"
    MERGE = "merge"
    ABSORB = "absorb"


class Tick(msgspec.Struct, kw_only=True):
    """Time, in the log: all that stands before it was received before `now_ms`. In `journeys` it also says which partition tells so."""

    now_ms: int
    source: int = 0  # a partition of `events`; `partitions` + p for partition p of `journeys`


class Merge(msgspec.Struct, kw_only=True):
    """Two person ids are one person; sent to the partition of the one that is given up."""

    a: str
    b: str
    at_ms: int
    reason: str  # identify, alias


class Absorb(msgspec.Struct, kw_only=True):
    """The state of a person that was given up, on its way to the person it belongs to now."""

    winner: str
    loser: str
    at_ms: int
    known_until_ms: int  # how far the loser's partition had let time pass
    reason: str
    state: bytes  # as `streams.logic.person.pack` makes it
