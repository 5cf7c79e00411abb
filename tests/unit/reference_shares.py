"""A person's shares, openings and credited orders from all of the events at once: the contract's section Shares."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from streams.logic.policy import Policy
from tests.unit.reference_events import Fact

KINDS = {"share": "share", "share_open": "open", "invite_accept": "invite_accept"}


class Shared(NamedTuple):
    """A row of shares."""

    kind: str
    message_id: str
    at_ms: int
    share_id: str
    parent_share_id: str
    order_id: str
    value: Decimal | None


def shares_of(facts: list[Fact], policy: Policy) -> list[Shared]:
    """All rows of one person; every share of the stories has an id."""
    found = []
    for fact in facts:
        event, through = fact.event, _through(facts, fact.at_ms, policy)
        if event.event in KINDS:
            parent = event.parent_share_id or (through if event.event == "share" else "")
            found.append(Shared(KINDS[event.event], fact.message_id, fact.at_ms, event.share_id, parent, "", None))
        elif event.event == "purchase" and through:
            found.append(Shared("order", fact.message_id, fact.at_ms, through, "", event.order_id, event.value))
    return found


def _through(facts: list[Fact], now_ms: int, policy: Policy) -> str:
    """The share that the person came through last."""
    opened = [fact for fact in facts if KINDS.get(fact.event.event, "share") != "share" and fact.at_ms <= now_ms]
    return opened[-1].event.share_id if opened and now_ms - opened[-1].at_ms <= policy.attribution_ms else ""
