"""The events of the catalogue and their properties. Generated from schemas/ by `python -m schemas.generate`; do not edit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Literal, TypedDict, Union

# An amount of money: text or a Decimal keeps every digit.
Money = Union[Decimal, float, str]  # noqa: UP007


class _ItemNeeds(TypedDict):
    product_id: str


class Item(_ItemNeeds, total=False):
    """One product in a cart, an order or a list; `price` is for one unit, in the event's currency."""

    name: str
    category: str
    brand: str
    variant: str
    price: Money | None
    quantity: int


class Properties(TypedDict, total=False):
    """All properties an event may carry; others are kept as they are."""

    items: Sequence[Item]
    cart_items: Sequence[Item] | None
    cart_id: str | None
    order_id: str | None
    value: Money | None
    currency: str | None
    coupon: str | None
    payment_method: str | None
    checkout_step: int | None
    search_term: str | None
    list_id: str | None
    share_id: str | None
    parent_share_id: str | None
    method: str | None
    content_type: str | None
    group_buy_id: str | None
    group_size: int | None
    experiment_id: str | None
    variant: str | None
    rating: float | None
    purposes: Mapping[str, bool] | None
    target: str | None


class _SearchNeeds(TypedDict):
    search_term: str


class Search(_SearchNeeds, total=False):
    """Properties of an event that needs `search_term`."""

    items: Sequence[Item]
    cart_items: Sequence[Item] | None
    cart_id: str | None
    order_id: str | None
    value: Money | None
    currency: str | None
    coupon: str | None
    payment_method: str | None
    checkout_step: int | None
    list_id: str | None
    share_id: str | None
    parent_share_id: str | None
    method: str | None
    content_type: str | None
    group_buy_id: str | None
    group_size: int | None
    experiment_id: str | None
    variant: str | None
    rating: float | None
    purposes: Mapping[str, bool] | None
    target: str | None


class _ItemsEventNeeds(TypedDict):
    items: Sequence[Item]


class ItemsEvent(_ItemsEventNeeds, total=False):
    """Properties of an event that needs `items`."""

    cart_items: Sequence[Item] | None
    cart_id: str | None
    order_id: str | None
    value: Money | None
    currency: str | None
    coupon: str | None
    payment_method: str | None
    checkout_step: int | None
    search_term: str | None
    list_id: str | None
    share_id: str | None
    parent_share_id: str | None
    method: str | None
    content_type: str | None
    group_buy_id: str | None
    group_size: int | None
    experiment_id: str | None
    variant: str | None
    rating: float | None
    purposes: Mapping[str, bool] | None
    target: str | None


class _CartUpdateNeeds(TypedDict):
    cart_items: Sequence[Item]


class CartUpdate(_CartUpdateNeeds, total=False):
    """Properties of an event that needs `cart_items`."""

    items: Sequence[Item]
    cart_id: str | None
    order_id: str | None
    value: Money | None
    currency: str | None
    coupon: str | None
    payment_method: str | None
    checkout_step: int | None
    search_term: str | None
    list_id: str | None
    share_id: str | None
    parent_share_id: str | None
    method: str | None
    content_type: str | None
    group_buy_id: str | None
    group_size: int | None
    experiment_id: str | None
    variant: str | None
    rating: float | None
    purposes: Mapping[str, bool] | None
    target: str | None


class _OrderEventNeeds(TypedDict):
    order_id: str


class OrderEvent(_OrderEventNeeds, total=False):
    """Properties of an event that needs `order_id`."""

    items: Sequence[Item]
    cart_items: Sequence[Item] | None
    cart_id: str | None
    value: Money | None
    currency: str | None
    coupon: str | None
    payment_method: str | None
    checkout_step: int | None
    search_term: str | None
    list_id: str | None
    share_id: str | None
    parent_share_id: str | None
    method: str | None
    content_type: str | None
    group_buy_id: str | None
    group_size: int | None
    experiment_id: str | None
    variant: str | None
    rating: float | None
    purposes: Mapping[str, bool] | None
    target: str | None


class _ShareOpenNeeds(TypedDict):
    share_id: str


class ShareOpen(_ShareOpenNeeds, total=False):
    """Properties of an event that needs `share_id`."""

    items: Sequence[Item]
    cart_items: Sequence[Item] | None
    cart_id: str | None
    order_id: str | None
    value: Money | None
    currency: str | None
    coupon: str | None
    payment_method: str | None
    checkout_step: int | None
    search_term: str | None
    list_id: str | None
    parent_share_id: str | None
    method: str | None
    content_type: str | None
    group_buy_id: str | None
    group_size: int | None
    experiment_id: str | None
    variant: str | None
    rating: float | None
    purposes: Mapping[str, bool] | None
    target: str | None


