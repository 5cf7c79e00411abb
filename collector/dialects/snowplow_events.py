"""What Snowplow's events mean here: kinds of events, schemas of self-describing ones, and the entities of its e-commerce plugin."""

from collections.abc import Callable
from typing import Any, NamedTuple

from collector.dialects.dialect import text_in
from collector.limits import TEXT_MAX_CHARS
from collector.names import CUSTOM, canonical
from collector.rejection import Rejection, invalid

OWN = "com.snowplowanalytics."  # vendors of Snowplow's own schemas
ACTION = "snowplow_ecommerce_action"

# Snowplow's name of the kind, and the catalogue's.
KINDS = {
    "pv": ("page_view", "page_view"),
    "pp": ("page_ping", CUSTOM),
    "tr": ("transaction", "purchase"),
    "ti": ("transaction_item", CUSTOM),
}
ACTIONS = {
    "product_view": "view_item",
    "list_view": "view_item_list",
    "list_click": "select_item",
    "add_to_cart": "add_to_cart",
    "remove_from_cart": "remove_from_cart",
    "checkout_step": "checkout_step",  # its first is `begin_checkout`, one with a payment method `add_payment_info`
    "transaction": "purchase",
    "refund": "refund",
    "promo_view": "view_promotion",
    "promo_click": "select_promotion",
    "trns_error": "payment_failed",
}
SCHEMAS = {
    "screen_view": "screen_view",
    "link_click": "click",
    "button_click": "click",
    "site_search": "search",
    "social_interaction": "share",
    "add_to_cart": "add_to_cart",
    "remove_from_cart": "remove_from_cart",
}
_STRUCTURED = {"se_ca": "category", "se_ac": "action", "se_la": "label", "se_pr": "property", "se_va": "value"}
_TRANSACTION = {"tr_id": "order_id", "tr_tt": "value", "tr_cu": "currency", "tr_af": "affiliation", "tr_tx": "tax", "tr_sh": "shipping"}
_ITEM = {
    "ti_id": "order_id",
    "ti_sk": "sku",
    "ti_nm": "name",
    "ti_ca": "category",
    "ti_pr": "price",
    "ti_qu": "quantity",
    "ti_cu": "currency",
}
# Entities whose fields are the event's own; the others are kept whole, under `entities`.
_MERGED = ("transaction", "refund", "checkout_step", "transaction_error")
_RENAMED = {"discount_code": "coupon", "coupon_code": "coupon", "unitPrice": "price", "targetUrl": "target", "label": "target"}


class Entity(NamedTuple):
    """A self-describing JSON: the vendor and name of its schema, and its data."""

    vendor: str
    name: str
    data: dict[str, Any]


class Meaning(NamedTuple):
    """An event as the catalogue has it; `raw` is Snowplow's own name, `means` '' where the name decides."""

    raw: str
    means: str
    properties: dict[str, Any]
    device_id: str | None = None
    user_id: str | None = None


def entity_of(given: Any) -> Entity | None:
    """`iglu:vendor/name/format/version` and `data`; None if it is no such thing."""
    schema = given.get("schema") if isinstance(given, dict) else None
    parts = schema.removeprefix("iglu:").split("/") if isinstance(schema, str) else []
    data = given.get("data") if isinstance(given, dict) else None
    return Entity(parts[0], parts[1], data if isinstance(data, dict) else {"data": data}) if len(parts) > 1 and parts[1] else None


def meaning_of(kind: str, event: dict[str, Any], told: Any, entities: list[Entity]) -> Meaning | Rejection:
    """`kind` is the parameter `e`, `told` the self-describing JSON of `ue`."""
    if kind == "ue":
        found = _self_describing(told, entities)
    elif kind == "se":
        found = Meaning(text_in(event, "se_ac") or "structured", CUSTOM, _given(event, _STRUCTURED))
    elif kind in KINDS:
        raw, means = KINDS[kind]
        found = Meaning(raw, means, _given(event, _TRANSACTION if kind == "tr" else _ITEM if kind == "ti" else {}))
    else:
        return invalid("e", f"{kind[:64]!r} is none of pv, pp, se, ue, tr, ti")
    return found if isinstance(found, Rejection) else _with_entities(found, entities)


def _self_describing(told: Any, entities: list[Entity]) -> Meaning | Rejection:
    event = entity_of(told)
    if event is None:
        return invalid("ue_pr", "has no `schema` of the form iglu:vendor/name/format/version")
    if not event.vendor.startswith(OWN):
        return Meaning(event.name, canonical(event.name), dict(event.data))
    if event.name == ACTION:
        return _action(event, entities)
    data = {_RENAMED.get(name, name): value for name, value in event.data.items()}
    if isinstance(target := data.get("target"), str):
        data["target"] = target[:TEXT_MAX_CHARS]
    change = _CHANGED.get(event.name)
    return Meaning(event.name, SCHEMAS.get(event.name, CUSTOM), change(data) if change else data)


def _action(event: Entity, entities: list[Entity]) -> Meaning | Rejection:
    action = text_in(event.data, "type")
    if not action:
        return invalid("ue_pr", "data.type: this event needs it")
    means = ACTIONS.get(action) or canonical(action)
    step = next((entity.data for entity in entities if entity.name == "checkout_step"), {})
    if action == "checkout_step":
        means = "begin_checkout" if step.get("step") == 1 else "add_payment_info" if step.get("payment_method") else means
    listed = text_in(event.data, "name")
    return Meaning(action, means, {"list_id": listed} if listed else {})


def _with_entities(found: Meaning, entities: list[Entity]) -> Meaning:
    """The properties, with what the entities say; what is about the person goes where it belongs."""
    properties, products = dict(found.properties), []
    kept: dict[str, list[Any]] = {}
    device_id = user_id = None
    for vendor, name, data in entities:
        commerce = vendor.startswith(OWN) and vendor.endswith(".ecommerce")
        if commerce and name == "product":
            products.append(data)
        elif commerce and name in _MERGED:
            properties.update({_RENAMED.get(field, field): value for field, value in data.items()})
        elif commerce and name == "cart":
            properties = {**_given(data, {"cart_id": "cart_id", "currency": "currency", "total_value": "cart_value"}), **properties}
        elif commerce and name == "user":
            user_id = text_in(data, "id") or None
        else:
            if name == "client_session":
                device_id = text_in(data, "userId") or None
            kept[name] = [*kept.get(name, []), data]
    if products:
        properties["items"] = products
        properties["currency"] = properties.get("currency") or products[0].get("currency")
    if kept:
        properties["entities"] = kept
    return found._replace(properties=properties, device_id=device_id, user_id=user_id)


def _given(event: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    return {ours: event[theirs] for theirs, ours in names.items() if event.get(theirs) not in (None, "")}


def _searched(data: dict[str, Any]) -> dict[str, Any]:
    terms = data.get("terms")
    return {**data, "search_term": " ".join(map(str, terms))[:TEXT_MAX_CHARS]} if isinstance(terms, list) else data


def _shared(data: dict[str, Any]) -> dict[str, Any]:
    """`network` is where it was shared; `target` is what, a text of the page's own."""
    return {**data, "method": text_in(data, "network") or text_in(data, "action")}


_CHANGED: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {"site_search": _searched, "social_interaction": _shared}
