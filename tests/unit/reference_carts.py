"""A person's cart episodes from all of the events at once: the contract's section Carts, an episode being the list of its events."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

from schemas.items import Item
from streams.logic.policy import Policy
from tests.unit.reference_events import Fact

OPENING = {"add_to_cart", "cart_update", "begin_checkout"}
EMPTYING = {"remove_from_cart", "cart_update"}
STEPS = {"begin_checkout": "checkout", "checkout_step": "checkout", "add_payment_info": "payment", "payment_failed": "payment"}
CHANGING = OPENING | EMPTYING | set(STEPS)
RANKED = ("cart", "checkout", "payment")
Contents = tuple[tuple[str, str, Decimal | None, int], ...]  # product, variant, price, quantity; sorted


class Cart(NamedTuple):
    """A cart episode as its row has it; times in epoch ms."""

    cart_id: str
    status: str
    opened_ms: int
    changed_ms: int
    closed_ms: int | None
    step: str
    items: Contents
    value: Decimal
    currency: str
    abandonments: int
    abandoned_ms: int | None
    abandoned_step: str
    abandoned_items: Contents
    abandoned_value: Decimal
    abandoned_currency: str
    order_id: str
    revenue: Decimal | None
    recovered: bool


class Episode:
    """The changes of one cart from its first item on, and how it ended (`end` and `order`, None while it is open)."""

    def __init__(self, first: Fact) -> None:
        self.cart_id = first.event.cart_id
        self.changes = [first]
        self.status = "open"
        self.end_ms: int | None = None
        self.order: Fact | None = None

    def finish(self, status: str, at_ms: int) -> None:
        self.status, self.end_ms = status, at_ms


def carts_of(facts: list[Fact], policy: Policy, now_ms: int) -> list[Cart]:
    """All episodes of one person, as they stand at `now_ms`."""
    return [_cart(episode, policy, now_ms) for episode in _episodes(facts, policy, now_ms)]


def _episodes(facts: list[Fact], policy: Policy, now_ms: int) -> list[Episode]:
    episodes: list[Episode] = []
    for fact in facts:
        _expire(episodes, fact.at_ms, policy)
        running = [episode for episode in episodes if episode.status == "open"]
        if fact.event.event == "purchase":
            _order(running, fact)
        elif fact.event.event in CHANGING:
            same = [episode for episode in running if episode.cart_id == fact.event.cart_id]
            episodes += _change(same, fact)
    _expire(episodes, now_ms, policy)
    return episodes


def _expire(episodes: list[Episode], now_ms: int, policy: Policy) -> None:
    for episode in episodes:
        expiry_ms = episode.changes[-1].at_ms + policy.cart_expiry_ms
        if episode.status == "open" and expiry_ms <= now_ms:
            episode.finish("expired", expiry_ms)


def _order(running: list[Episode], fact: Fact) -> None:
    """It ends the cart that it names, else the one that changed last (at one time: the greater cart id)."""
    fitting = [episode for episode in running if fact.event.cart_id in ("", episode.cart_id)]
    if fitting:
        ordered = max(fitting, key=lambda episode: (episode.changes[-1].at_ms, episode.cart_id))
        ordered.order = fact
        ordered.finish("ordered", fact.at_ms)


def _change(same: list[Episode], fact: Fact) -> list[Episode]:
    """Add to the open episode of this cart id, or give the one that it opens."""
    if not same:
        return [Episode(fact)] if fact.event.event in OPENING and contents_of([fact]) else []
    (episode,) = same
    episode.changes.append(fact)
    if fact.event.event in EMPTYING and not contents_of(episode.changes):
        episode.finish("emptied", fact.at_ms)
    return []


def contents_of(changes: list[Fact]) -> Contents:
    """What is in the cart after these changes; a whole cart (`cart_items`) says it at once."""
    found: dict[tuple[str, str], tuple[Decimal | None, int]] = {}
    for number, (_, _, _, event) in enumerate(changes):
        if event.cart_items is not None:
            found = {}
        added = event.cart_items if event.cart_items is not None else event.items
        if event.cart_items is not None or event.event == "add_to_cart" or number == 0:
            for item in added:
                found[_name(item)] = (item.price, item.quantity + found.get(_name(item), (None, 0))[1])
        elif event.event == "remove_from_cart":
            for item in event.items:
                price, quantity = found.pop(_name(item), (None, 0))
                if quantity > item.quantity:
                    found[_name(item)] = (price, quantity - item.quantity)
    return tuple(sorted((*name, *rest) for name, rest in found.items()))


def _name(item: Item) -> tuple[str, str]:
    return (item.product_id, item.variant)


def value_of(items: Contents) -> Decimal:
    return sum((price * quantity for _, _, price, quantity in items if price is not None), Decimal(0))


def _cart(episode: Episode, policy: Policy, now_ms: int) -> Cart:
    changes, order = episode.changes, episode.order
    times_ms = [change.at_ms for change in changes] + [now_ms if episode.end_ms is None else episode.end_ms]
    idle = [number for number, (at_ms, next_ms) in enumerate(pairwise(times_ms)) if next_ms - at_ms >= policy.abandon_idle_ms]
    before = changes[: idle[0] + 1] if idle else []  # the changes until it was abandoned
    abandoned_ms = before[-1].at_ms + policy.abandon_idle_ms if before else None
    items, left = contents_of(changes), contents_of(before)
    return Cart(
        cart_id=episode.cart_id,
        status=episode.status,
        opened_ms=changes[0].at_ms,
        changed_ms=changes[-1].at_ms,
        closed_ms=episode.end_ms,
        step=_step(changes),
        items=items,
        value=value_of(items),
        currency=_currency(changes),
        abandonments=len(idle),
        abandoned_ms=abandoned_ms,
        abandoned_step=_step(before) if before else "",
        abandoned_items=left,
        abandoned_value=value_of(left),
        abandoned_currency=_currency(before),
        order_id=order.event.order_id if order else "",
        revenue=order.event.value if order else None,
        recovered=order is not None and abandoned_ms is not None and order.at_ms - abandoned_ms <= policy.attribution_ms,
    )


def _step(changes: list[Fact]) -> str:
    return max((STEPS.get(change.event.event, "cart") for change in changes), key=RANKED.index)


def _currency(changes: list[Fact]) -> str:
    return next((change.event.currency for change in reversed(changes) if change.event.currency), "")
