"""Churn flags: each idle time that passes moves a person into the next tier; activity takes the flag away."""

import msgspec

from streams.logic.policy import Policy


class Stay(msgspec.Struct, array_like=True):
    """A stay in a tier; `left_ms` is None while it lasts."""

    tier: str
    entered_ms: int
    left_ms: int | None = None


class Churn(msgspec.Struct, array_like=True):
    """The last activity (0: none yet) and the stays that may still change."""

    last_ms: int = 0
    stays: list[Stay] = []


def seen(churn: Churn, at_ms: int, policy: Policy) -> None:
    """The person did something; what became due before it happened first."""
    if churn.last_ms and at_ms > churn.last_ms:
        advance(churn, at_ms, policy)
    if at_ms <= churn.last_ms:
        return
    churn.last_ms = at_ms
    _leave(churn, at_ms)


def advance(churn: Churn, now_ms: int, policy: Policy) -> None:
    """Let time pass."""
    for tier, due_ms in _waiting(churn, policy):
        if due_ms > now_ms:
            return
        _leave(churn, due_ms)
        churn.stays.append(Stay(tier, due_ms))


def next_wake_ms(churn: Churn, policy: Policy) -> int | None:
    """When time alone moves the person into a tier next."""
    return next((due_ms for _, due_ms in _waiting(churn, policy)), None)


def _waiting(churn: Churn, policy: Policy) -> list[tuple[str, int]]:
    """The tiers that this idle time has not reached yet, and when it will."""
    if not churn.last_ms:
        return []
    reached_ms = max((stay.entered_ms for stay in churn.stays if stay.left_ms is None), default=0)
    return [(tier, churn.last_ms + idle_ms) for tier, idle_ms in policy.churn_tiers_ms if churn.last_ms + idle_ms > reached_ms]


def _leave(churn: Churn, at_ms: int) -> None:
    for stay in churn.stays:
        if stay.left_ms is None:
            stay.left_ms = at_ms


def merge(winner: Churn, loser: Churn) -> None:
    """Two persons are one: the later activity speaks for both, and stays that it contradicts never were."""
    winner.last_ms = max(winner.last_ms, loser.last_ms)
    both = {(stay.tier, stay.entered_ms): stay for stay in [*loser.stays, *winner.stays]}
    winner.stays = [s for s in both.values() if s.left_ms is not None or s.entered_ms > winner.last_ms]
