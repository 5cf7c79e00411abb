"""What arrived, read once and at leisure: copies left out, times corrected, in the order in which it happened.

With its neighbours (`reference_*.py`) this is the stream's reference: written from docs/contracts.md, in one batch, sharing no code with
the stream but its settings.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from schemas.collected import Collected
from streams.logic.policy import Policy

QUIET = {"identify", "alias", "group", "consent", "experiment_view"}  # say who someone is or what they were given, and are no activity


class Fact(NamedTuple):
    """One event, when it happened, and whether it came too late to move anything."""

    at_ms: int
    message_id: str
    late: bool
    event: Collected

    @property
    def active(self) -> bool:
        return self.event.event not in QUIET


def facts_of(arrived: Iterable[Collected], policy: Policy) -> list[Fact]:
    """Every message once (the copy that came first counts), in order of time, ties by message id."""
    first: dict[tuple[str, str], Collected] = {}
    for event in arrived:
        first.setdefault((event.write_key, event.message_id), event)
    return sorted((_fact(event, policy) for event in first.values()), key=lambda fact: fact[:2])


def _fact(event: Collected, policy: Policy) -> Fact:
    at_ms = _happened(event, policy)
    return Fact(at_ms, event.message_id, event.received_at_ms - at_ms > policy.lateness_ms, event)


def _happened(event: Collected, policy: Policy) -> int:
    """The client's time plus a skew above 2 s; never more than 60 s after reception, which also stands in for no time at all."""
    if not event.client_at_ms:
        return event.received_at_ms
    skew_ms = event.received_at_ms - event.sent_at_ms if event.sent_at_ms else 0
    at_ms = event.client_at_ms + (skew_ms if abs(skew_ms) > policy.skew_min_ms else 0)
    return event.received_at_ms if at_ms > event.received_at_ms + policy.future_max_ms else at_ms
