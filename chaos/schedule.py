"""What goes wrong next: by seed, and dealt like cards, so that every kind of process is hit in every round. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import NamedTuple

ROLES = ("collector", "worker", "sink", "webhooks", "warehouse", "kafka")
KINDS = ("kill", "pause", "restart")
FIRST_KINDS = ("kill", "pause")  # in the first round: nobody is only asked to stop
PAUSE_S = (6.5, 11.0)  # longer than the broker's session time-out of 6 s, so that who wakes up has lost its partitions
AGAIN_CHANCE = 0.25  # of kills are followed by another one while the process is starting
AGAIN_S = (0.3, 2.5)


class Fault(NamedTuple):
    """`kind`: kill (-9), pause (SIGSTOP, then SIGCONT), restart (SIGTERM); of a worker also add, remove."""

    kind: str
    role: str


def rounds(random: Random) -> Iterator[list[Fault]]:
    """Rounds without end. Each hits every role once and workers twice, adds a worker and removes one, in any order."""
    decks: dict[str, list[str]] = {role: [] for role in ROLES}
    kinds: tuple[str, ...] = FIRST_KINDS
    while True:
        faults = [Fault(_deal(decks[role], kinds, random), role) for role in (*ROLES, "worker")]
        faults += [Fault("add", "worker"), Fault("remove", "worker")]
        random.shuffle(faults)
        yield faults
        kinds = KINDS


def _deal(deck: list[str], kinds: tuple[str, ...], random: Random) -> str:
    """The next card of a role's deck; an empty deck is filled and shuffled first."""
    if not deck:
        deck.extend(kinds)
        random.shuffle(deck)
    return deck.pop()


def gap_s(random: Random, seconds: float) -> float:
    """How long to wait before the next fault: five seconds on average, less in a run that would not get through a round."""
    return random.uniform(0.3, 1.7) * min(5.0, seconds / 12)
