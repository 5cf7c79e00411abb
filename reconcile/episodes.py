"""Cart episodes from events in the order of time: docs/contracts.md, section Carts. Shares nothing with the stream.

SQL does not do this: an order without a cart id ends whichever cart changed last, so all carts of a person hang together, and contents
are sums that later whole carts replace. Here one pass over the sorted rows does, with one person in memory at a time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

CHANGING = ("add_to_cart", "remove_from_cart", "cart_update", "begin_checkout", "checkout_step", "add_payment_info", "payment_failed")
OPENING = ("add_to_cart", "cart_update", "begin_checkout")
STEPS = ("cart", "checkout", "payment")
STEP_OF = {"begin_checkout": 1, "checkout_step": 1, "add_payment_info": 2, "payment_failed": 2}
MOST_OF_ONE = 1_000_000
Line = tuple[str, str, Decimal | None, int]  # product, variant, price of one unit, quantity


class CartEvent(NamedTuple):
    """One event about a cart. `whole`: what is in it now; None where the client did not say."""

    person_id: str
    at_ms: int
    event: str
    cart_id: str
    items: list[Line]
    whole: list[Line] | None
    currency: str
    order_id: str
    value: Decimal | None


class Cart(NamedTuple):
    """An episode as its row has it; times in epoch ms, 0 for never."""

    person_id: str
    opened_ms: int
    cart_id: str
    status: str
    changed_ms: int
    closed_ms: int
    step: str
    value: Decimal
    currency: str
    abandonments: int
    abandoned_ms: int
    abandoned_step: str
    abandoned_value: Decimal
    abandoned_currency: str
    order_id: str
    revenue: Decimal | None
    recovered: bool


@dataclass(frozen=True)
class CartRules:
    """Times in milliseconds."""

    idle_ms: int
    expiry_ms: int
    attribution_ms: int


@dataclass(slots=True)
class _Open:
    cart_id: str
    opened_ms: int
    changed_ms: int
    step: int
    lines: list[Line]
    currency: str
    abandonments: int = 0
    left: tuple[int, int, list[Line], str] | None = None  # when it was first abandoned: time, step, contents, currency
    order: tuple[str, Decimal | None] = ("", None)
    recovered: bool = field(default=False)


def episodes(events: Iterable[CartEvent], rules: CartRules, now_ms: int) -> Iterator[Cart]:
    """All episodes of everyone, as they stand at `now_ms`. `events` come person by person, in the order of time, ties by message id."""
    for person_id, own in groupby(events, key=itemgetter(0)):
        yield from _Person(person_id, rules).play(own, now_ms)


class _Person:
    def __init__(self, person_id: str, rules: CartRules) -> None:
        self._id, self._rules = person_id, rules
        self._open: dict[str, _Open] = {}
        self._done: list[Cart] = []

    def play(self, events: Iterable[CartEvent], now_ms: int) -> list[Cart]:
        for event in events:
            now_ms = max(now_ms, event.at_ms)
            if event.event == "purchase":
                self._order(event)
            else:
                self._change(event)
        for cart in list(self._open.values()):
            if self._wait(cart, now_ms):
                self._end(cart, "open", 0)
        return self._done

    def _wait(self, cart: _Open, until_ms: int) -> bool:
        """What the time since its last change does to a cart; whether it is still open."""
        waited_ms, rules = until_ms - cart.changed_ms, self._rules
        if waited_ms >= rules.idle_ms:
            cart.abandonments += 1
            if cart.left is None:
                cart.left = (cart.changed_ms + rules.idle_ms, cart.step, list(cart.lines), cart.currency)
        if waited_ms >= rules.expiry_ms:
            self._end(cart, "expired", cart.changed_ms + rules.expiry_ms)
            return False
        return True

    def _change(self, event: CartEvent) -> None:
        cart = self._open.get(event.cart_id)
        if cart is None or not self._wait(cart, event.at_ms):
            self._begin(event)
            return
        cart.changed_ms = event.at_ms
        cart.currency = event.currency or cart.currency
        cart.step = max(cart.step, STEP_OF.get(event.event, 0))
        cart.lines = _contents(cart.lines, event)
        if not cart.lines and event.event in ("remove_from_cart", "cart_update"):
            self._end(cart, "emptied", event.at_ms)

    def _begin(self, event: CartEvent) -> None:
        lines = _summed([], event.items) if event.whole is None else event.whole
        if lines and event.event in OPENING:
            step = STEP_OF.get(event.event, 0)
            self._open[event.cart_id] = _Open(event.cart_id, event.at_ms, event.at_ms, step, lines, event.currency)

    def _order(self, event: CartEvent) -> None:
        """It ends the cart that it names, else the one that changed last."""
        fitting = [cart for cart in self._open.values() if event.cart_id in ("", cart.cart_id)]
        fitting = [cart for cart in fitting if event.at_ms - cart.changed_ms < self._rules.expiry_ms]
        if not fitting:
            return
        cart = max(fitting, key=lambda each: (each.changed_ms, each.cart_id))
        self._wait(cart, event.at_ms)
        cart.order = (event.order_id, event.value)
        cart.recovered = cart.left is not None and event.at_ms - cart.left[0] <= self._rules.attribution_ms
        self._end(cart, "ordered", event.at_ms)

    def _end(self, cart: _Open, status: str, closed_ms: int) -> None:
        left_ms, left_step, left_lines, left_currency = cart.left or (0, 0, [], "")
        self._open.pop(cart.cart_id)
        self._done.append(
            Cart(
                person_id=self._id,
                opened_ms=cart.opened_ms,
                cart_id=cart.cart_id,
                status=status,
                changed_ms=cart.changed_ms,
                closed_ms=closed_ms,
                step=STEPS[cart.step],
                value=_value(cart.lines),
                currency=cart.currency,
                abandonments=cart.abandonments,
                abandoned_ms=left_ms,
                abandoned_step=STEPS[left_step] if cart.left else "",
                abandoned_value=_value(left_lines),
                abandoned_currency=left_currency,
                order_id=cart.order[0],
                revenue=cart.order[1],
                recovered=cart.recovered,
            )
        )


def _contents(lines: list[Line], event: CartEvent) -> list[Line]:
    if event.whole is not None:
        return event.whole
    if event.event == "add_to_cart":
        return _summed(lines, event.items)
    if event.event == "remove_from_cart":
        return _less(lines, event.items)
    return lines


def _summed(lines: list[Line], more: list[Line]) -> list[Line]:
    """Quantities of one product and variant add up, at the price that was said last."""
    found = {line[:2]: line for line in lines}
    for product_id, variant, price, quantity in more:
        known = found.get((product_id, variant))
        if known is not None:
            quantity = min(known[3] + quantity, MOST_OF_ONE)
        found[product_id, variant] = (product_id, variant, price, quantity)
    return list(found.values())


def _less(lines: list[Line], gone: list[Line]) -> list[Line]:
    found = {line[:2]: line for line in lines}
    for product_id, variant, _, quantity in gone:
        known = found.pop((product_id, variant), None)
        if known is not None and known[3] > quantity:
            found[product_id, variant] = (*known[:3], known[3] - quantity)
    return list(found.values())


def _value(lines: list[Line]) -> Decimal:
    return sum((price * quantity for _, _, price, quantity in lines if price is not None), Decimal(0))
