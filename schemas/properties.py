"""Properties of every event of the catalogue: decoded and validated in one step by msgspec.

`Properties` lists each typed field once; an event's own class says which of them it needs. Unknown
properties are no error: the collector keeps them as `props`.
"""

from decimal import Decimal
from typing import Annotated, ClassVar

import msgspec

from schemas.items import Currency, Id, Item, Text, check_money

ItemList = Annotated[tuple[Item, ...], msgspec.Meta(max_length=200)]


class Properties(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """All typed properties an event may carry; amounts are in `currency` (ISO 4217)."""

    items: ItemList = ()
    cart_items: ItemList | None = None  # the whole cart after this event, where the client knows it
    cart_id: Id | None = None
    order_id: Id | None = None
    value: Decimal | None = None
    currency: Currency | None = None
    coupon: Text | None = None
    payment_method: Text | None = None
    checkout_step: Annotated[int, msgspec.Meta(ge=0, le=255)] | None = None
    search_term: Text | None = None
    list_id: Text | None = None
    share_id: Id | None = None
    parent_share_id: Id | None = None
    method: Text | None = None
    content_type: Text | None = None
    group_buy_id: Id | None = None
    group_size: Annotated[int, msgspec.Meta(ge=2, le=65_535)] | None = None
    experiment_id: Id | None = None
    variant: Text | None = None  # of the experiment; a product's is in its item
    rating: Annotated[float, msgspec.Meta(ge=0, le=100)] | None = None
    purposes: dict[str, bool] | None = None
    target: Text | None = None  # what was clicked

    needs: ClassVar[tuple[str, ...]] = ()  # must be there and not empty
    needs_given: ClassVar[tuple[str, ...]] = ()  # must be there, may be empty

    def __post_init__(self) -> None:
        if self.value is not None:
            check_money("value", self.value)
        for name in self.needs:
            if not getattr(self, name):
                raise ValueError(f"{name}: this event needs it")
        for name in self.needs_given:
            if getattr(self, name) is None:
                raise ValueError(f"{name}: this event needs it (it may be empty)")


class ItemsEvent(Properties, frozen=True, omit_defaults=True, kw_only=True):
    """An event about one or more products."""

    needs: ClassVar[tuple[str, ...]] = ("items",)


class CartUpdate(Properties, frozen=True, omit_defaults=True, kw_only=True):
    """The whole cart as it is now; an empty list empties it."""

    needs_given: ClassVar[tuple[str, ...]] = ("cart_items",)


class Search(Properties, frozen=True, omit_defaults=True, kw_only=True):
    needs: ClassVar[tuple[str, ...]] = ("search_term",)


class OrderEvent(Properties, frozen=True, omit_defaults=True, kw_only=True):
    """An order that was changed after it was placed."""

    needs: ClassVar[tuple[str, ...]] = ("order_id",)


class ShareOpen(Properties, frozen=True, omit_defaults=True, kw_only=True):
    needs: ClassVar[tuple[str, ...]] = ("share_id",)


class GroupBuy(Properties, frozen=True, omit_defaults=True, kw_only=True):
    needs: ClassVar[tuple[str, ...]] = ("group_buy_id",)


class ExperimentView(Properties, frozen=True, omit_defaults=True, kw_only=True):
    needs: ClassVar[tuple[str, ...]] = ("experiment_id", "variant")


class Consent(Properties, frozen=True, omit_defaults=True, kw_only=True):
    needs: ClassVar[tuple[str, ...]] = ("purposes",)
