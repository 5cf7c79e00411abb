"""The event catalogue: every canonical event, what it needs, and what it means.

Names are Google Analytics 4's where GA4 has one (developers.google.com, "Recommended events"); the rest are ours.
"""

import msgspec

from schemas.properties import CartUpdate, Consent, ExperimentView, GroupBuy, ItemsEvent, OrderEvent, Properties, Search, ShareOpen


class EventType(msgspec.Struct, frozen=True):
    """One event of the catalogue: its name, the type that validates its properties, and its meaning in a sentence."""

    name: str
    properties: type[Properties]
    meaning: str


_ALL = [
    EventType("page_view", Properties, "A page was shown."),
    EventType("screen_view", Properties, "A screen of an app was shown."),
    EventType("search", Search, "The shop was searched."),
    EventType("view_item_list", Properties, "A list of products was shown."),
    EventType("select_item", ItemsEvent, "A product was picked from a list."),
    EventType("view_item", ItemsEvent, "A product's page was seen."),
    EventType("add_to_cart", ItemsEvent, "Items were put into the cart; `quantity` is what was added."),
    EventType("remove_from_cart", ItemsEvent, "Items were taken out; `quantity` is what was removed."),
    EventType("cart_update", CartUpdate, "The whole cart as it is now."),
    EventType("view_cart", Properties, "The cart was looked at."),
    EventType("begin_checkout", Properties, "Checkout began."),
    EventType("checkout_step", Properties, "A step of the checkout was reached."),
    EventType("add_payment_info", Properties, "Payment details were given."),
    EventType("payment_failed", Properties, "A payment was refused."),
    EventType("purchase", Properties, "An order was placed; `value` is its revenue."),
    EventType("order_cancel", OrderEvent, "An order was cancelled."),
    EventType("refund", OrderEvent, "An order was refunded, `value` of it."),
    EventType("add_to_wishlist", ItemsEvent, "A product was put on a wish list."),
    EventType("remove_from_wishlist", ItemsEvent, "A product was taken off a wish list."),
    EventType("view_promotion", Properties, "A promotion was shown."),
    EventType("select_promotion", Properties, "A promotion was clicked."),
    EventType("share", Properties, "A product, a cart or a page was shared; makes a `share_id`."),
    EventType("share_open", ShareOpen, "Someone came through a share."),
    EventType("invite_accept", ShareOpen, "An invitation was accepted."),
    EventType("group_buy_open", GroupBuy, "A group purchase was opened."),
    EventType("group_buy_join", GroupBuy, "A group purchase was joined."),
    EventType("experiment_view", ExperimentView, "A variant of an experiment was shown."),
    EventType("review", Properties, "A product was reviewed."),
    EventType("sign_up", Properties, "An account was made."),
    EventType("login", Properties, "Someone signed in."),
    EventType("click", Properties, "Something marked for tracking was clicked."),
    EventType("consent", Consent, "Consent was given or withdrawn, by purpose."),
    EventType("identify", Properties, "A device said which user it belongs to."),
    EventType("alias", Properties, "Two ids are one user."),
    EventType("group", Properties, "A user belongs to a company or a group."),
    EventType("custom", Properties, "An event outside the catalogue; its own name is in `event_raw`."),
]

CATALOGUE: dict[str, EventType] = {event.name: event for event in _ALL}
# They say who someone is or what was shown: no part of a visit, and no sign of life, for the stream as for the views.
QUIET = ("identify", "alias", "group", "consent", "experiment_view")
