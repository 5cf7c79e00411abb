"""One sitting of one person at one device: each action is a happening a few seconds after the one before."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from simulator.catalog import BY_ID, Product, line_of
from simulator.chance import pick
from simulator.config import SECOND_MS, SimConfig
from simulator.happening import Device, Happening, Invite, Line, Lines, ShopCart, Visit
from simulator.shoppers import Shopper


class Sitting:
    """Made for one visit: call its actions in order, then `done()`."""

    def __init__(self, random: Random, config: SimConfig, shopper: Shopper, device: Device, at_ms: int) -> None:
        self.random, self.config, self.shopper, self.device = random, config, shopper, device
        self.at_ms = at_ms
        self._happenings: list[Happening] = []
        self._invites: list[Invite] = []

    def land(self, channel: str = "") -> None:
        """The first page of the visit, with the channel that brought the person."""
        weights = self.config.later_channels if self.device.seen else self.config.first_channels
        self.device.seen = True
        self._do("page_view", channel=channel or pick(self.random, weights))

    def land_by_share(self) -> None:
        """A friend came by a link: the share's id is carried on."""
        self.land("social")
        self._do("share_open", share_id=self.shopper.came_by)
        if self.random.random() < 0.2:
            self._do("invite_accept", share_id=self.shopper.came_by)

    def look(self, product: Product, times: int = 1) -> None:
        """Find a product, by search or from a list, and see its page."""
        if self.random.random() < 0.5:
            self._do("search", search_term=product.category)
        else:
            self._do("view_item_list", items=(line_of(product),))
            self._do("select_item", items=(line_of(product),))
        for _ in range(times):
            self._do("view_item", items=(line_of(product),))

    def page(self) -> None:
        self._do("page_view")

    def add(self, product: Product, quantity: int = 1) -> None:
        """Put into the cart, told as the difference or as the whole cart."""
        cart = self.cart()
        before = cart.lines.get(product.id)
        cart.lines[product.id] = line_of(product, quantity + (before.quantity if before else 0))
        if self.device.cart_update and before is None and len(cart.lines) > 1:
            self._do("cart_update", cart_id=cart.id, cart_items=cart.contents())
            return
        whole = cart.contents() if self.device.whole_cart else None
        self._do("add_to_cart", items=(line_of(product, quantity),), cart_items=whole, cart_id=cart.id)

    def remove(self, product_id: str) -> None:
        """Take a product out altogether."""
        cart = self.cart()
        gone: Line = cart.lines.pop(product_id)
        whole = cart.contents() if self.device.whole_cart else None
        self._do("remove_from_cart", items=(gone,), cart_items=whole, cart_id=cart.id)

    def view_cart(self) -> None:
        self._do("view_cart", cart_id=self.cart().id)

    def checkout(self) -> None:
        cart = self.cart()
        self._do("begin_checkout", items=cart.contents(), cart_id=cart.id, value=cart.total())
        if self.random.random() < 0.5:
            self._do("checkout_step", cart_id=cart.id)

    def pay(self, fails: bool = False) -> None:
        self._do("payment_failed" if fails else "add_payment_info", cart_id=self.cart().id)

    def order(self) -> None:
        """Buy what is in the cart; the shop then gives a new cart, or empties the old one."""
        cart, shopper = self.cart(), self.shopper
        shopper.orders += 1
        nameless = len(shopper.devices) == 1 and self.random.random() < self.config.cart_less_order
        self._do(
            "purchase",
            items=cart.contents(),
            cart_id="" if nameless else cart.id,
            order_id=f"{shopper.id}-o{shopper.orders}",
            value=cart.total(),
        )
        cart.lines.clear()
        if shopper.renews_cart and cart.id:
            cart.renewals += 1
            cart.id = f"{cart.id.split('~')[0]}~{cart.renewals}"

    def share(self, number: int) -> None:
        """Tell friends about what was bought; some of them come."""
        share_id = f"{self.shopper.id}-s{number}"
        self._do("share", share_id=share_id, parent_share_id=self.shopper.came_by)
        for friend in range(int(pick(self.random, self.config.friends))):
            wait_ms = self.random.randrange(600 * SECOND_MS, 172_800 * SECOND_MS)
            self._invites.append(Invite(self.at_ms + wait_ms, share_id, friend))

    def sign_in(self, user_id: str, previous_id: str = "") -> None:
        """The device names its user; `previous_id` is another account of the same person."""
        first = not any(device.user_id for device in self.shopper.devices)
        self.device.user_id = user_id
        self._do("identify", user_id=user_id)
        if previous_id:
            self._do("alias", user_id=user_id, previous_id=previous_id)
        self._do("sign_up" if first else "login", user_id=user_id)

    def cart(self) -> ShopCart:
        """The cart this device sees: the person's own once signed in, unless the device still has something in another."""
        joint = self.shopper.cart
        is_theirs = self.device.user_id == self.shopper.user_id
        if joint is None or not self.device.user_id or not is_theirs or self.device.cart.lines:
            return self.device.cart
        return joint

    def done(self) -> Visit:
        return Visit(self._happenings, tuple(self._invites))

    def _do(self, event: str, items: Lines = (), **fields: object) -> None:
        user_id = self.device.user_id if self.device.names_user else ""
        happening = Happening(
            at_ms=self.at_ms,
            event=event,
            message_id=self.shopper.next_message_id(),
            device=self.device,
            user_id=user_id,
            items=items,
            currency=self.shopper.currency if items or "cart_items" in fields else "",
        )
        self._happenings.append(replace(happening, **fields) if fields else happening)  # type: ignore[arg-type]
        self.at_ms += self.random.randrange(2 * SECOND_MS, 50 * SECOND_MS)


def product_of(line: Line) -> Product:
    return BY_ID[line.product_id]
