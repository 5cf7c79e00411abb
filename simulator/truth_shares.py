"""Shares and what came through them: the rules of docs/contracts.md, section Shares."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from simulator.happening import Happening

OPENING = {"share_open", "invite_accept"}


def shares_of(
    persons: Iterable[list[Happening]], attribution_ms: int, apart: Callable[[Happening, Happening], bool] = lambda opening, order: False
) -> dict[str, Any]:
    """Counts over all persons, each being a list of events in order of time; `orders_by_share`: credited orders by share id.

    `orders_merged_late` of them may lack the credit: all their openings were `apart` from the order for too long.
    """
    credited: Counter[str] = Counter()
    merged_late = 0
    counts: Counter[str] = Counter()
    for events in persons:
        counts.update(event.event for event in events)
        opened = [event for event in events if event.event in OPENING]
        for order in (event for event in events if event.event == "purchase"):
            before = [event for event in opened if order.at_ms - attribution_ms <= event.at_ms <= order.at_ms]
            if before:
                credited[before[-1].share_id] += 1
                merged_late += all(apart(opening, order) for opening in before)
    return {
        "shares": counts["share"],
        "share_opens": counts["share_open"],
        "invites_accepted": counts["invite_accept"],
        "orders_by_share": dict(sorted(credited.items())),
        "orders_merged_late": merged_late,
    }
