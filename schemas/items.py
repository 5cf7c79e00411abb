"""An item of a cart, an order or a list, and money as the catalogue means them."""

from decimal import Decimal
from typing import Annotated

import msgspec

Id = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
Text = Annotated[str, msgspec.Meta(max_length=2048)]
# The length, because `$` alone lets a line end through.
Currency = Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}$", max_length=3)]
# Decimal(18, 4) is the warehouse's column; a larger amount is a mistake of the sender. msgspec cannot bound a Decimal, see `check_money`.
MAX_MONEY = Decimal("99999999999999")
_SURELY_FITS = 12  # the power of ten of an amount that needs no closer look: most items have a price, and events have many items


class KnownItem(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, gc=False):
    """One product in a cart, an order or a list; `price` is for one unit, in the event's currency."""

    # Of an event that was taken: the price is not looked at again, which is most of the time that decoding takes.

    product_id: Id
    name: Text = ""
    category: Text = ""
    brand: Text = ""
    variant: Text = ""
    price: Decimal | None = None
    quantity: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = msgspec.field(default_factory=lambda: 1)  # always written


class Item(KnownItem, frozen=True, omit_defaults=True, kw_only=True, gc=False):
    """One product in a cart, an order or a list; `price` is for one unit, in the event's currency."""

    # As a sender gives it. To readers it is the same thing, so both have one description and, in the schemas, one name.

    def __post_init__(self) -> None:
        if self.price is not None:
            check_money("price", self.price)


def check_money(name: str, amount: Decimal) -> None:
    """Raise ValueError, naming the field, when an amount does not fit the warehouse's Decimal(18, 4)."""
    if not amount.is_finite() or (amount.adjusted() > _SURELY_FITS and abs(amount) > MAX_MONEY):
        raise ValueError(f"{name}: not an amount of money: {amount}")
