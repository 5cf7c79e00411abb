"""The cart episode: opens with the first item, is abandoned when its idle time passes, ends ordered, emptied or expired."""

from decimal import Decimal

import msgspec

from schemas.items import KnownItem
from streams.logic.entry import CartPart, Entry
from streams.logic.ids import stable_id
from streams.logic.policy import Policy

_STEPS = {"begin_checkout": "checkout", "checkout_step": "checkout", "add_payment_info": "payment", "payment_failed": "payment"}
_MOST = 1_000_000  # of one item: as many as `schemas.items` allows, or the state could not be read back
_RANK = {"cart": 0, "checkout": 1, "payment": 2}


class Snapshot(msgspec.Struct, array_like=True, gc=False):
    """The cart as it was when it was abandoned; the first time is what a trigger tells."""

    at_ms: int
    step: str
    items: tuple[KnownItem, ...]
    currency: str


class Episode(msgspec.Struct, array_like=True, gc=False):
    """One cart from its first item to its end. `idle` is True once its idle time has passed since the last change."""

    episode_id: str
    cart_id: str
    opened_ms: int
    changed_ms: int
    step: str
    items: tuple[KnownItem, ...]
    currency: str
    idle: bool = False
    abandonments: int = 0
    abandoned: Snapshot | None = None
    status: str = "open"
    closed_ms: int | None = None
    order_id: str = ""
    revenue: str = ""
    recovered: bool = False

    def close(self, status: str, at_ms: int) -> None:
        self.status = status
        self.closed_ms = at_ms


class Carts(msgspec.Struct, array_like=True, gc=False):
    """A person's open episodes by cart id, and those that ended since the journal's start."""

    open: dict[str, Episode] = {}
    closed: list[Episode] = []


def value_of(items: tuple[KnownItem, ...]) -> Decimal:
    """Sum of price x quantity; an item without a price counts nothing."""
    return sum((item.price * item.quantity for item in items if item.price is not None), Decimal(0))


def advance(carts: Carts, now_ms: int, policy: Policy) -> bool:
    """Let time pass: what is due by `now_ms` happens at its own moment. True when something was."""
    if not carts.open:
        return False
    changed = False
    for cart_id, episode in list(carts.open.items()):
        due_ms = episode.changed_ms + policy.abandon_idle_ms
        if not episode.idle and due_ms <= now_ms:
            changed = episode.idle = True
            episode.abandonments += 1
            if episode.abandoned is None:
                episode.abandoned = Snapshot(due_ms, episode.step, episode.items, episode.currency)
        if episode.changed_ms + policy.cart_expiry_ms <= now_ms:
            changed = True
            episode.close("expired", episode.changed_ms + policy.cart_expiry_ms)
            carts.closed.append(carts.open.pop(cart_id))
    return changed


def step(carts: Carts, entry: Entry, policy: Policy) -> None:
    """Let time come to a cart event, and take it."""
    advance(carts, entry.at_ms, policy)
    apply(carts, entry, policy)


def forget(carts: Carts, until_ms: int) -> None:
    """Let go of carts that ended before."""
    carts.closed = [e for e in carts.closed if (e.closed_ms or 0) >= until_ms]


def next_wake_ms(carts: Carts, clock_ms: int, policy: Policy) -> int | None:
    """When time alone changes something next: the clock may also be behind what the person's own later events have told."""
    if not carts.open and not carts.closed:
        return None
    waits = [e.changed_ms + (policy.cart_expiry_ms if e.idle else policy.abandon_idle_ms) for e in carts.open.values()]
    waits += [e.abandoned.at_ms for e in [*carts.open.values(), *carts.closed] if e.abandoned and e.abandoned.at_ms > clock_ms]
    return min(waits, default=None)


