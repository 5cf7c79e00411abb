"""REES46's multi-category shop: one row an event, times in UTC, prices in USD.

`user_id` is the identity; `user_session` is kept as a property, since one session id can belong to two users. A `purchase` row is one
item, so its value is the item's price. Prices of nothing or less are data like any other.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from replays.amounts import amount
from replays.rows import Cells, Draft, Format, RowError, need
from replays.times import ms_of

EVENTS = {"view": "view_item", "cart": "add_to_cart", "remove_from_cart": "remove_from_cart", "purchase": "purchase"}
UTC = ZoneInfo("UTC")
COLUMNS = ("event_time", "event_type", "product_id", "category_id", "category_code", "brand", "price", "user_id", "user_session")


def read(cells: Cells) -> Draft:
    event = EVENTS.get(cells["event_type"])
    if event is None:
        raise RowError("event_type", f"event_type {cells['event_type']!r} is none of {', '.join(EVENTS)}")
    price = amount(cells, "price")
    return Draft(
        event=event,
        at_ms=_at_ms(cells["event_time"]),
        user_id=need(cells, "user_id"),
        properties=_properties(cells, price, event == "purchase"),
    )


def _properties(cells: Cells, price: Decimal, is_order: bool) -> dict[str, Any]:
    item = {"product_id": need(cells, "product_id"), "category": cells["category_code"], "brand": cells["brand"], "price": price}
    properties: dict[str, Any] = {"items": [item], "currency": "USD"}
    if is_order:
        properties["value"] = price
    return properties | {name: cells[name] for name in ("category_id", "user_session") if cells[name]}


def _at_ms(text: str) -> int:
    try:
        return ms_of(datetime.fromisoformat(text.removesuffix(" UTC")), UTC)
    except ValueError as error:
        raise RowError("event_time", f"event_time {text!r} is no time like '2019-10-01 00:00:00 UTC'") from error


FORMAT = Format(name="rees46", columns=COLUMNS, read=read)
