"""cartwake for servers, tills and imports.

    import cartwake

    cartwake.init("write-key", "https://collect.shop.example")
    cartwake.add_to_cart({"product_id": "tea", "price": "4.50"}, {"currency": "EUR"}, user_id="ana")

The functions of this module are those of one `Client`, which `init` makes.
"""

from __future__ import annotations

from cartwake.client import VERSION as __version__
from cartwake.client import Client
from cartwake.commerce import Share, Who
from cartwake.events_gen import Item
from cartwake.kafka import KafkaTransport
from cartwake.reports import NotSent, Refused, Rejected
from cartwake.shared import Shared

_shared = Shared()
init = _shared.init
flush = _shared.flush
close = _shared.close
track = _shared.track
page = _shared.page
screen = _shared.screen
identify = _shared.identify
alias = _shared.alias
group = _shared.group
view_item = _shared.view_item
add_to_cart = _shared.add_to_cart
remove_from_cart = _shared.remove_from_cart
cart_update = _shared.cart_update
view_cart = _shared.view_cart
begin_checkout = _shared.begin_checkout
checkout_step = _shared.checkout_step
add_payment_info = _shared.add_payment_info
purchase = _shared.purchase
payment_failed = _shared.payment_failed
order_cancel = _shared.order_cancel
refund = _shared.refund
view_item_list = _shared.view_item_list
select_item = _shared.select_item
add_to_wishlist = _shared.add_to_wishlist
remove_from_wishlist = _shared.remove_from_wishlist
view_promotion = _shared.view_promotion
select_promotion = _shared.select_promotion
review = _shared.review
sign_up = _shared.sign_up
login = _shared.login
consent = _shared.consent
search = _shared.search
share = _shared.share
share_open = _shared.share_open
invite_accept = _shared.invite_accept
group_buy_open = _shared.group_buy_open
group_buy_join = _shared.group_buy_join
experiment_view = _shared.experiment_view

__all__ = ["Client", "Item", "KafkaTransport", "NotSent", "Refused", "Rejected", "Share", "Who", "__version__"]
__all__ += ["close", "flush", "init"]
__all__ += ["alias", "group", "identify", "page", "screen", "track"]
__all__ += ["add_to_cart", "begin_checkout", "cart_update", "remove_from_cart", "view_cart", "view_item"]
__all__ += ["add_payment_info", "checkout_step", "order_cancel", "payment_failed", "purchase", "refund"]
__all__ += ["add_to_wishlist", "remove_from_wishlist", "select_item", "select_promotion", "view_item_list", "view_promotion"]
__all__ += ["consent", "login", "review", "search", "share", "sign_up"]
__all__ += ["experiment_view", "group_buy_join", "group_buy_open", "invite_accept", "share_open"]
