"""Taobao's UserBehavior: user, item, category, behaviour, unix seconds. No header, no price, no session, no device, no order.

The user is the identity. A `buy` is a `purchase` of one item without an amount.
"""

from __future__ import annotations

from replays.rows import Cells, Draft, Format, RowError, need
from replays.times import checked

EVENTS = {"pv": "view_item", "cart": "add_to_cart", "fav": "add_to_wishlist", "buy": "purchase"}


def read(cells: Cells) -> Draft:
    event = EVENTS.get(cells["behaviour"])
    if event is None:
        raise RowError("behaviour", f"behaviour {cells['behaviour']!r} is none of {', '.join(EVENTS)}")
    item = {"product_id": need(cells, "item"), "category": cells["category"]}
    return Draft(event=event, at_ms=_at_ms(cells["time"]), user_id=need(cells, "user"), properties={"items": [item]})


def _at_ms(text: str) -> int:
    try:
        return checked(int(text) * 1000)
    except ValueError as error:
        raise RowError("time", f"time {text!r} is no unix time in seconds between 1980 and 2100") from error


FORMAT = Format(name="taobao", columns=("user", "item", "category", "behaviour", "time"), read=read, header=False, quoted=False)
