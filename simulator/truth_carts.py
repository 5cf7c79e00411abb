"""A person's carts from their events in order of time: the rules of docs/contracts.md, section Carts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol

from simulator.happening import Happening, Line, Lines

OPENING = {"add_to_cart", "cart_update", "begin_checkout"}
STEPS = {"begin_checkout": "checkout", "checkout_step": "checkout", "add_payment_info": "payment", "payment_failed": "payment"}
RANKED = ("cart", "checkout", "payment")
CHANGING = {"add_to_cart", "remove_from_cart", "cart_update", "begin_checkout", "checkout_step", "add_payment_info", "payment_failed"}


class CartRules(Protocol):
    """The times that matter to a cart."""

    @property
    def idle_ms(self) -> int: ...
    @property
    def attribution_ms(self) -> int: ...
    @property
    def expiry_ms(self) -> int: ...


@dataclass
class Cart:
    """One episode. `status`: open, ordered, emptied, expired; `step`: the furthest; `ordered_ms`, `revenue` of its order."""

    cart_id: str
    changed_ms: int
    currency: str
    lines: dict[str, Line] = field(default_factory=dict)
    status: str = "open"
    abandoned_at_ms: int | None = None
    abandoned_value: Decimal = Decimal(0)
    recovered: bool = False
    opened_ms: int = 0
    step: str = "cart"
    abandoned_step: str = ""
    ordered_ms: int | None = None
    revenue: Decimal = Decimal(0)


def carts_of(events: Iterable[Happening], rules: CartRules, final_ms: int) -> list[Cart]:
    """All episodes of one person, as they stand at `final_ms`."""
    carts: list[Cart] = []
    for event in events:
        if event.event in CHANGING or event.event == "purchase":
            _pass_time(carts, event.at_ms, rules)
            _order(carts, event, rules) if event.event == "purchase" else _change(carts, event)
    _pass_time(carts, final_ms, rules)
    return carts


def _pass_time(carts: Iterable[Cart], now_ms: int, rules: CartRules) -> None:
    for cart in carts:
        if cart.status != "open":
            continue
        if cart.abandoned_at_ms is None and cart.changed_ms + rules.idle_ms <= now_ms:
            cart.abandoned_at_ms = cart.changed_ms + rules.idle_ms
            cart.abandoned_step = cart.step
            cart.abandoned_value = sum((line.amount for line in cart.lines.values()), Decimal(0))
        if cart.changed_ms + rules.expiry_ms <= now_ms:
            cart.status = "expired"


def _order(carts: Iterable[Cart], event: Happening, rules: CartRules) -> None:
    fitting = [cart for cart in carts if cart.status == "open" and event.cart_id in ("", cart.cart_id)]
    if not fitting:
        return
    cart = max(fitting, key=lambda cart: cart.changed_ms)
    cart.status = "ordered"
    cart.ordered_ms, cart.revenue = event.at_ms, event.value or Decimal(0)
    cart.recovered = cart.abandoned_at_ms is not None and event.at_ms - cart.abandoned_at_ms <= rules.attribution_ms


def _change(carts: list[Cart], event: Happening) -> None:
    cart = next((cart for cart in carts if cart.status == "open" and cart.cart_id == event.cart_id), None)
    if cart is None:
        _open(carts, event)
        return
    cart.changed_ms = event.at_ms
    cart.step = max(cart.step, STEPS.get(event.event, "cart"), key=RANKED.index)
    cart.currency = event.currency or cart.currency
    if event.cart_items is not None:
        cart.lines = _contents((), event.cart_items)
    elif event.event == "add_to_cart":
        cart.lines = _contents(cart.lines.values(), event.items)
    elif event.event == "remove_from_cart":
        cart.lines = _without(cart.lines, event.items)
    if not cart.lines and event.event in ("remove_from_cart", "cart_update"):
        cart.status = "emptied"


def _open(carts: list[Cart], event: Happening) -> None:
    lines = _contents((), event.items if event.cart_items is None else event.cart_items)
    if event.event in OPENING and lines:
        step = STEPS.get(event.event, "cart")
        carts.append(Cart(event.cart_id, event.at_ms, event.currency, lines, opened_ms=event.at_ms, step=step))


def _contents(before: Iterable[Line], added: Lines) -> dict[str, Line]:
    lines = {line.product_id: line for line in before}
    for line in added:
        known = lines.get(line.product_id)
        lines[line.product_id] = line._replace(quantity=line.quantity + (known.quantity if known else 0))
    return lines


def _without(lines: dict[str, Line], gone: Lines) -> dict[str, Line]:
    left = dict(lines)
    for line in gone:
        known = left.pop(line.product_id, None)
        if known is not None and known.quantity > line.quantity:
            left[line.product_id] = known._replace(quantity=known.quantity - line.quantity)
    return left
