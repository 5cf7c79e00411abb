"""Property names of Segment, GA4 and our own clients, to the catalogue's. The first name listed wins where an event has several."""

from typing import Any

Fields = dict[str, tuple[str, int, bool]]

_EVENT_NAMES: dict[str, tuple[str, ...]] = {
    "items": ("items", "products"),
    "cart_items": ("cart_items",),
    "cart_id": ("cart_id",),
    "order_id": ("order_id", "transaction_id"),
    "value": ("value", "revenue", "total", "refund_amount"),
    "currency": ("currency", "currency_code"),
    "coupon": ("coupon",),
    "payment_method": ("payment_method", "payment_type"),
    "checkout_step": ("checkout_step", "step"),
    "search_term": ("search_term", "query"),
    "list_id": ("list_id", "item_list_id"),
    "share_id": ("share_id",),
    "parent_share_id": ("parent_share_id",),
    "method": ("method", "share_via"),
    "content_type": ("content_type",),
    "group_buy_id": ("group_buy_id",),
    "group_size": ("group_size",),
    "experiment_id": ("experiment_id",),
    "rating": ("rating",),
    "purposes": ("purposes",),
    "target": ("target",),
}

_ITEM_NAMES: dict[str, tuple[str, ...]] = {
    "product_id": ("product_id", "item_id", "sku", "id"),
    "name": ("name", "item_name"),
    "category": ("category", "item_category"),
    "brand": ("brand", "item_brand"),
    "variant": ("variant", "item_variant"),
    "price": ("price",),
    "quantity": ("quantity",),
}

# Typed as text: a number is accepted and written out, since many shops count their ids.
_TEXT = frozenset(_EVENT_NAMES) - {"items", "cart_items", "value", "checkout_step", "group_size", "rating", "purposes"} | (
    frozenset(_ITEM_NAMES) - {"price", "quantity"}
)  # `variant` is in both senses text


_ID_MAX_BITS = 1024  # Python refuses to write very long integers out; such a one is too long for an id in any base


def _camel(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(part.title() for part in tail)


def _ranked(names: dict[str, tuple[str, ...]]) -> Fields:
    """Each spelling, snake or camel, with its target, its rank, and whether the target is text."""
    ranked = {}
    for target, spellings in names.items():
        for rank, name in enumerate(spellings):
            ranked[name] = ranked[_camel(name)] = (target, rank, target in _TEXT)
    return ranked


EVENT_FIELDS = _ranked(_EVENT_NAMES)
# Only of `experiment_view`: elsewhere a `variant` is the product's.
EXPERIMENT_FIELDS = EVENT_FIELDS | _ranked({"variant": ("variant", "variant_id", "variation_id", "variation_name", "variant_name")})
# Events outside commerce use common words (`query`, `total`, `step`) in senses of their own: there only the catalogue's own names count.
OWN_FIELDS = {name: known for name, known in EVENT_FIELDS.items() if known[1] == 0}
ITEM_FIELDS = _ranked(_ITEM_NAMES)
FLAT_ITEM_FIELDS = {name: known for name, known in ITEM_FIELDS.items() if name != "id"}


def split(given: dict[str, Any], fields: Fields) -> tuple[dict[str, Any], dict[str, Any]]:
    """(known, by the catalogue's names; the rest as it was). Null and empty text count as not given."""
    known: dict[str, Any] = {}
    rest: dict[str, Any] = {}
    for name, value in given.items():
        place = fields.get(name)
        if place is None:
            rest[name] = value
        elif value is not None and value != "":
            target, _, is_text = place
            if target in known:
                return _split_by_rank(given, fields)
            known[target] = as_text(value) if is_text and type(value) is not str else value
    return known, rest


def _split_by_rank(given: dict[str, Any], fields: Fields) -> tuple[dict[str, Any], dict[str, Any]]:
    """The same where several names have one target, which is seldom."""
    known: dict[str, Any] = {}
    ranks: dict[str, tuple[int, str]] = {}
    rest: dict[str, Any] = {}
    for name, value in given.items():
        place = fields.get(name)
        if place is None:
            rest[name] = value
            continue
        if value is None or value == "":
            continue
        target, rank, is_text = place
        if target in ranks:
            held_rank, held_name = ranks[target]
            if held_rank <= rank:
                rest[name] = value
                continue
            rest[held_name] = given[held_name]
        ranks[target] = (rank, name)
        known[target] = as_text(value) if is_text else value
    return known, rest


def as_text(value: Any) -> Any:
    """A number as text (1.0 as "1"); anything else as it is."""
    if type(value) is int:
        return str(value) if value.bit_length() < _ID_MAX_BITS else f"{value:x}"
    if type(value) is float:
        return str(int(value)) if value.is_integer() else repr(value)
    return value
