"""A line of the `events` topic: one validated event as the collector writes it, before it has a person.

Times are integer epoch milliseconds UTC; 0 means that the client gave none. At least one of `device_id` and `user_id` is set.
"""

from decimal import Decimal
from typing import Any

import msgspec

from schemas.items import Item


class Context(msgspec.Struct, omit_defaults=True, kw_only=True, gc=False):
    """Where and how the event happened, as the client says; empty text means unknown."""

    page_url: str = ""
    page_path: str = ""
    page_title: str = ""
    referrer: str = ""
    campaign_source: str = ""
    campaign_medium: str = ""
    campaign_name: str = ""
    locale: str = ""
    timezone: str = ""
    country: str = ""


class Commerce(Context, omit_defaults=True, kw_only=True):
    """The typed properties, flattened into columns."""

    items: tuple[Item, ...] = ()
    cart_items: tuple[Item, ...] | None = None
    cart_id: str = ""
    order_id: str = ""
    value: Decimal | None = None
    currency: str = ""
    coupon: str = ""
    payment_method: str = ""
    checkout_step: int = 0
    search_term: str = ""
    list_id: str = ""
    share_id: str = ""
    parent_share_id: str = ""
    method: str = ""
    content_type: str = ""
    group_buy_id: str = ""
    group_size: int = 0
    experiment_id: str = ""
    variant: str = ""
    rating: float | None = None
    target: str = ""
    props: dict[str, Any] = {}


class Collected(Commerce, omit_defaults=True, kw_only=True):
    """One event as it was taken in. `message_id` is unique for a write key; `event` is canonical, `event_raw` the client's own name.

    What the collector adds stands at the end of the line, from `received_at_ms` on: a client that sends an event again may change
    only that, so the part before it tells whether two events are the same (`streams.logic.dedup`).
    """

    event: str
    message_id: str
    write_key: str
    event_raw: str = ""
    device_id: str = ""
    user_id: str = ""
    previous_id: str = ""  # alias only: the id that `user_id` replaces
    client_at_ms: int = 0
    received_at_ms: int
    sent_at_ms: int = 0
    source: str = "web"  # web, app, server, store
    channel: str = ""  # search, social, email, ads, referral, offline, direct; empty when the event starts no visit
    device_type: str = ""  # mobile, desktop, tablet, store, bot
    user_agent: str = ""
    browser: str = ""
    os: str = ""
    bot: str = ""  # what a bot was known by
    ip: str = ""  # the network only: /24 or /48
    ip_country: str = ""  # by the address; the row's country where the client names none
    region: str = ""
    city: str = ""


def partition_key(event: Collected) -> str:
    """The text whose hash is the event's partition: the device, else the user."""
    return event.device_id or event.user_id
