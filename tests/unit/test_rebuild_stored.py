"""Stored events become what the collector had written."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from replays.rebuild.stored import HOUR_MS, PLAIN, collected, slices
from schemas.collected import Collected
from schemas.items import Item
from schemas.rows import EventRow

ROW = {
    "event": "cart_update",
    "message_id": "m",
    "write_key": "k",
    "device_id": "d",
    "received_at_ms": 7,
    "client_at_ms": 5,
    "sent_at_ms": 6,
}


def test_every_column_is_a_field_of_the_row() -> None:
    assert set(PLAIN) <= {field.name for field in msgspec.structs.fields(EventRow)}


@pytest.mark.parametrize(
    ("given", "cart", "expected"),
    [
        (0, [], None),
        (1, [], ()),
        (1, [{"product_id": "tea", "price": "2.5", "quantity": 2}], (Item(product_id="tea", price=Decimal("2.5"), quantity=2),)),
    ],
)
def test_an_emptied_cart_is_not_one_that_nobody_spoke_of(given: int, cart: list[object], expected: object) -> None:
    made = collected(msgspec.json.encode({**ROW, "cart_items": cart, "cart_given": bool(given), "value": None}))
    assert made == Collected(**ROW, cart_items=expected)  # type: ignore[arg-type]


def test_hours_are_taken_together_until_there_is_enough() -> None:
    hours = [(0, 5), (HOUR_MS, 5), (5 * HOUR_MS, 30), (6 * HOUR_MS, 1)]
    assert list(slices(hours, at_once=10)) == [(0, 2 * HOUR_MS), (5 * HOUR_MS, 6 * HOUR_MS), (6 * HOUR_MS, 7 * HOUR_MS)]
    assert list(slices([])) == []
