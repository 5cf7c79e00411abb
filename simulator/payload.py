"""A happening as a message of Segment's API: GA4's event names with item lists, or Segment's own with flat product fields."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from simulator.catalog import BY_ID
from simulator.happening import Device, Happening, Line

SHOP_URL = "https://shop.example/"
IDENTITY_TYPES = ("identify", "alias")

CAMPAIGNS: dict[str, dict[str, str]] = {
    "search": {"source": "google", "medium": "organic"},
    "social": {"source": "instagram", "medium": "social", "name": "friends"},
    "offline": {"source": "flyer", "medium": "offline", "name": "spring-flyer"},
    "email": {"source": "newsletter", "medium": "email", "name": "weekly"},
    "ads": {"source": "google", "medium": "cpc", "name": "brand"},
    "referral": {"source": "blog", "medium": "referral"},
}
_REFERRERS = {"search": "https://www.google.com/", "social": "https://www.instagram.com/", "referral": "https://blog.example/"}
_AGENTS = {
    "mobile": "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Mobile/15E148 Safari/604.1",
    "tablet": "Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/604.1",
    "bot": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "desktop": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
}
_SEGMENT_NAMES = {
    "search": "Products Searched",
    "view_item": "Product Viewed",
    "add_to_cart": "Product Added",
    "remove_from_cart": "Product Removed",
    "view_cart": "Cart Viewed",
    "begin_checkout": "Checkout Started",
    "purchase": "Order Completed",
}


def iso(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def message(happening: Happening) -> dict[str, Any]:
    """What the device sends, by its own clock."""
    device = happening.device
    said: dict[str, Any] = {
        "type": _type(happening),
        "messageId": happening.message_id,
        "anonymousId": device.id,
        "timestamp": iso(happening.at_ms + device.skew_ms),
        "context": _context(happening),
    }
    if happening.user_id:
        said["userId"] = happening.user_id
    if happening.previous_id:
        said["previousId"] = happening.previous_id
    if said["type"] == "track":
        said["event"] = _SEGMENT_NAMES.get(happening.event, happening.event) if device.segment_names else happening.event
    if said["type"] not in IDENTITY_TYPES:
        said["properties"] = _properties(happening)
    return said


def _type(happening: Happening) -> str:
    if happening.event in IDENTITY_TYPES:
        return happening.event
    return "page" if happening.event == "page_view" else "track"


def _context(happening: Happening) -> dict[str, Any]:
    device: Device = happening.device
    lands = bool(happening.channel)
    referrer = _REFERRERS.get(happening.channel, "") if lands else SHOP_URL
    context: dict[str, Any] = {
        "page": {"url": SHOP_URL + happening.event, "path": "/" + happening.event, "referrer": referrer},
        "userAgent": _AGENTS[device.kind],
        "device": {"type": device.kind},
        "locale": "en-GB",
        "timezone": "Europe/Berlin",
    }
    if happening.channel in CAMPAIGNS:
        context["campaign"] = CAMPAIGNS[happening.channel]
    return context


def _properties(happening: Happening) -> dict[str, Any]:
    found: dict[str, Any] = {
        "cart_id": happening.cart_id,
        "order_id": happening.order_id,
        "currency": happening.currency,
        "share_id": happening.share_id,
        "parent_share_id": happening.parent_share_id,
        "search_term": happening.search_term,
        "target": happening.target,
        "group_buy_id": happening.group_buy_id,
        "group_size": happening.group_size,
        "experiment_id": happening.experiment_id,
        "variant": happening.variant,
    }
    properties = {name: value for name, value in found.items() if value}
    if happening.value is not None:
        properties["value"] = float(happening.value)
    if len(happening.items) == 1 and happening.device.segment_names and happening.event in _SEGMENT_NAMES:
        properties.update(_product(happening.items[0]))
    elif happening.items:
        properties["items"] = [_product(line) for line in happening.items]
    if happening.cart_items is not None:
        properties["cart_items"] = [_product(line) for line in happening.cart_items]
    return properties


def _product(line: Line) -> dict[str, Any]:
    product = BY_ID[line.product_id]
    named = {"name": product.name, "category": product.category, "brand": product.brand}
    return {"product_id": line.product_id, **named, "price": float(line.price), "quantity": line.quantity}
