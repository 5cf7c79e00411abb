"""Events by a few words, and one person's way through the stream in memory."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from schemas.collected import Collected
from schemas.items import Item
from schemas.rows import EventRow
from streams.logic.entry import Entry, entry_of
from streams.logic.policy import Policy
from streams.memory import MemoryStream

T0 = 1_700_000_000_000
SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
POLICY = Policy(lane="t", partitions=1)
SHOE = Item(product_id="shoe", price=Decimal("19.90"))
SOCK = Item(product_id="sock", price=Decimal("2.50"), quantity=2)


def collected(name: str, at_ms: int, message_id: str = "", **fields: Any) -> Collected:
    """An event of device `dev` (or of whom `fields` name) that arrived when it happened."""
    who = {} if {"device_id", "user_id"} & set(fields) else {"device_id": "dev"}
    times = {"received_at_ms": at_ms, "client_at_ms": at_ms}
    return Collected(event=name, message_id=message_id or f"{name}@{at_ms}", write_key="k", **{**times, **who, **fields})


def clean_event(name: str, at_ms: int, message_id: str = "", **fields: Any) -> EventRow:
    """The same, behind `identify`."""
    fields = {"device_id": "dev", "person_id": "d:dev", **fields}
    return EventRow(
        lane="t",
        event=name,
        message_id=message_id or f"{name}@{at_ms}",
        write_key="k",
        occurred_at_ms=at_ms,
        received_at_ms=at_ms,
        **fields,
    )


def entry(name: str, at_ms: int, **fields: Any) -> Entry:
    """The same, as the journal keeps it."""
    return entry_of(clean_event(name, at_ms, **fields))


class Shop:
    """A lane in memory: `at` sends events, then time comes to `now_ms`; `wait` lets time pass; `crash` restores all from the changelog."""

    def __init__(self, policy: Policy = POLICY) -> None:
        self.stream = MemoryStream(policy)

    def at(self, now_ms: int, *events: Collected) -> None:
        self.stream.send(list(events))
        self.wait(now_ms)

    def wait(self, now_ms: int) -> None:
        self.stream.tick(now_ms)
        self.stream.run()

    def crash(self) -> None:
        for partition in range(self.stream.policy.partitions):
            for agent in ("identify", "journey"):
                self.stream.restart(agent, partition)

    def carts(self) -> dict[str, dict[str, Any]]:
        """The valid cart rows by cart id; two open episodes of one id do not happen in these tests."""
        return {row["cart_id"]: row for row in self.stream.latest("carts", "episode_id").values()}

    def sessions(self) -> list[dict[str, Any]]:
        return sorted(self.stream.latest("sessions", "session_id").values(), key=lambda row: row["started_at_ms"])

    def triggers(self) -> list[dict[str, Any]]:
        """All trigger rows ever written, in order."""
        return self.stream.rows["triggers"]

    def sent(self) -> list[str]:
        """The triggers that a webhook is sent for."""
        return [row["trigger_id"] for row in self.triggers() if row["decision"] == "send" and row["version"] == 1]

    def stays(self) -> list[tuple[str, int, int | None]]:
        """Valid churn stays: tier, when entered and left in days after T0."""
        rows = self.stream.latest("segments", "person_id", "value", "entered_at_ms").values()
        days = [
            (row["value"], (row["entered_at_ms"] - T0) / DAY, (row["left_at_ms"] - T0) / DAY if "left_at_ms" in row else None)
            for row in rows
        ]
        return sorted(days, key=lambda stay: stay[1])
