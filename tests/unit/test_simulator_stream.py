"""The stream's logic, in memory and in any order of its partitions, comes to what the simulator's truth says."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from itertools import groupby
from typing import Any

import pytest

from simulator.config import HOUR_MS, SimConfig
from simulator.timeline import arrivals
from simulator.truth import Rules, Truth
from tests.unit.memory_lane import MemoryLane

AFTER = {"repeated": 0.2, "refunded": 0.1, "refunded_partly": 0.2, "cancelled": 0.1}


@pytest.mark.parametrize(("seed", "after"), [(1, {}), (2, {}), (3, {}), (4, AFTER)])
def test_the_stream_finds_the_truth(seed: int, after: dict[str, float]) -> None:
    config = SimConfig(seed=seed, shoppers=150, **after)  # type: ignore[arg-type]
    truth, lane = Truth(Rules()), MemoryLane(seed)
    for number, (at_ms, slot) in enumerate(groupby(arrivals(config), key=lambda arrival: arrival.arrival_ms)):
        bodies = []
        for arrival in slot:
            truth.add(arrival)
            bodies.append(arrival.body)
        lane.send(bodies, at_ms)
        if number % 5 == 0:
            lane.tick(at_ms + 1)
    lane.drain(config.end_ms + HOUR_MS)
    expected = truth.result(config.end_ms + HOUR_MS)
    assert _found(lane) == {name: expected[name] for name in _found(lane)}


def _found(lane: MemoryLane) -> dict[str, Any]:
    """The truth's own names, from the rows."""
    events = lane.rows("events")
    now = {row["id"]: row["person_id"] for row in lane.rows("identities")}
    levels = lane.rows("funnel_levels")
    by_channel: dict[str, Counter[str]] = {}
    for row in levels:
        by_channel.setdefault(row.get("channel", ""), Counter())[str(row["level"])] += 1
    shares = Counter(row["kind"] for row in lane.rows("shares"))
    return {
        "accepted": lane.accepted,
        "rejected": dict(sorted(lane.refused.items())),
        "duplicates": sum(row["code"] == "duplicate" for row in lane.rows("rejected")),
        "stored": len(events),
        "late": sum(row.get("late", False) for row in events),
        "merges": len(now),
        "persons": len({now.get(row["person_id"], row["person_id"]) for row in events}),
        "levels": dict(sorted((row["person_id"], row["level"]) for row in levels)),
        "persons_by_channel_and_level": {channel: dict(sorted(counts.items())) for channel, counts in sorted(by_channel.items())},
        "carts": _carts(lane),
        "churn": {
            **dict.fromkeys(("short", "mid", "long"), 0),
            **Counter(r["value"] for r in lane.rows("segments") if not r.get("left_at_ms")),
        },
        "shares": shares["share"],
        "share_opens": shares["open"],
        "invites_accepted": shares["invite_accept"],
        "orders_by_share": dict(Counter(row["share_id"] for row in lane.rows("shares") if row["kind"] == "order")),
    }


def _carts(lane: MemoryLane) -> dict[str, Any]:
    carts = [row for row in lane.rows("carts") if row["status"] != "merged"]
    abandoned = [row for row in carts if row.get("abandoned_at_ms")]
    value: dict[str, Decimal] = {}
    for row in abandoned:
        value[row["currency"]] = value.get(row["currency"], Decimal(0)) + Decimal(str(row["abandoned_value"]))
    statuses = Counter(row["status"] for row in carts)
    return {
        "opened": len(carts),
        "abandoned": len(abandoned),
        "recovered": sum(row.get("recovered", False) for row in carts),
        **{status: statuses[status] for status in ("ordered", "emptied", "expired", "open")},
        "triggers": sum(row["status"] == "fired" for row in lane.rows("triggers")),
        "abandoned_value": {currency: f"{amount:.4f}" for currency, amount in sorted(value.items())},
    }
