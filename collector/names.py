"""Event names: what Segment, GA4 and our own clients call things, to the catalogue's name."""

from functools import lru_cache

from schemas.events import CATALOGUE

CUSTOM = "custom"
_NOT_BY_NAME = {"identify", "alias", "group", CUSTOM}  # these are types of calls; a `track` of that name is an event of the shop's own

_LONGEST = 128  # characters; no name that is known has so many, and what is remembered must not be large

ALIASES = {
    # Segment Ecommerce v2
    "products searched": "search",
    "product list viewed": "view_item_list",
    "product list filtered": "view_item_list",
    "product clicked": "select_item",
    "product viewed": "view_item",
    "product added": "add_to_cart",
    "wishlist product added to cart": "add_to_cart",
    "product removed": "remove_from_cart",
    "cart viewed": "view_cart",
    "checkout started": "begin_checkout",
    "checkout step viewed": "checkout_step",
    "checkout step completed": "checkout_step",
    "payment info entered": "add_payment_info",
    "order completed": "purchase",
    "order cancelled": "order_cancel",
    "order canceled": "order_cancel",
    "order refunded": "refund",
    "promotion viewed": "view_promotion",
    "promotion clicked": "select_promotion",
    "product added to wishlist": "add_to_wishlist",
    "product removed from wishlist": "remove_from_wishlist",
    "product shared": "share",
    "cart shared": "share",
    "product reviewed": "review",
    "signed up": "sign_up",
    "signed in": "login",
    "experiment viewed": "experiment_view",
    # Segment Ecommerce v1
    "searched products": "search",
    "viewed product category": "view_item_list",
    "viewed product list": "view_item_list",
    "filtered product list": "view_item_list",
    "clicked product": "select_item",
    "viewed product": "view_item",
    "added product": "add_to_cart",
    "added product to cart": "add_to_cart",
    "removed product": "remove_from_cart",
    "viewed cart": "view_cart",
    "started checkout": "begin_checkout",
    "started order": "begin_checkout",
    "viewed checkout step": "checkout_step",
    "completed checkout step": "checkout_step",
    "entered payment info": "add_payment_info",
    "completed order": "purchase",
    "cancelled order": "order_cancel",
    "refunded order": "refund",
    "viewed promotion": "view_promotion",
    "clicked promotion": "select_promotion",
    "added product to wishlist": "add_to_wishlist",
    "removed product from wishlist": "remove_from_wishlist",
    "shared product": "share",
    "shared cart": "share",
    "reviewed product": "review",
    "viewed experiment": "experiment_view",
    # Google Analytics 4, where the catalogue's name is another
    "view search results": "search",
    "add shipping info": "checkout_step",
    "link click": "click",
    "experience impression": "experiment_view",
}

# What the name itself says about `content_type`.
_CONTENT = {"product shared": "product", "shared product": "product", "cart shared": "cart", "shared cart": "cart"}

_BY_NAME = {name.replace("_", " "): name for name in CATALOGUE if name not in _NOT_BY_NAME} | ALIASES


def canonical(raw: str) -> str:
    """The catalogue's name of a tracked event; case and `_`, `-`, spaces do not count. `custom` for what it does not have."""
    return _canonical(raw) if len(raw) <= _LONGEST else CUSTOM


def implied_content_type(raw: str) -> str:
    """`Product Shared` is the share of a product; '' where the name says nothing."""
    return _implied(raw) if len(raw) <= _LONGEST else ""


@lru_cache(maxsize=4096)
def _canonical(raw: str) -> str:
    return _BY_NAME.get(_plain(raw), CUSTOM)


@lru_cache(maxsize=4096)
def _implied(raw: str) -> str:
    return _CONTENT.get(_plain(raw), "")


def _plain(raw: str) -> str:
    return " ".join(raw.lower().replace("_", " ").replace("-", " ").split())
