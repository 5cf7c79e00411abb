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
    for stay in churn.stays:
        if stay.left_ms is None:
            stay.left_ms = at_ms


def advance(churn: Churn, now_ms: int, policy: Policy) -> None:
    """Let time pass."""
    if not churn.last_ms:
        return
    for tier, idle_ms in policy.churn_tiers_ms:
        due_ms = churn.last_ms + idle_ms
        if due_ms > now_ms:
            return
        if any(stay.tier == tier and stay.entered_ms == due_ms for stay in churn.stays):
            continue
        for stay in churn.stays:
            if stay.left_ms is None:
                stay.left_ms = due_ms
        churn.stays.append(Stay(tier, due_ms))


def next_wake_ms(churn: Churn, policy: Policy) -> int | None:
    """When time alone moves the person into a tier next."""
    if not churn.last_ms:
        return None
    waiting = {stay.entered_ms for stay in churn.stays}
    return next((churn.last_ms + idle for _, idle in policy.churn_tiers_ms if churn.last_ms + idle not in waiting), None)


def merge(winner: Churn, loser: Churn) -> None:
    """Two persons are one: the later activity speaks for both, and stays that it contradicts never were."""
    winner.last_ms = max(winner.last_ms, loser.last_ms)
    both = {(stay.tier, stay.entered_ms): stay for stay in [*loser.stays, *winner.stays]}
    winner.stays = [s for s in both.values() if s.left_ms is not None or s.entered_ms > winner.last_ms]
