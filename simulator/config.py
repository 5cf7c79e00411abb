"""Every rate of the simulation in one frozen table; the same config always gives the same requests."""

from __future__ import annotations

from dataclasses import dataclass

SECOND_MS = 1_000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS

Weights = tuple[tuple[str, float], ...]


@dataclass(frozen=True, kw_only=True)
class SimConfig:
    """Rates are shares of one (0 - 1); each says of what."""

    seed: int = 1
    shoppers: int = 1_000  # who come by themselves; their shares bring more
    days: int = 40
    start_ms: int = 1_767_225_600_000  # 2026-01-01T00:00:00Z
    slot_ms: int = 30 * MINUTE_MS  # the collector's clock moves in these steps
    arrivals_share: float = 0.65  # of the days, from the first: when shoppers come for the first time

    # who they are
    device_counts: tuple[float, ...] = (0.15, 0.35, 0.30, 0.15, 0.05)  # of people with 1, 2, ... devices: 2.6 on average
    mobile_purchases: float = 0.76  # of purchases
    account: float = 0.7  # of people have a user id
    shared_cart: float = 0.5  # of accounts: all signed-in devices see one cart
    second_account: float = 0.10  # of accounts: a second user id, later joined by alias
    family_device: float = 0.06  # of people with several devices and an account: one goes to another person of the family
    own_cart: float = 0.2  # of people with one device: the shop gives no cart id
    cart_less_order: float = 0.1  # of orders of people with one device: the order names no cart
    first_channels: Weights = (("search", 0.45), ("social", 0.30), ("offline", 0.15), ("direct", 0.10))
    later_channels: Weights = (("direct", 0.45), ("search", 0.2), ("email", 0.2), ("ads", 0.1), ("referral", 0.05))

    # what they do
    intents: Weights = (("browse", 0.30), ("buy", 0.30), ("cart_then_buy", 0.20), ("leave", 0.17), ("empty", 0.03))
    lost_steps: Weights = (("cart", 0.5), ("checkout", 0.3), ("payment", 0.2))
    page_views_before_order: tuple[int, int] = (4, 6)
    hesitation_ms: tuple[int, int] = (DAY_MS, 3 * DAY_MS)
    cart_lines: tuple[float, ...] = (0.12, 0.23, 0.30, 0.23, 0.12)  # of carts with 1, 2, ... products: 3 on average
    again_day_7: float = 0.25  # of orders are followed by another visit in a burst at day 7
    again_day_30: float = 0.20
    late_return: float = 0.1  # of carts left and bought later: bought too late to count as recovered
    share: float = 0.25  # of orders
    friends: Weights = (("0", 0.4), ("1", 0.4), ("2", 0.2))  # brought by one share
    whole_cart: float = 0.35  # of devices send the whole cart with every change
    cart_update: float = 0.15  # of devices send cart_update
    segment_names: float = 0.15  # of devices speak Segment's names with flat product fields

    # what comes after an order, by random streams of its own: 0 for all leaves a simulation as it is
    repeated: float = 0.0  # of orders: the thank-you page is loaded twice
    refunded_partly: float = 0.0  # of orders: one line is paid back
    refunded: float = 0.0  # of orders: all is paid back (after a part of it: the rest)
    cancelled: float = 0.0  # of orders

    # what comes on top, by draws of its own: the rest stays as it is
    experiment: Weights = ()  # variants of the experiment `banner`, each with the share of its visits that click the banner
    other_variant: float = 0.05  # of devices show another variant than their person's
    crawlers: float = 0.0  # robots that come, for each shopper who comes by himself; at most 1
    group_opens: float = 0.0  # of visits open a group purchase
    group_joins: float = 0.6  # of visits join one, where one is open
    group_sizes: Weights = (("2", 0.5), ("3", 0.3), ("0", 0.2))  # persons that complete it; 0: the shop does not say

    # what goes wrong
    duplicated: float = 0.02  # of events are sent again
    delayed: float = 0.03  # of events arrive minutes or hours late
    very_late: float = 0.002  # of events arrive after more than 7 days
    skewed: float = 0.08  # of devices have a wrong clock
    malformed: float = 0.01  # of events are followed by a broken one

    @property
    def end_ms(self) -> int:
        """No event happens or arrives after this."""
        return self.start_ms + self.days * DAY_MS

    @property
    def prefix(self) -> str:
        """Begins every id, so that two seeds never share one."""
        return f"s{self.seed}"
