"""Churn flags: each idle time that passes moves a person into the next tier; activity takes the flag away."""

from itertools import pairwise

import msgspec

from streams.logic.policy import Policy
from streams.logic.sent import Sent

_NEVER = (1 << 63) - 1


class Stay(msgspec.Struct, array_like=True, gc=False):
    """A stay in a tier; `left_ms` is None while it lasts."""

    tier: str
    entered_ms: int
    left_ms: int | None = None


class Churn(msgspec.Struct, array_like=True, gc=False):
    """The last activity (0: none yet), the stays that may still change, and what was written of them."""

    last_ms: int = 0
    stays: list[Stay] = []
    sent: dict[bytes, Sent] = {}


def seen(churn: Churn, at_ms: int, policy: Policy) -> bool:
    """The person did something; what became due before it happened first. True when stays may have changed."""
    if at_ms > churn.last_ms:
        advance(churn, at_ms, policy)
    changed = bool(churn.stays)
    if changed:
        _split(churn, at_ms, policy)
    if at_ms > churn.last_ms:
        churn.last_ms = at_ms
    return changed


def advance(churn: Churn, now_ms: int, policy: Policy) -> bool:
    """Let time pass; True when the person came into another tier."""
    tiers, last_ms = policy.churn_tiers_ms, churn.last_ms
    if not last_ms or not tiers or now_ms - last_ms < tiers[0][1]:
        return False
    moved, reached_ms = False, _reached_ms(churn)
    for tier, idle_ms in tiers:
        due_ms = last_ms + idle_ms
        if reached_ms < due_ms <= now_ms:
            _leave(churn, due_ms)
            churn.stays.append(Stay(tier, due_ms))
            moved = True
    return moved


def next_wake_ms(churn: Churn, policy: Policy) -> int | None:
    """When time alone moves the person into a tier next."""
    last_ms = churn.last_ms
    if last_ms:
        reached_ms = _reached_ms(churn)
        for _, idle_ms in policy.churn_tiers_ms:
            if last_ms + idle_ms > reached_ms:
                return last_ms + idle_ms
    return None


def _reached_ms(churn: Churn) -> int:
    """When the tier began in which the person is; 0 for none."""
    reached_ms = 0
    for stay in churn.stays:
        if stay.left_ms is None and stay.entered_ms > reached_ms:
            reached_ms = stay.entered_ms
    return reached_ms


def _leave(churn: Churn, at_ms: int) -> None:
    for stay in churn.stays:
        if stay.left_ms is None:
            stay.left_ms = at_ms


def _split(churn: Churn, at_ms: int, policy: Policy) -> None:
    """The person did something in the midst of what was taken for one idle time, which ended there, or was two."""
    if not churn.stays:
        return
    idle_ms = dict(policy.churn_tiers_ms)
    idle_times: dict[int, list[Stay]] = {}
    for stay in churn.stays:
        idle_times.setdefault(stay.entered_ms - idle_ms.get(stay.tier, 0), []).append(stay)
    churn.stays = []
    for began_ms, stays in idle_times.items():
        end_ms = max(_NEVER if stay.left_ms is None else stay.left_ms for stay in stays)
        if began_ms < at_ms < end_ms:
            stays = _stays_after(at_ms, end_ms, [stay for stay in stays if stay.entered_ms <= at_ms], policy)
        churn.stays += stays


def _stays_after(at_ms: int, end_ms: int, before: list[Stay], policy: Policy) -> list[Stay]:
    """The stays of an idle time that an activity at `at_ms` cuts; those that are not over yet are left to time."""
    for stay in before:
        stay.left_ms = at_ms if stay.left_ms is None else min(stay.left_ms, at_ms)
    part = Churn(at_ms, before)
    if end_ms != _NEVER:
        advance(part, end_ms, policy)
        _leave(part, end_ms)
    return part.stays


def merge(winner: Churn, loser: Churn, policy: Policy) -> None:
    """Two persons are one: the last activity of each cuts the idle times of the other."""
    last_ms = (winner.last_ms, loser.last_ms)
    winner.last_ms = max(last_ms)
    winner.stays = list({(stay.tier, stay.entered_ms): stay for stay in [*loser.stays, *winner.stays]}.values())
    for at_ms in last_ms:
        _split(winner, at_ms, policy)


def rebuild(churn: Churn, active_ms: list[int], clock_ms: int, policy: Policy) -> None:
    """Stays anew from all activity that is known (sorted, epoch ms); of an idle time that began before it, only the end is."""
    if not active_ms:
        return
    idle_ms = dict(policy.churn_tiers_ms)
    before = Churn(0, [stay for stay in churn.stays if stay.entered_ms - idle_ms.get(stay.tier, 0) < active_ms[0]])
    _split(before, active_ms[0], policy)
    stays, last_ms = before.stays, active_ms[-1]
    least_ms = policy.churn_tiers_ms[0][1] if policy.churn_tiers_ms else _NEVER
    for at_ms, next_ms in pairwise(active_ms):
        if next_ms - at_ms >= least_ms:
            idle = Churn(at_ms, [])
            advance(idle, next_ms, policy)
            _leave(idle, next_ms)
            stays += idle.stays
    idle = Churn(last_ms, [])
    advance(idle, clock_ms, policy)
    stays += idle.stays
    churn.last_ms, churn.stays = last_ms, stays


def may_change(churn: Churn, at_ms: int, policy: Policy) -> bool:
    """Whether activity of the past can be part of an idle time that counts."""
    tiers = policy.churn_tiers_ms
    return bool(churn.stays) or (bool(tiers) and churn.last_ms - at_ms >= tiers[0][1])
