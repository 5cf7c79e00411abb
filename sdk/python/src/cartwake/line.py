"""A message as the collector would write it into Kafka's topic `events`, for events of servers and tills.

Names are the catalogue's own: other spellings (Segment's "Product Added") only the collector knows, here they are events of the shop's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Callable, get_args

from cartwake.encode import dumps
from cartwake.events_gen import EventName, Item, Properties

TYPES = {"page": "page_view", "screen": "screen_view", "identify": "identify", "group": "group", "alias": "alias"}
TRAITS = ("identify", "group", "alias")
TRACKED = frozenset(get_args(EventName)) - {*TRAITS, "custom"}
OWN = ("page_view", "screen_view", "custom")  # a typed property that does not fit is the shop's own there
MAX_MONEY = Decimal("99999999999999")
MOST_ITEMS, MOST_QUANTITY, MOST_ID, MOST_TEXT, MOST_NAME = 200, 1_000_000, 128, 2048, 512
IDS = frozenset({"cart_id", "order_id", "share_id", "parent_share_id", "group_buy_id", "experiment_id", "product_id"})
NEEDS = {
    "search": ("search_term",),
    "order_cancel": ("order_id",),
    "refund": ("order_id",),
    "share_open": ("share_id",),
    "invite_accept": ("share_id",),
    "group_buy_open": ("group_buy_id",),
    "group_buy_join": ("group_buy_id",),
    "experiment_view": ("experiment_id", "variant"),
    "consent": ("purposes",),
    "cart_update": ("cart_items",),
    **dict.fromkeys(
        ("select_item", "view_item", "add_to_cart", "remove_from_cart", "add_to_wishlist", "remove_from_wishlist"),
        ("items",),
    ),
}
# In the order of the line's fields.
PLACED = (
    *("items", "cart_items", "cart_id", "order_id", "value", "currency", "coupon", "payment_method", "checkout_step", "search_term"),
    *("list_id", "share_id", "parent_share_id", "method", "content_type", "group_buy_id", "group_size", "experiment_id", "variant"),
    *("rating", "target"),
)
DEVICES = {"ios": "mobile", "android": "mobile", "phone": "mobile", "ipad": "tablet"}


class Unfit(ValueError):
    """An event that the stream would refuse; the message begins with the field's name."""


def line_of(message: Mapping[str, Any], write_key: str, now_ms: int) -> bytes:
    """One line of JSON. Raises Unfit."""
    event, raw = _name(message)
    typed, props = _properties(event, message)
    context = message.get("context") or {}
    line = {**_where(context, message), **{name: typed[name] for name in PLACED if name in typed}}
    if props:
        line["props"] = props
    line.update(event=event, message_id=message["messageId"], write_key=write_key)
    line.update(
        _filled(
            event_raw=raw,
            device_id=message.get("anonymousId"),
            user_id=message.get("userId"),
            previous_id=message.get("previousId"),
            client_at_ms=_ms(message["timestamp"]),
        )
    )
    line.update(received_at_ms=now_ms, sent_at_ms=now_ms)
    line.update(_stamped(event, context))
    for field in ("message_id", "device_id", "user_id", "previous_id"):
        if len(line.get(field) or "") > MOST_ID:
            raise Unfit(f"{field}: longer than {MOST_ID} characters")
    return dumps(line)


def key_of(message: Mapping[str, Any]) -> str:
    """What its partition is chosen by: the device, else the user."""
    return str(message.get("anonymousId") or message.get("userId"))


def _name(message: Mapping[str, Any]) -> tuple[str, str]:
    """(the catalogue's name, the caller's)."""
    if message["type"] != "track":
        return TYPES[message["type"]], str(message.get("name") or "")[:MOST_NAME]
    given = message["event"]
    if not given.strip():
        raise Unfit("event: this event needs it")
    if len(given) > MOST_NAME:
        raise Unfit(f"event: longer than {MOST_NAME} characters")
    return (given if given in TRACKED else "custom"), given


