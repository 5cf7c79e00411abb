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
search = _shared.search
share = _shared.share
share_open = _shared.share_open

__all__ = ["Client", "Item", "NotSent", "Refused", "Rejected", "Share", "Who", "__version__"]
__all__ += ["alias", "close", "flush", "group", "identify", "init", "page", "screen", "track"]
__all__ += ["add_to_cart", "begin_checkout", "cart_update", "checkout_step", "remove_from_cart", "view_cart", "view_item"]
__all__ += ["add_payment_info", "purchase", "search", "share", "share_open"]
