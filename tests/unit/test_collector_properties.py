"""Segment's and GA4's property names, and what the catalogue makes of them."""

from decimal import Decimal
from typing import Any

import pytest

from collector.properties import fill, read
from collector.rejection import Rejection
from schemas.collected import Collected
from schemas.items import Item
from schemas.reasons import RejectReason


def taken(event: str, given: dict[str, Any]) -> Collected:
    found = read(event, given)
    assert not isinstance(found, Rejection), found
    line = Collected(event=event, message_id="m", write_key="k", received_at_ms=1)
    fill(line, found)
    return line


def refused(event: str, given: dict[str, Any]) -> Rejection:
    found = read(event, given)
    assert isinstance(found, Rejection)
    return found


def test_a_flat_product_becomes_a_list_of_one() -> None:
    line = taken("add_to_cart", {"product_id": 507, "sku": "G-32", "name": "Monopoly", "price": "18.99", "quantity": "2", "position": 3})
    assert line.items == (Item(product_id="507", name="Monopoly", price=Decimal("18.99"), quantity=2),)
    assert line.props == {"sku": "G-32", "position": 3}


@pytest.mark.parametrize("name", ["product_id", "sku", "item_id", "productId", "itemId"])
def test_names_of_the_product_id(name: str) -> None:
    assert taken("view_item", {name: "p1"}).items[0].product_id == "p1"


@pytest.mark.parametrize("name", ["products", "items"])
def test_lists_of_both_vocabularies(name: str) -> None:
    given = {name: [{"item_id": 1, "item_name": "A", "item_category": "B", "item_brand": "C", "item_variant": 42, "price": 1, "index": 0}]}
    expected = Item(product_id="1", name="A", category="B", brand="C", variant="42", price=Decimal(1))
    assert taken("view_item_list", given).items == (expected,)


def test_an_order_is_worth_its_revenue_and_keeps_the_other_amounts() -> None:
    line = taken("purchase", {"order_id": 50314, "total": 27.5, "revenue": 25.0, "shipping": 3, "currency": "usd", "coupon": "X"})
    assert (line.order_id, line.value, line.currency, line.coupon) == ("50314", Decimal("25"), "USD", "X")
    assert line.props == {"total": 27.5, "shipping": 3}


def test_ga4_spells_it_transaction_id_and_value() -> None:
    line = taken("purchase", {"transaction_id": "T1", "value": 12.21, "currency": "EUR", "items": [{"item_id": "a"}]})
    assert (line.order_id, line.value) == ("T1", Decimal("12.21"))


def test_searches_are_queries() -> None:
    assert taken("search", {"query": "shoes"}).search_term == "shoes"
    assert refused("search", {}) == Rejection(RejectReason.MISSING_FIELD, "search_term: this event needs it", "search_term")


def test_null_and_empty_text_count_as_not_given() -> None:
    line = taken("purchase", {"cart_id": "", "order_id": None, "value": "", "currency": None})
    assert (line.cart_id, line.order_id, line.value, line.currency, line.props) == ("", "", None, "", {})


def test_text_that_only_says_null_stays_within_the_types() -> None:
    line = taken("begin_checkout", {"checkout_step": "null", "coupon": "null"})
    assert (line.checkout_step, line.coupon) in ((0, "null"), (0, ""))


def test_prices_may_be_nothing_or_less() -> None:
    assert [taken("view_item", {"sku": "a", "price": price}).items[0].price for price in (0, -1.5)] == [Decimal(0), Decimal("-1.5")]


def test_amounts_are_fitted_to_four_places_without_an_exponent() -> None:
    line = taken("purchase", {"value": 1e5, "items": [{"id": "a", "price": 0.000012}, {"id": "b", "price": 1.23456}]})
    assert [str(line.value), *(str(item.price) for item in line.items)] == ["100000.0", "0.0000", "1.2346"]


def test_a_cart_update_is_the_whole_cart() -> None:
    assert taken("cart_update", {"products": [{"sku": "a"}]}).cart_items == (Item(product_id="a"),)
    assert taken("cart_update", {"cart_items": []}).cart_items == ()
    assert refused("cart_update", {}).field == "cart_items"