def _properties(event: str, message: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """(what the line has a field for, the rest)."""
    given = dict((event in TRAITS and message.get("traits")) or message.get("properties") or {})
    if event == "group":
        given["group_id"] = str(message["groupId"])
    if event in TRAITS:
        return {}, given
    names = Properties.__annotations__.keys() - (() if event == "experiment_view" else {"variant"})  # elsewhere the shop's own word
    known = {name: value for name, value in given.items() if name in names and value not in (None, "")}
    rest = {name: value for name, value in given.items() if name not in names}
    try:
        typed = {name: READ[name](name, value) for name, value in known.items()}
        for need in NEEDS.get(event, ()):
            if not (typed.get(need) or (need == "cart_items" and need in typed)):
                raise Unfit(f"{need}: this event needs it")
    except Unfit:
        if event in OWN:
            return {}, given
        raise
    if "purposes" in typed:
        rest["purposes"] = typed.pop("purposes")
    return typed, rest


def _where(context: Mapping[str, Any], message: Mapping[str, Any]) -> dict[str, Any]:
    page, campaign = context.get("page") or {}, context.get("campaign") or {}
    title = page.get("title") or (message.get("name") if message["type"] in ("page", "screen") else "")
    country = str((context.get("location") or {}).get("country") or context.get("country") or "").upper()
    return _filled(
        page_url=page.get("url"),
        page_path=page.get("path"),
        page_title=title,
        referrer=page.get("referrer"),
        campaign_source=campaign.get("source"),
        campaign_medium=campaign.get("medium"),
        campaign_name=campaign.get("name"),
        locale=context.get("locale"),
        timezone=context.get("timezone"),
        country=country if len(country) == 2 else "",
    )


def _stamped(event: str, context: Mapping[str, Any]) -> dict[str, Any]:
    """What an event says of where it comes from. The channel behind a campaign or a referrer only the collector finds."""
    source = context.get("source")
    kind = str((context.get("device") or {}).get("type") or "").lower()
    device = DEVICES.get(kind, kind)
    if source == "store":
        found = _filled(source=source, channel="offline", device_type="store")
    else:
        came = any((context.get("campaign") or {}).values()) or (context.get("page") or {}).get("referrer")
        opens = event in ("page_view", "screen_view") and source != "server" and not came
        known = device if device in ("mobile", "tablet", "desktop") else ""
        found = _filled(source=source if source != "web" else "", channel="direct" if opens else "", device_type=known)
    return {**found, **_filled(user_agent=context.get("userAgent"))}


def _items(name: str, value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, (list, tuple)) or len(value) > MOST_ITEMS:
        raise Unfit(f"{name}: not a list of at most {MOST_ITEMS} items")
    return [_item(name, item) for item in value]


def _item(name: str, item: Any) -> dict[str, Any]:
    if not isinstance(item, Mapping) or not item.get("product_id"):
        raise Unfit(f"{name}: an item without a product_id")
    texts = {field: _text(field, item[field]) for field in Item.__annotations__ if field not in ("price", "quantity") and item.get(field)}
    price = {} if item.get("price") in (None, "") else {"price": _money("price", item["price"])}
    return {**texts, **price, "quantity": _whole("quantity", item.get("quantity", 1), 1, MOST_QUANTITY)}


def _text(name: str, value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = str(value)
    most = MOST_ID if name in IDS else MOST_TEXT
    if isinstance(value, (bool, list, dict)) or len(text) > most:
        raise Unfit(f"{name}: not a text of at most {most} characters")
    return text


def _money(name: str, value: Any) -> str:
    """In at most four places, as the warehouse's columns take it."""
    try:
        amount = Decimal(str(value))
    except InvalidOperation as error:
        raise Unfit(f"{name}: not an amount of money: {value}") from error
    if isinstance(value, bool) or not amount.is_finite() or abs(amount) > MAX_MONEY:
        raise Unfit(f"{name}: not an amount of money: {value}")
    exponent = amount.as_tuple().exponent
    assert isinstance(exponent, int)
    return str(amount if -4 <= exponent <= 0 else amount.quantize(Decimal("0.0001")))


def _currency(name: str, value: Any) -> str:
    code = str(value).strip().upper()
    if len(code) != 3 or not code.isascii() or not code.isalpha():
        raise Unfit(f"{name}: not an ISO 4217 code: {value}")
    return code


def _whole(name: str, value: Any, least: int = 0, most: int = 255) -> int:
    try:
        number = int(value)
    except (TypeError, ValueError) as error:
        raise Unfit(f"{name}: not a whole number: {value}") from error
    if number != float(value) or not least <= number <= most:
        raise Unfit(f"{name}: not a whole number from {least} to {most}: {value}")
    return number


def _rating(name: str, value: Any) -> float:
    try:
        rating = float(value)
    except (TypeError, ValueError) as error:
        raise Unfit(f"{name}: not a number: {value}") from error
    if not 0 <= rating <= 100:
        raise Unfit(f"{name}: not a number from 0 to 100: {value}")
    return rating


def _purposes(name: str, value: Any) -> dict[str, bool]:
    if not isinstance(value, Mapping) or not all(isinstance(allowed, bool) for allowed in value.values()):
        raise Unfit(f"{name}: not a map of purposes to true or false")
    return dict(value)


READ: dict[str, Callable[[str, Any], Any]] = {
    **dict.fromkeys(Properties.__annotations__, _text),
    "items": _items,
    "cart_items": _items,
    "value": _money,
    "currency": _currency,
    "checkout_step": _whole,
    "group_size": lambda name, value: _whole(name, value, 2, 65_535),
    "rating": _rating,
    "purposes": _purposes,
}


def _ms(iso: str) -> int:
    return round(datetime.fromisoformat(iso.replace("Z", "+00:00")).timestamp() * 1000)


def _filled(**fields: Any) -> dict[str, Any]:
    """Empty fields are not written."""
    return {name: value for name, value in fields.items() if value}
