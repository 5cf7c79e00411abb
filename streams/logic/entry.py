"""A person's journal: what of each event the cart, the session, the shares and the triggers need, in the order of event time."""

import operator
from bisect import bisect_right
from sys import intern

import msgspec

from schemas.events import QUIET
from schemas.items import KnownItem
from schemas.rows import EventRow
from streams.logic.ids import stable_id

_CART_EVENTS = {
    "add_to_cart",
    "remove_from_cart",
    "cart_update",
    "begin_checkout",
    "checkout_step",
    "add_payment_info",
    "payment_failed",
    "purchase",
}
_SHARE_KINDS = {"share": "share", "share_open": "open", "invite_accept": "invite_accept"}
# What is not named here is an interaction.
_WEIGHT = {**dict.fromkeys(QUIET, 0), "page_view": 1, "screen_view": 1}


class CartPart(msgspec.Struct, array_like=True, gc=False):
    """What a cart event says about the cart; `origin` is the device (else the user) it came from, which no later merge changes."""

    event: str
    origin: str
    cart_id: str
    items: tuple[KnownItem, ...]
    cart_items: tuple[KnownItem, ...] | None
    currency: str
    order_id: str
    value: str  # decimal text, '' when not given


class SharePart(msgspec.Struct, array_like=True, gc=False):
    """What was shared, or through what someone came. `kind`: share, open, invite_accept."""

    kind: str
    share_id: str
    parent_share_id: str
    method: str
    content_type: str
    product_id: str
    cart_id: str


class VisitPart(msgspec.Struct, array_like=True, gc=False):
    """What starts or describes a visit; only kept where the event says any of it."""

    channel: str
    campaign_source: str
    campaign_medium: str
    campaign_name: str
    device_type: str
    page_url: str


class Entry(msgspec.Struct, array_like=True, gc=False):
    """One event of the journal, ordered by time, message id and device. `weight`: 0 quiet, 1 page view, 2 interaction."""

    at_ms: int
    message_id: str
    device_id: str
    weight: int
    visit: VisitPart | None
    cart: CartPart | None
    share: SharePart | None = None

    @property
    def order(self) -> tuple[int, str, str]:
        return (self.at_ms, self.message_id, self.device_id)


order_of = operator.attrgetter("order")


def entry_of(event: EventRow, device_id: str = "") -> Entry:
    """The journal entry of an event. Names that repeat are kept once: `device_id` is where the person's own device stands already."""
    name = event.event
    weight = _WEIGHT.get(name, 2)
    cart = _cart(event) if name in _CART_EVENTS else None
    share = _share(event) if name in _SHARE_KINDS else None
    if event.device_id != device_id:
        device_id = event.device_id
    return Entry(event.occurred_at_ms, event.message_id, device_id, weight, _visit(event), cart, share)


def _visit(event: EventRow) -> VisitPart | None:
    channel, name, device_type, page_url = event.channel, event.campaign_name, event.device_type, event.page_url
    source, medium = event.campaign_source, event.campaign_medium
    if page_url or device_type or channel or source or medium or name:
        return VisitPart(channel, source, medium, name, intern(device_type), page_url)
    return None


def _cart(event: EventRow) -> CartPart:
    value = "" if event.value is None else str(event.value)
    return CartPart(
        event.event, event.device_id or event.user_id, event.cart_id, event.items, event.cart_items, event.currency, event.order_id, value
    )


def _share(event: EventRow) -> SharePart:
    """A share that was given no id gets one that a replay finds again."""
    share_id = event.share_id or stable_id("share", event.write_key, event.message_id)
    product_id = event.items[0].product_id if event.items else ""
    kind = _SHARE_KINDS[event.event]
    return SharePart(kind, share_id, event.parent_share_id, event.method, event.content_type, product_id, event.cart_id)


def merged(ours: list[Entry], theirs: list[Entry]) -> list[Entry]:
    """Two journals as one. Mostly one of them ended before the other began."""
    if ours and theirs and theirs[-1].at_ms < ours[0].at_ms:
        return [*theirs, *ours]
    if ours and theirs and ours[-1].at_ms >= theirs[0].at_ms:
        return sorted([*ours, *theirs], key=order_of)
    return [*ours, *theirs]


def insert(journal: list[Entry], entry: Entry) -> int:
    """Put an entry in its place, and tell it."""
    if not journal or journal[-1].at_ms < entry.at_ms or journal[-1].order <= entry.order:
        place = len(journal)
    else:
        place = bisect_right(journal, entry.order, key=order_of)
    journal.insert(place, entry)
    return place
