"""What a shopper really did, at the true time; everything that is sent is made from these."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple


class Line(NamedTuple):
    """One product in a cart."""

    product_id: str
    price: Decimal
    quantity: int

    @property
    def amount(self) -> Decimal:
        return self.price * self.quantity


Lines = tuple[Line, ...]


@dataclass(eq=False, slots=True)
class Device:
    """One browser or app. `skew_ms` is what its clock shows too much."""

    id: str
    kind: str  # mobile, desktop, tablet, bot
    skew_ms: int = 0
    shared: bool = False  # by two people: then its events arrive in order
    whole_cart: bool = False
    cart_update: bool = False
    segment_names: bool = False
    names_user: bool = True  # events after the login carry the user id
    seen: bool = False
    user_id: str = ""  # who is signed in
    cart: ShopCart = field(default_factory=lambda: ShopCart(""))


@dataclass(eq=False, slots=True)
class ShopCart:
    """The shop's own idea of a cart: its id and what is in it."""

    id: str
    lines: dict[str, Line] = field(default_factory=dict)
    renewals: int = 0

    def contents(self) -> Lines:
        return tuple(self.lines.values())

    def total(self) -> Decimal:
        return sum((line.amount for line in self.lines.values()), Decimal(0))


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Happening:
    """One event as it truly was. Fields are those of the event catalogue."""

    at_ms: int
    event: str
    message_id: str
    device: Device
    user_id: str = ""
    previous_id: str = ""
    channel: str = ""  # set where a visit begins
    items: Lines = ()
    cart_items: Lines | None = None
    cart_id: str = ""
    order_id: str = ""
    value: Decimal | None = None
    currency: str = ""
    share_id: str = ""
    parent_share_id: str = ""
    search_term: str = ""
    target: str = ""
    group_buy_id: str = ""
    group_size: int = 0
    experiment_id: str = ""
    variant: str = ""


class Invite(NamedTuple):
    """A friend who comes through a share."""

    at_ms: int
    share_id: str
    number: int


@dataclass(frozen=True, eq=False, slots=True)
class Visit:
    """What happened in one sitting, in order of time, and who it brings."""

    happenings: list[Happening]
    invites: tuple[Invite, ...] = ()
    follows: bool = False  # comes after an order, which it may repeat: nothing comes after it

    @property
    def at_ms(self) -> int:
        return self.happenings[0].at_ms
