"""Churn flags: each idle time that passes moves a person into the next tier; activity takes the flag away.

What is kept are islands of activity, which are at least the shortest idle time apart. The stays follow from the gaps between them, so the
gaps of two persons who are one are what both have in common, however late they meet.
"""

import operator
from collections.abc import Iterable, Iterator
from itertools import pairwise

import msgspec

from streams.logic.policy import Policy
from streams.logic.sent import Sent

_NEVER = (1 << 63) - 1


class Island(msgspec.Struct, array_like=True, gc=False):
    """Activity without an idle time that counts: the first and the last (epoch ms)."""

    first_ms: int
    last_ms: int


class Stay(msgspec.Struct, gc=False):
    """A stay in a tier; `left_ms` is None while it lasts."""

    tier: str
    entered_ms: int
    left_ms: int | None = None


class Churn(msgspec.Struct, array_like=True, gc=False):
    """When the person was active, in order, and what was written of the stays in between."""

    islands: list[Island] = []
    sent: dict[bytes, Sent] = {}

    @property
    def last_ms(self) -> int:
        """The last activity; 0: none yet."""
        return self.islands[-1].last_ms if self.islands else 0


_first_ms = operator.attrgetter("first_ms")


def seen(churn: Churn, at_ms: int, policy: Policy) -> bool:
    """The person did something. True when stays may have changed."""
    islands = churn.islands
    if not islands:
        islands.append(Island(at_ms, at_ms))
        return False
    latest = islands[-1]
    if latest.first_ms <= at_ms <= latest.last_ms:
        return False
    if latest.last_ms < at_ms < latest.last_ms + _least_ms(policy):
        latest.last_ms = at_ms
        return bool(churn.sent)  # time may have overtaken it
    churn.islands = _joined([*islands, Island(at_ms, at_ms)], policy)
    return True


def stays(churn: Churn, now_ms: int, policy: Policy) -> Iterator[Stay]:
    """All stays that can be told from what is kept, in order."""
    for island, following in pairwise(churn.islands):
        yield from _of_gap(island.last_ms, following.first_ms, following.first_ms, policy)
    yield from lasting(churn, now_ms, policy)


def lasting(churn: Churn, now_ms: int, policy: Policy) -> list[Stay]:
    """Those of the idle time that lasts: the last one is that in which the person is."""
    islands = churn.islands
    return _of_gap(islands[-1].last_ms, now_ms, None, policy) if islands else []


def next_wake_ms(churn: Churn, now_ms: int, policy: Policy) -> int | None:
    """When time alone moves the person into a tier next."""
    last_ms = churn.last_ms
    if last_ms:
        for _, idle_ms in policy.churn_tiers_ms:
            if last_ms + idle_ms > now_ms:
                return last_ms + idle_ms
    return None


def merge(winner: Churn, loser: Churn, policy: Policy) -> None:
    """Two persons are one: idle is who neither of them was active as."""
    winner.islands = _joined([*winner.islands, *loser.islands], policy)


def rebuild(churn: Churn, active_ms: Iterable[int], folded_ms: int, policy: Policy) -> None:
    """Islands anew: what is older than `folded_ms` stays (an island that goes on from there ends there), then this activity."""
    old = [Island(island.first_ms, min(island.last_ms, folded_ms)) for island in churn.islands if island.first_ms < folded_ms]
    churn.islands = _joined([*old, *(Island(at_ms, at_ms) for at_ms in active_ms)], policy)


def forget(churn: Churn, until_ms: int, policy: Policy) -> None:
    """Let go of what was followed by so early an activity that no tier of the gap reaches past `until_ms`."""
    islands = churn.islands
    if len(islands) > 1 and policy.churn_tiers_ms:
        since_ms = until_ms - policy.churn_tiers_ms[-1][1]
        while len(islands) > 1 and islands[1].first_ms < since_ms:
            del islands[0]


def _of_gap(began_ms: int, until_ms: int, end_ms: int | None, policy: Policy) -> list[Stay]:
    """The stays of one idle time, as far as it is known; `end_ms` is None while it lasts."""
    if until_ms - began_ms < _least_ms(policy):  # nearly always
        return []
    found = [Stay(tier, began_ms + idle_ms, end_ms) for tier, idle_ms in policy.churn_tiers_ms if began_ms + idle_ms <= until_ms]
    for stay, after in pairwise(found):
        stay.left_ms = after.entered_ms
    return found


def _least_ms(policy: Policy) -> int:
    return policy.churn_tiers_ms[0][1] if policy.churn_tiers_ms else _NEVER


def _joined(islands: list[Island], policy: Policy) -> list[Island]:
    """In order, and as one where less than the shortest idle time is between them."""
    least_ms = _least_ms(policy)
    found: list[Island] = []
    for island in sorted(islands, key=_first_ms):
        if found and island.first_ms - found[-1].last_ms < least_ms:
            found[-1].last_ms = max(found[-1].last_ms, island.last_ms)
        else:
            found.append(Island(island.first_ms, island.last_ms))
    return found
