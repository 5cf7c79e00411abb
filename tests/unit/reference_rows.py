"""The reference's rows and the stream's, in one shape: what must be equal. Ids and versions are left out, they are the stream's own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from schemas.collected import Collected
from streams.logic.policy import Policy
from streams.memory import MemoryStream
from tests.unit.reference_carts import Cart, Contents, carts_of
from tests.unit.reference_churn import Stay, stays_of
from tests.unit.reference_events import facts_of
from tests.unit.reference_funnel import Level, level_of
from tests.unit.reference_persons import Persons, by_person
from tests.unit.reference_sessions import Visit, visits_of
from tests.unit.reference_shares import Shared, shares_of

KEYS = {
    "carts": ("episode_id",),
    "sessions": ("session_id",),
    "funnel_levels": ("person_id",),
    "identities": ("id",),
    "segments": ("person_id", "segment", "value", "entered_at_ms"),
    "triggers": ("trigger_id",),
    "shares": ("kind", "message_id", "occurred_at_ms"),
}
Rows = dict[str, Counter[Any]]


def reference(arrived: Iterable[Collected], policy: Policy, now_ms: int) -> Rows:
    """What the definitions say of these events at `now_ms`."""
    facts = facts_of(arrived, policy)
    persons = Persons(facts)
    found: Rows = {topic: Counter() for topic in KEYS}
    found["identities"].update(persons.merged().items())
    for person, own in by_person(facts, persons).items():
        carts = carts_of(own, policy, now_ms)
        found["carts"].update((person, cart) for cart in carts)
        found["triggers"].update(_fired(person, cart) for cart in carts if cart.abandoned_ms is not None)
        found["sessions"].update((person, visit) for visit in visits_of(own, policy))
        found["segments"].update((person, stay) for stay in stays_of(own, policy, now_ms))
        found["shares"].update((person, shared) for shared in shares_of(own, policy))
        found["funnel_levels"][(person, level_of(own, policy))] += 1
    return found


def _fired(person: str, cart: Cart) -> tuple[Any, ...]:
    left = (cart.abandoned_items, cart.abandoned_value, cart.abandoned_currency)
    user_id, device_id = (person[2:], "") if person.startswith("u:") else ("", person[2:])
    return (person, user_id, device_id, cart.cart_id, cart.abandoned_ms, cart.abandoned_step, *left)


def streamed(stream: MemoryStream) -> Rows:
    """The valid rows that the stream has written."""
    latest = {topic: stream.latest(topic, *key).values() for topic, key in KEYS.items()}
    triggers = [row for row in latest["triggers"] if row["status"] == "fired"]
    abandoned_in = {row["episode_id"]: row for row in triggers}
    return {
        "carts": Counter((row["person_id"], _cart(row, abandoned_in.get(row["episode_id"]))) for row in latest["carts"]),
        "triggers": Counter(_trigger(row) for row in triggers),
        "sessions": Counter((row["person_id"], _visit(row)) for row in latest["sessions"]),
        "segments": Counter((row["person_id"], _stay(row)) for row in latest["segments"]),
        "shares": Counter((row["person_id"], _shared(row)) for row in latest["shares"]),
        "funnel_levels": Counter((row["person_id"], _level(row)) for row in latest["funnel_levels"]),
        "identities": Counter((row["id"], row["person_id"]) for row in latest["identities"]),
    }


def _cart(row: dict[str, Any], trigger: dict[str, Any] | None) -> Cart:
    """The row of an episode, and what its trigger says of the cart that was left: the cart row keeps the value only."""
    return Cart(
        cart_id=row["cart_id"],
        status=row["status"],
        opened_ms=row["opened_at_ms"],
        changed_ms=row["changed_at_ms"],
        closed_ms=row.get("closed_at_ms"),
        step=row.get("step", "cart"),
        items=_contents(row),
        value=Decimal(row.get("value", 0)),
        currency=row.get("currency", ""),
        abandonments=row.get("abandonments", 0),
        abandoned_ms=row.get("abandoned_at_ms"),
        abandoned_step=row.get("abandoned_step", ""),
        abandoned_items=_contents(trigger or {}),
        abandoned_value=Decimal(row.get("abandoned_value", 0)),
        abandoned_currency=(trigger or {}).get("currency", ""),
        order_id=row.get("order_id", ""),
        revenue=Decimal(row["revenue"]) if "revenue" in row else None,
        recovered=row.get("recovered", False),
    )


def _contents(row: dict[str, Any]) -> Contents:
    return tuple(sorted((item["product_id"], item.get("variant", ""), _price(item), item["quantity"]) for item in row.get("items", ())))


def _price(item: dict[str, Any]) -> Decimal | None:
    return Decimal(item["price"]) if "price" in item else None


def _trigger(row: dict[str, Any]) -> tuple[Any, ...]:
    left = (_contents(row), Decimal(row.get("value", 0)), row.get("currency", ""))
    who = (row["person_id"], row.get("user_id", ""), row.get("device_id", ""))
    return (*who, row.get("cart_id", ""), row["fired_at_ms"], row["cart_step"], *left)


def _visit(row: dict[str, Any]) -> Visit:
    return Visit(
        device_id=row["device_id"],
        started_ms=row["started_at_ms"],
        ended_ms=row["ended_at_ms"],
        events=row.get("events", 0),
        page_views=row.get("page_views", 0),
        interactions=row.get("interactions", 0),
        bounce=row.get("bounce", False),
        channel=row.get("channel", ""),
        campaign=(row.get("campaign_source", ""), row.get("campaign_medium", ""), row.get("campaign_name", "")),
        device_type=row.get("device_type", ""),
        entry_url=row.get("entry_url", ""),
    )


def _stay(row: dict[str, Any]) -> Stay:
    return Stay(row["value"], row["entered_at_ms"], row.get("left_at_ms"))


def _shared(row: dict[str, Any]) -> Shared:
    return Shared(
        kind=row["kind"],
        message_id=row["message_id"],
        at_ms=row["occurred_at_ms"],
        share_id=row["share_id"],
        parent_share_id=row.get("parent_share_id", ""),
        order_id=row.get("order_id", ""),
        value=Decimal(row["value"]) if "value" in row else None,
    )


def _level(row: dict[str, Any]) -> Level:
    return Level(
        level=row["level"],
        channel=row.get("channel", ""),
        device_type=row.get("device_type", ""),
        campaign_name=row.get("campaign_name", ""),
        first_seen_ms=row.get("first_seen_at_ms", 0),
    )