class _GroupBuyNeeds(TypedDict):
    group_buy_id: str


class GroupBuy(_GroupBuyNeeds, total=False):
    """Properties of an event that needs `group_buy_id`."""

    items: Sequence[Item]
    cart_items: Sequence[Item] | None
    cart_id: str | None
    order_id: str | None
    value: Money | None
    currency: str | None
    coupon: str | None
    payment_method: str | None
    checkout_step: int | None
    search_term: str | None
    list_id: str | None
    share_id: str | None
    parent_share_id: str | None
    method: str | None
    content_type: str | None
    group_size: int | None
    experiment_id: str | None
    variant: str | None
    rating: float | None
    purposes: Mapping[str, bool] | None
    target: str | None


class _ExperimentViewNeeds(TypedDict):
    experiment_id: str
    variant: str


class ExperimentView(_ExperimentViewNeeds, total=False):
    """Properties of an event that needs `experiment_id` and `variant`."""

    items: Sequence[Item]
    cart_items: Sequence[Item] | None
    cart_id: str | None
    order_id: str | None
    value: Money | None
    currency: str | None
    coupon: str | None
    payment_method: str | None
    checkout_step: int | None
    search_term: str | None
    list_id: str | None
    share_id: str | None
    parent_share_id: str | None
    method: str | None
    content_type: str | None
    group_buy_id: str | None
    group_size: int | None
    rating: float | None
    purposes: Mapping[str, bool] | None
    target: str | None


class _ConsentNeeds(TypedDict):
    purposes: Mapping[str, bool]


class Consent(_ConsentNeeds, total=False):
    """Properties of an event that needs `purposes`."""

    items: Sequence[Item]
    cart_items: Sequence[Item] | None
    cart_id: str | None
    order_id: str | None
    value: Money | None
    currency: str | None
    coupon: str | None
    payment_method: str | None
    checkout_step: int | None
    search_term: str | None
    list_id: str | None
    share_id: str | None
    parent_share_id: str | None
    method: str | None
    content_type: str | None
    group_buy_id: str | None
    group_size: int | None
    experiment_id: str | None
    variant: str | None
    rating: float | None
    target: str | None


PageView = Properties  # A page was shown.
ScreenView = Properties  # A screen of an app was shown.
ViewItemList = Properties  # A list of products was shown.
SelectItem = ItemsEvent  # A product was picked from a list.
ViewItem = ItemsEvent  # A product's page was seen.
AddToCart = ItemsEvent  # Items were put into the cart; `quantity` is what was added.
RemoveFromCart = ItemsEvent  # Items were taken out; `quantity` is what was removed.
ViewCart = Properties  # The cart was looked at.
BeginCheckout = Properties  # Checkout began.
CheckoutStep = Properties  # A step of the checkout was reached.
AddPaymentInfo = Properties  # Payment details were given.
PaymentFailed = Properties  # A payment was refused.
Purchase = Properties  # An order was placed; `value` is its revenue.
OrderCancel = OrderEvent  # An order was cancelled.
Refund = OrderEvent  # An order was refunded, `value` of it.
AddToWishlist = ItemsEvent  # A product was put on a wish list.
RemoveFromWishlist = ItemsEvent  # A product was taken off a wish list.
ViewPromotion = Properties  # A promotion was shown.
SelectPromotion = Properties  # A promotion was clicked.
Share = Properties  # A product, a cart or a page was shared; makes a `share_id`.
InviteAccept = ShareOpen  # An invitation was accepted.
GroupBuyOpen = GroupBuy  # A group purchase was opened.
GroupBuyJoin = GroupBuy  # A group purchase was joined.
Review = Properties  # A product was reviewed.
SignUp = Properties  # An account was made.
Login = Properties  # Someone signed in.
Click = Properties  # Something marked for tracking was clicked.
Identify = Properties  # A device said which user it belongs to.
Alias = Properties  # Two ids are one user.
Group = Properties  # A user belongs to a company or a group.
Custom = Properties  # An event outside the catalogue; its own name is in `event_raw`.

EventName = Literal[
    "page_view",
    "screen_view",
    "search",
    "view_item_list",
    "select_item",
    "view_item",
    "add_to_cart",
    "remove_from_cart",
    "cart_update",
    "view_cart",
    "begin_checkout",
    "checkout_step",
    "add_payment_info",
    "payment_failed",
    "purchase",
    "order_cancel",
    "refund",
    "add_to_wishlist",
    "remove_from_wishlist",
    "view_promotion",
    "select_promotion",
    "share",
    "share_open",
    "invite_accept",
    "group_buy_open",
    "group_buy_join",
    "experiment_view",
    "review",
    "sign_up",
    "login",
    "click",
    "consent",
    "identify",
    "alias",
    "group",
    "custom",
]
