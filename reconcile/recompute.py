"""What SQL alone does not give: rows made of answers by a fold in this process, a person or a device at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import blake2b

from reconcile.episodes import Cart, CartEvent, CartRules, episodes
from reconcile.measures import Row

UNNAMED = "unnamed:"


def carts(rows: Iterable[Row], rules: CartRules, now_ms: int) -> Iterator[Row]:
    """Cart events to episodes, as the table has them."""
    for cart in _episodes(rows, rules, now_ms):
        row = cart._asdict()
        del row["abandoned_currency"]  # the table does not keep it
        yield tuple(row.values())


def triggers(rows: Iterable[Row], rules: CartRules, now_ms: int) -> Iterator[Row]:
    """Cart events to what fires: the first abandonment of each episode, once the clock has come to it."""
    for cart in _episodes(rows, rules, now_ms):
        if 0 < cart.abandoned_ms <= now_ms:
            left = (cart.abandoned_step, cart.abandoned_value, cart.abandoned_currency)
            yield (cart.person_id, cart.abandoned_ms, cart.cart_id, *left)


def shares(rows: Iterable[Row], _: CartRules, __: int) -> Iterator[Row]:
    """Shares without an id get the one that the contract gives them."""
    for who, at_ms, kind, message_id, share_id, parent_id, *rest in rows:
        yield (who, at_ms, kind, message_id, _named(share_id), _named(parent_id), *rest)


def identities(sign_ins: Iterable[tuple[str, str]], aliases: Iterable[tuple[str, bool, str, bool]]) -> Iterator[Row]:
    """(id, 0, person) of every id that was given up.

    `sign_ins`: a device and its first user; `aliases`: two users, and whether each is asked for.
    """
    group: dict[str, set[str]] = {}
    asked: set[str] = set()
    for user, is_asked, other, other_is_asked in aliases:
        joined = group.get(user, {user}) | group.get(other, {other})
        group.update(dict.fromkeys(joined, joined))
        asked |= ({user} if is_asked else set()) | ({other} if other_is_asked else set())
    for user in asked:
        if user != min(group[user]):
            yield (f"u:{user}", 0, f"u:{min(group[user])}")
    for device, user in sign_ins:
        yield (f"d:{device}", 0, f"u:{min(group.get(user, {user}))}")


def _episodes(rows: Iterable[Row], rules: CartRules, now_ms: int) -> Iterator[Cart]:
    return episodes(map(_cart_event, rows), rules, now_ms)


def _cart_event(row: Row) -> CartEvent:
    person_id, at_ms, event, cart_id, items, whole, is_whole, currency, order_id, value = row
    return CartEvent(person_id, at_ms, event, cart_id, items, whole if is_whole else None, currency, order_id, value)


def _named(share_id: str) -> str:
    if not share_id.startswith(UNNAMED):
        return share_id
    write_key, _, message_id = share_id.removeprefix(UNNAMED).partition(":")
    return blake2b(f"share\x1f{write_key}\x1f{message_id}".encode(), digest_size=16).hexdigest()