def apply(carts: Carts, entry: Entry, policy: Policy) -> None:
    """Take one cart event, all earlier ones and the time until it having been taken."""
    part = entry.cart
    if part is None:
        return
    if part.event == "purchase":
        _order(carts, part, entry.at_ms, policy)
        return
    episode = carts.open.get(part.cart_id)
    if episode is None:
        _open(carts, part, entry)
        return
    episode.changed_ms = entry.at_ms
    episode.idle = False
    episode.currency = part.currency or episode.currency
    episode.items = _contents(episode.items, part)
    step = _STEPS.get(part.event, "cart")
    if _RANK[step] > _RANK[episode.step]:
        episode.step = step
    if not episode.items and part.event in ("remove_from_cart", "cart_update"):
        episode.close("emptied", entry.at_ms)
        carts.closed.append(carts.open.pop(part.cart_id))


def _open(carts: Carts, part: CartPart, entry: Entry) -> None:
    if part.event not in ("add_to_cart", "cart_update", "begin_checkout"):
        return
    items = part.cart_items if part.cart_items is not None else _added((), part.items)
    if not items:
        return
    episode_id = stable_id("episode", part.origin, part.cart_id, entry.at_ms, entry.message_id)
    step = _STEPS.get(part.event, "cart")
    carts.open[part.cart_id] = Episode(episode_id, part.cart_id, entry.at_ms, entry.at_ms, step, items, part.currency)


def _order(carts: Carts, part: CartPart, at_ms: int, policy: Policy) -> None:
    episode = carts.open.get(part.cart_id) if part.cart_id else _latest(carts)
    if episode is None:
        return
    episode.order_id, episode.revenue = part.order_id, part.value
    episode.recovered = episode.abandoned is not None and at_ms - episode.abandoned.at_ms <= policy.attribution_ms
    episode.close("ordered", at_ms)
    carts.closed.append(carts.open.pop(episode.cart_id))


def _latest(carts: Carts) -> Episode | None:
    return max(carts.open.values(), key=lambda e: (e.changed_ms, e.cart_id), default=None)


def _contents(items: tuple[KnownItem, ...], part: CartPart) -> tuple[KnownItem, ...]:
    if part.cart_items is not None:
        return part.cart_items
    if part.event == "add_to_cart":
        return _added(items, part.items)
    if part.event == "remove_from_cart":
        return _taken(items, part.items)
    return items


def _added(items: tuple[KnownItem, ...], more: tuple[KnownItem, ...]) -> tuple[KnownItem, ...]:
    """Quantities add up by product and variant; the latest price and name are kept."""
    found = {(item.product_id, item.variant): item for item in items}
    for item in more:
        key = (item.product_id, item.variant)
        before = found.get(key)
        found[key] = item if before is None else msgspec.structs.replace(item, quantity=min(before.quantity + item.quantity, _MOST))
    return tuple(found.values())


def _taken(items: tuple[KnownItem, ...], gone: tuple[KnownItem, ...]) -> tuple[KnownItem, ...]:
    found = {(item.product_id, item.variant): item for item in items}
    for item in gone:
        key = (item.product_id, item.variant)
        before = found.get(key)
        if before is not None and before.quantity > item.quantity:
            found[key] = msgspec.structs.replace(before, quantity=before.quantity - item.quantity)
        elif before is not None:
            del found[key]
    return tuple(found.values())


def merge(winner: Carts, loser: Carts) -> None:
    """Two persons are one: carts with the shop's same id become one (the earlier opening stays), others stand side by side."""
    winner.closed.extend(loser.closed)
    for cart_id, theirs in loser.open.items():
        ours = winner.open.get(cart_id)
        if ours is None:
            winner.open[cart_id] = theirs
            continue
        first, second = sorted((ours, theirs), key=lambda e: (e.opened_ms, e.episode_id))
        latest = max(ours, theirs, key=lambda e: (e.changed_ms, e.episode_id))
        first.changed_ms, first.items, first.currency, first.idle = latest.changed_ms, latest.items, latest.currency, latest.idle
        first.step = max(first.step, second.step, key=_RANK.__getitem__)
        first.abandonments += second.abandonments
        winner.open[cart_id] = first
        second.close("merged", second.changed_ms)
        winner.closed.append(second)
