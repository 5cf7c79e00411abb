"""Lines of the result topics: each is one row of the table of the topic's name, in its columns.

A field `x_at_ms` (integer epoch milliseconds UTC) fills the column `x_at`. Rows that change carry a `version`: the
highest one of a key is valid, and `is_deleted` = 1 takes the key away (a later event proved that it never was).
"""

from decimal import Decimal

import msgspec

from schemas.collected import Commerce
from schemas.items import KnownItem


class EventRow(Commerce, omit_defaults=True, kw_only=True):
    """A clean event with its person. Also what the journey agent reads."""

    lane: str
    event: str
    message_id: str
    write_key: str
    person_id: str
    occurred_at_ms: int
    received_at_ms: int
    event_raw: str = ""
    device_id: str = ""
    user_id: str = ""
    previous_id: str = ""
    client_at_ms: int = 0
    sent_at_ms: int = 0  # by the client's clock; 0 when it gave none
    source: str = "web"
    channel: str = ""
    device_type: str = ""
    user_agent: str = ""
    browser: str = ""
    os: str = ""
    bot: str = ""  # what a bot was known by; then `device_type` is bot
    ip: str = ""  # the network only: /24 or /48
    region: str = ""
    city: str = ""
    skew_ms: int = 0  # what was added to the client's clock
    late: bool = False  # more than the lateness limit behind its arrival: stored, moves no window
    replayed: bool = False
    id_reused: bool = False  # another event had this message id before; `message_id` ends in ~ and 8 digits of its own then
    cart_emptied: bool = False  # `cart_items` was given and is empty: a table has no other way to tell


class IdentityRow(msgspec.Struct, omit_defaults=True, kw_only=True):
    """The person that a merged person id belongs to now.

    An id that belongs to itself is a person of its own: `reason` is `refused by <person>` (which has too many devices), `full` (that
    person), or `unlinked by <operator>`.
    """

    lane: str
    id: str
    person_id: str
    version: int
    merged_at_ms: int
    reason: str = ""


class SessionRow(msgspec.Struct, omit_defaults=True, kw_only=True):
    """A visit of one device: ends after the idle time, after 24 h, or when a new campaign arrives."""

    lane: str
    session_id: str
    person_id: str
    device_id: str
    started_at_ms: int
    ended_at_ms: int
    version: int
    events: int = 0
    page_views: int = 0
    interactions: int = 0
    bounce: bool = False
    channel: str = ""
    campaign_source: str = ""
    campaign_medium: str = ""
    campaign_name: str = ""
    device_type: str = ""
    entry_url: str = ""
    is_deleted: int = 0


class CartRow(msgspec.Struct, omit_defaults=True, kw_only=True):
    """A cart episode. `status`: open, ordered, emptied, merged, expired. Abandoned when `abandoned_at` is set."""

    lane: str
    episode_id: str
    person_id: str
    cart_id: str
    status: str
    opened_at_ms: int
    changed_at_ms: int
    version: int
    step: str = "cart"  # cart, checkout, payment: the furthest reached
    items: tuple[KnownItem, ...] = ()
    value: Decimal = Decimal(0)
    currency: str = ""
    abandoned_at_ms: int | None = None
    abandoned_step: str = ""
    abandoned_value: Decimal = Decimal(0)
    abandonments: int = 0
    closed_at_ms: int | None = None
    order_id: str = ""
    revenue: Decimal | None = None
    recovered: bool = False
    is_deleted: int = 0


class FunnelRow(msgspec.Struct, omit_defaults=True, kw_only=True):
    """The furthest level of a funnel that a person reached within its window, and where the person first came from."""

    lane: str
    funnel: str
    person_id: str
    level: int
    version: int
    channel: str = ""
    device_type: str = ""
    campaign_name: str = ""
    first_seen_at_ms: int = 0
    is_deleted: int = 0


class SegmentRow(msgspec.Struct, omit_defaults=True, kw_only=True):
    """A person's stay in a segment; `left_at` is empty while it lasts."""

    lane: str
    person_id: str
    segment: str
    value: str
    entered_at_ms: int
    version: int
    left_at_ms: int | None = None
    is_deleted: int = 0


class TriggerRow(msgspec.Struct, omit_defaults=True, kw_only=True):
    """A rule that came true for one person and one episode.

    `status` is `fired`, or `void` when an event that arrived late showed that it should not have been. Sent when
    `decision` is `send` and `version` is 1; otherwise `reason` says why not.
    """

    lane: str
    trigger_id: str
    rule: str
    person_id: str
    episode_id: str
    step: int
    status: str
    decision: str  # send, suppress
    fired_at_ms: int  # the event time at which the rule came true
    version: int
    reason: str = ""  # a `schemas.reasons.SuppressReason`
    user_id: str = ""
    device_id: str = ""
    cart_id: str = ""
    cart_step: str = ""
    items: tuple[KnownItem, ...] = ()
    value: Decimal = Decimal(0)
    currency: str = ""
    replayed: bool = False


class ShareRow(msgspec.Struct, omit_defaults=True, kw_only=True):
    """A share, its opening, or an order that came through it. `kind`: share, open, invite_accept, order; one row a kind and message."""

    lane: str
    share_id: str
    kind: str
    person_id: str
    occurred_at_ms: int
    message_id: str
    version: int
    parent_share_id: str = ""
    method: str = ""
    content_type: str = ""
    product_id: str = ""
    cart_id: str = ""
    order_id: str = ""
    value: Decimal | None = None
    currency: str = ""
    is_deleted: int = 0


class RejectedRow(msgspec.Struct, omit_defaults=True, kw_only=True):
    """An event that was not taken, with its bytes and the reason. `raw` is text where the bytes are UTF-8, else base64 (`encoding`)."""

    lane: str
    received_at_ms: int
    stage: str  # collector, replay, identify, journey, sink
    code: str  # a `schemas.reasons.RejectReason`
    message: str
    raw: str
    encoding: str = "utf-8"
    field: str = ""
    write_key: str = ""
    message_id: str = ""


class DeliveryRow(msgspec.Struct, omit_defaults=True, kw_only=True):
    """One attempt to deliver a trigger to a webhook. `outcome`: delivered, retry, dead."""

    lane: str
    trigger_id: str
    attempt: int
    attempted_at_ms: int
    outcome: str
    url: str
    status_code: int = 0
    error: str = ""
    duration_ms: int = 0


class ClockRow(msgspec.Struct, omit_defaults=True, kw_only=True):
    """How far a partition of the lane has come: every event that was received before `now_at` is in the results."""

    lane: str
    partition: int
    now_at_ms: int
    version: int