def test_purposes_of_a_consent_are_kept() -> None:
    assert taken("consent", {"purposes": {"marketing": True}, "version": "2"}).props == {"purposes": {"marketing": True}, "version": "2"}


@pytest.mark.parametrize(
    ("event", "given", "code", "field"),
    [
        ("add_to_cart", {}, RejectReason.MISSING_FIELD, "items"),
        ("add_to_cart", {"items": "x"}, RejectReason.INVALID_FIELD, "items"),
        ("add_to_cart", {"items": ["x"]}, RejectReason.INVALID_FIELD, "items[0]"),
        ("add_to_cart", {"items": [{"name": "x"}]}, RejectReason.MISSING_FIELD, "items[0].product_id"),
        ("add_to_cart", {"sku": "a", "quantity": 0}, RejectReason.INVALID_FIELD, "items[0].quantity"),
        ("add_to_cart", {"sku": "a", "price": "$5"}, RejectReason.INVALID_FIELD, "items[0].price"),
        ("add_to_cart", {"sku": "a", "price": 1e30}, RejectReason.INVALID_FIELD, "items[0].price"),
        ("add_to_cart", {"sku": "a" * 129}, RejectReason.INVALID_FIELD, "items[0].product_id"),
        ("purchase", {"currency": "dollars"}, RejectReason.INVALID_FIELD, "currency"),
        ("purchase", {"value": "NaN"}, RejectReason.INVALID_FIELD, "value"),
        ("refund", {}, RejectReason.MISSING_FIELD, "order_id"),
        ("consent", {"purposes": {"marketing": "perhaps"}}, RejectReason.INVALID_FIELD, "purposes"),
        ("review", {"rating": 1000}, RejectReason.INVALID_FIELD, "rating"),
    ],
)
def test_refusals_name_the_field(event: str, given: dict[str, Any], code: RejectReason, field: str) -> None:
    found = refused(event, given)
    assert (found.code, found.field) == (code, field)
    assert found.message.startswith(field)


@pytest.mark.parametrize("event", ["custom", "page_view", "screen_view"])
def test_events_of_the_shops_own_are_not_refused_for_their_properties(event: str) -> None:
    given = {"value": "a lot", "items": ["x"], "query": "q", "total": 5}
    line = taken(event, given)
    assert (line.props, line.value, line.items) == (given, None, ())


def test_events_of_the_shops_own_may_use_the_catalogues_fields() -> None:
    line = taken("custom", {"cart_id": 7, "value": 5, "query": "q"})
    assert (line.cart_id, line.value, line.props) == ("7", Decimal(5), {"query": "q"})


def test_traits_are_kept_as_they_are() -> None:
    assert taken("identify", {"currency": "dollars", "items": 5}).props == {"currency": "dollars", "items": 5}


@pytest.mark.parametrize(
    "given",
    [
        {"experiment_id": "button", "variant": "green"},
        {"experimentId": "button", "variationId": "green", "variationName": "Green"},
        {"experiment_id": "button", "variation_name": "green"},
        {"exp_variant_string": "button-green"},
    ],
)
def test_names_of_an_experiments_variant(given: dict[str, Any]) -> None:
    line = taken("experiment_view", given)
    assert (line.experiment_id, line.variant, line.items) == ("button", "green", ())


def test_elsewhere_a_variant_is_the_products() -> None:
    line = taken("add_to_cart", {"product_id": "p1", "variant": "red", "group_size": "3"})
    assert (line.variant, line.items[0].variant, line.group_size) == ("", "red", 3)
    assert taken("page_view", {"variant": "dark"}).props == {"variant": "dark"}


@pytest.mark.parametrize("event", ["view_cart", "begin_checkout", "purchase"])
def test_what_has_no_value_is_worth_what_its_items_cost(event: str) -> None:
    lines = [{"product_id": "tea", "price": "4.50", "quantity": 3}, {"product_id": "cup", "price": 0.1}]
    assert taken(event, {"items": lines}).value == Decimal("13.6")
    assert taken(event, {"cart_items": lines}).value == Decimal("13.6")
    assert taken(event, {"items": lines, "value": 15}).value == 15
    assert taken(event, {"items": [*lines, {"product_id": "gift"}]}).value is None
    assert taken(event, {}).value is None
    assert taken("view_item", {"items": lines}).value is None
