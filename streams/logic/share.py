"""Shares: who shared what, who came through it, and the orders that it brought. Who gets the credit is a matter of event time alone."""

import operator
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from decimal import Decimal

from schemas.rows import ShareRow
from streams.logic.entry import CartPart, Entry, SharePart
from streams.logic.policy import Policy

Open = tuple[int, str, str]  # when a person came through a share (epoch ms), the event's message id, the share
_opened_ms = operator.itemgetter(0)


def kind_of(item: Entry) -> str:
    """The kind of row that an entry may stand for; '' for none."""
    if item.share is not None:
        return item.share.kind
    return "order" if item.cart is not None and item.cart.event == "purchase" else ""


def later(one: Open | None, other: Open | None) -> Open | None:
    """Of two openings the one that is credited."""
    if one is None or other is None:
        return one or other
    return max(one, other)


def latest(base: Open | None, entries: Iterable[Entry], until_ms: int, policy: Policy) -> Open | None:
    """The opening that counts for what happens from `until_ms` on, `entries` being older; None when its window has passed."""
    found = max(_openings(base, entries), default=None)
    return found if found is not None and found[0] >= until_ms - policy.attribution_ms else None


def shares(base: Open | None, journal: list[Entry], policy: Policy) -> Iterator[tuple[Entry, str]]:
    """Each entry that a row stands for, and the share that the person had come through by then ('' for none)."""
    opens = sorted(_openings(base, journal))
    if not opens and all(item.share is None for item in journal):  # nearly everybody
        return
    for item in journal:
        if item.share is None and (not opens or kind_of(item) != "order"):
            continue
        through = _through(opens, item.at_ms, policy)
        if through or item.share is not None:
            yield item, through


def _openings(base: Open | None, entries: Iterable[Entry]) -> list[Open]:
    parts = [(item, item.share) for item in entries if item.share is not None]
    found = [(item.at_ms, item.message_id, part.share_id) for item, part in parts if part.kind != "share"]
    return found if base is None else [base, *found]


def _through(opens: list[Open], at_ms: int, policy: Policy) -> str:
    """The last opening at or before a time, if it was within the window."""
    place = bisect_right(opens, at_ms, key=_opened_ms)
    if not place:
        return ""
    opened_ms, _, share_id = opens[place - 1]
    return share_id if at_ms - opened_ms <= policy.attribution_ms else ""


def share_row(item: Entry, through: str, person_id: str, policy: Policy) -> ShareRow:
    """The row of an entry that `shares` gave."""
    row = ShareRow(
        lane=policy.lane,
        share_id=through,
        kind=kind_of(item),
        person_id=person_id,
        occurred_at_ms=item.at_ms,
        message_id=item.message_id,
        version=0,
    )
    if item.share is not None:
        _tell_share(row, item.share, through)
    elif item.cart is not None:
        _tell_order(row, item.cart)
    return row


def _tell_share(row: ShareRow, part: SharePart, through: str) -> None:
    row.share_id = part.share_id
    row.parent_share_id = part.parent_share_id or (through if part.kind == "share" else "")
    row.method, row.content_type, row.product_id, row.cart_id = part.method, part.content_type, part.product_id, part.cart_id


def _tell_order(row: ShareRow, part: CartPart) -> None:
    row.product_id = part.items[0].product_id if part.items else ""
    row.cart_id, row.order_id, row.currency = part.cart_id, part.order_id, part.currency
    row.value = Decimal(part.value) if part.value else None
