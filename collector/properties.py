"""An event's properties: renamed, validated by the catalogue, and what it does not know kept as `props`."""

from collections.abc import Collection
from decimal import Decimal
from typing import Any

import msgspec

from collector.fields import EVENT_FIELDS, EXPERIMENT_FIELDS, FLAT_ITEM_FIELDS, ITEM_FIELDS, OWN_FIELDS, split
from collector.rejection import Rejection, from_validation
from schemas.collected import Collected
from schemas.events import CATALOGUE
from schemas.items import Item
from schemas.properties import Properties

# The properties of these are the shop's own: what does not fit the catalogue stays in `props` and is no reason to refuse.
_OWN = frozenset({"page_view", "screen_view", "custom"})
_TRAITS = frozenset({"identify", "group", "alias"})
# What these are worth is what their items cost, where the client does not say.
_PRICED = frozenset({"view_cart", "begin_checkout", "checkout_step", "add_payment_info", "payment_failed", "purchase"})
_NOTHING = Properties()
_PLACES = 4  # the warehouse's Decimal(18, 4)
_SMALLEST = Decimal("0.0001")
# Copied as they are: all that the line has a column for, but the lists and the amount.
_SAME = set(Properties.__struct_fields__) & set(Collected.__struct_fields__) - {"items", "cart_items", "value"}


class Read(msgspec.Struct):
    """What was found: the catalogue's fields, which of them were given, and the rest by the client's names."""

    typed: Properties
    given: Collection[str]
    props: dict[str, Any]


def read(event: str, given: dict[str, Any]) -> Read | Rejection:
    """The properties of one event, or why it cannot be taken."""
    if event in _TRAITS:
        return Read(_NOTHING, (), given)
    if event in _OWN:
        own = _convert(event, *split(given, OWN_FIELDS)) if given else Read(_NOTHING, (), given)
        return Read(_NOTHING, (), given) if isinstance(own, Rejection) else own
    if event == "experiment_view":
        return _convert(event, *split(_with_ids(given), EXPERIMENT_FIELDS))
    return _convert(event, *_with_flat_item(event, *split(given, EVENT_FIELDS)))


def _with_ids(given: dict[str, Any]) -> dict[str, Any]:
    """GA4's `experience_impression` names experiment and variant in one text: `TOOL-EXPERIMENT-VARIANT`."""
    both = given.get("exp_variant_string")
    if not isinstance(both, str) or given.get("experiment_id"):
        return given
    experiment_id, _, variant = both.rpartition("-")
    return {**given, "experiment_id": experiment_id, "variant": variant}


def _with_flat_item(event: str, known: dict[str, Any], rest: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Segment writes an event about one product without a list: that is a list of one."""
    if event == "cart_update" and "cart_items" not in known and "items" in known:
        known["cart_items"] = known.pop("items")
    if "items" in known or not rest:
        return known, rest
    item, others = split(rest, FLAT_ITEM_FIELDS)
    if "product_id" not in item:
        return known, rest
    known["items"] = [item]
    return known, others


def _convert(event: str, known: dict[str, Any], rest: dict[str, Any]) -> Read | Rejection:
    for name in ("items", "cart_items"):
        if name in known:
            known[name] = _items(known[name])
    currency = known.get("currency")
    if isinstance(currency, str):
        known["currency"] = currency.strip().upper()
    try:
        typed = msgspec.convert(known, CATALOGUE[event].properties, strict=False)
    except msgspec.ValidationError as error:
        return from_validation(error)
    if typed.purposes is not None:
        rest["purposes"] = typed.purposes  # the line has no column for them
    return Read(typed, known, rest)


def _items(given: Any) -> Any:
    """Each item by the catalogue's names; what is no list of objects is left for the validation to name."""
    if not isinstance(given, list):
        return given
    return [split(item, ITEM_FIELDS)[0] if isinstance(item, dict) else item for item in given]


def fill(event: Collected, found: Read) -> None:
    """Put what was validated into the event's line."""
    typed = found.typed
    for name in found.given:
        if name in _SAME and (value := getattr(typed, name)) is not None:
            setattr(event, name, value)
    if typed.items:
        event.items = fitted_items(typed.items)
    if typed.cart_items is not None:
        event.cart_items = fitted_items(typed.cart_items)
    if typed.value is not None:
        event.value = fitted(typed.value)
    elif event.event in _PRICED:
        event.value = cost(event.items or event.cart_items or ())
    if found.props:
        event.props = found.props


def cost(items: tuple[Item, ...]) -> Decimal | None:
    """The sum of price x quantity; None where there is nothing, or a price is missing."""
    prices = [item.price * item.quantity for item in items if item.price is not None]
    return fitted(sum(prices, Decimal())) if items and len(prices) == len(items) else None


def fitted(amount: Decimal | None) -> Decimal | None:
    """The amount in at most four places and without an exponent, as the warehouse's columns take it."""
    if amount is None:
        return None
    text = str(amount)  # a quarter of what `as_tuple` costs
    fits = "E" not in text and len(text.partition(".")[2]) <= _PLACES
    return amount if fits else amount.quantize(_SMALLEST)


def fitted_items(items: tuple[Item, ...]) -> tuple[Item, ...]:
    for item in items:
        if item.price is not None and item.price is not fitted(item.price):
            break
    else:
        return items
    return tuple(msgspec.structs.replace(item, price=fitted(item.price)) for item in items)
