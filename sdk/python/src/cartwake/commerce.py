"""A call for each thing that shoppers do; all of them are `track` with the catalogue's names filled in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict, Union
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from cartwake.encode import Time
from cartwake.events_gen import Item

if TYPE_CHECKING:
    from typing_extensions import Unpack

Items = Union[Item, Sequence[Item]]
Properties = Union[Mapping[str, Any], None]
SHARE_PARAMETER = "cw_share"


class About(TypedDict, total=False):
    """Keywords of every call."""

    device_id: str  # the browser's or app's id; on the wire `anonymousId`
    timestamp: Time  # when it happened; default now
    message_id: str  # default a new one; the same id twice counts once
    context: Mapping[str, Any]
    source: str  # web, app, server or store, where the client's own does not fit


class Who(About, total=False):
    """Keywords of the calls that are about a user, a device or both: one is needed."""

    user_id: str


class Share(NamedTuple):
    """A share link and the id that it carries."""

    share_id: str
    url: str


class Commerce:
    """The commerce calls of a client."""

    def track(self, event: str, properties: Properties = None, **who: Unpack[Who]) -> str:
        """Something happened; returns the event's id."""
        raise NotImplementedError

    def new_id(self) -> str:
        """A UUIDv7."""
        raise NotImplementedError

    def view_item(self, items: Items, properties: Properties = None, **who: Unpack[Who]) -> str:
        return self.track("view_item", {"items": _list(items), **(properties or {})}, **who)

    def add_to_cart(self, items: Items, properties: Properties = None, **who: Unpack[Who]) -> str:
        """`quantity` is what was added; give `cart_items`, the whole cart, where you know it."""
        return self.track("add_to_cart", {"items": _list(items), **(properties or {})}, **who)

    def remove_from_cart(self, items: Items, properties: Properties = None, **who: Unpack[Who]) -> str:
        return self.track("remove_from_cart", {"items": _list(items), **(properties or {})}, **who)

    def cart_update(self, cart_items: Sequence[Item], properties: Properties = None, **who: Unpack[Who]) -> str:
        """The whole cart as it is now; an empty list empties it."""
        return self.track("cart_update", {"cart_items": list(cart_items), **(properties or {})}, **who)

    def view_cart(self, properties: Properties = None, **who: Unpack[Who]) -> str:
        return self.track("view_cart", properties, **who)

    def begin_checkout(self, properties: Properties = None, **who: Unpack[Who]) -> str:
        return self.track("begin_checkout", properties, **who)

    def checkout_step(self, step: int, properties: Properties = None, **who: Unpack[Who]) -> str:
        return self.track("checkout_step", {"checkout_step": step, **(properties or {})}, **who)

    def add_payment_info(self, properties: Properties = None, **who: Unpack[Who]) -> str:
        return self.track("add_payment_info", properties, **who)

    def purchase(self, properties: Properties = None, **who: Unpack[Who]) -> str:
        """An order: `order_id`, `value` (its revenue), `currency`, `items`, and `cart_id` where there was a cart."""
        return self.track("purchase", properties, **who)

    def payment_failed(self, properties: Properties = None, **who: Unpack[Who]) -> str:
        return self.track("payment_failed", properties, **who)

    def order_cancel(self, order_id: str, properties: Properties = None, **who: Unpack[Who]) -> str:
        return self.track("order_cancel", {"order_id": order_id, **(properties or {})}, **who)

    def refund(self, order_id: str, properties: Properties = None, **who: Unpack[Who]) -> str:
        """`value` is what was paid back; without one all of the order was."""
        return self.track("refund", {"order_id": order_id, **(properties or {})}, **who)

    def view_item_list(self, properties: Properties = None, **who: Unpack[Who]) -> str:
        return self.track("view_item_list", properties, **who)

    def select_item(self, items: Items, properties: Properties = None, **who: Unpack[Who]) -> str:
        return self.track("select_item", {"items": _list(items), **(properties or {})}, **who)

    def add_to_wishlist(self, items: Items, properties: Properties = None, **who: Unpack[Who]) -> str:
        return self.track("add_to_wishlist", {"items": _list(items), **(properties or {})}, **who)

    def remove_from_wishlist(self, items: Items, properties: Properties = None, **who: Unpack[Who]) -> str:
        return self.track("remove_from_wishlist", {"items": _list(items), **(properties or {})}, **who)

    def view_promotion(self, properties: Properties = None, **who: Unpack[Who]) -> str:
        return self.track("view_promotion", properties, **who)

    def select_promotion(self, properties: Properties = None, **who: Unpack[Who]) -> str:
        return self.track("select_promotion", properties, **who)

    def review(self, rating: float, properties: Properties = None, **who: Unpack[Who]) -> str:
        return self.track("review", {"rating": rating, **(properties or {})}, **who)

    def sign_up(self, properties: Properties = None, **who: Unpack[Who]) -> str:
        return self.track("sign_up", properties, **who)

    def login(self, properties: Properties = None, **who: Unpack[Who]) -> str:
        return self.track("login", properties, **who)

    def consent(self, purposes: Mapping[str, bool], properties: Properties = None, **who: Unpack[Who]) -> str:
        """What a person agrees to: `{"analytics": True, "marketing": False}`."""
        return self.track("consent", {"purposes": dict(purposes), **(properties or {})}, **who)

    def search(self, term: str, properties: Properties = None, **who: Unpack[Who]) -> str:
        return self.track("search", {"search_term": term, **(properties or {})}, **who)

    def share(self, url: str, properties: Properties = None, **who: Unpack[Who]) -> Share:
        """Makes a link that carries a new `share_id`, and tracks the share."""
        share_id = self.new_id()
        self.track("share", {"share_id": share_id, **(properties or {})}, **who)
        return Share(share_id, _with_share(url, share_id))

    def share_open(self, share_id: str, properties: Properties = None, **who: Unpack[Who]) -> str:
        return self.track("share_open", {"share_id": share_id, **(properties or {})}, **who)

    def invite_accept(self, share_id: str, properties: Properties = None, **who: Unpack[Who]) -> str:
        return self.track("invite_accept", {"share_id": share_id, **(properties or {})}, **who)

    def group_buy_open(self, group_buy_id: str, properties: Properties = None, **who: Unpack[Who]) -> str:
        return self.track("group_buy_open", {"group_buy_id": group_buy_id, **(properties or {})}, **who)

    def group_buy_join(self, group_buy_id: str, properties: Properties = None, **who: Unpack[Who]) -> str:
        return self.track("group_buy_join", {"group_buy_id": group_buy_id, **(properties or {})}, **who)

    def experiment_view(self, experiment_id: str, variant: str, properties: Properties = None, **who: Unpack[Who]) -> str:
        """Say it each time that a variant is shown: the first time counts."""
        return self.track("experiment_view", {"experiment_id": experiment_id, "variant": variant, **(properties or {})}, **who)


def _list(items: Items) -> list[Any]:
    return [items] if isinstance(items, Mapping) else list(items)


def _with_share(url: str, share_id: str) -> str:
    parts = urlsplit(url)
    query = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] != SHARE_PARAMETER]
    return urlunsplit(parts._replace(query=urlencode([*query, (SHARE_PARAMETER, share_id)])))
