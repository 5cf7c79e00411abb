"""Properties of events: money, needs, limits; and any valid ones come back unchanged from JSON."""

from decimal import Decimal
from typing import Any

import jsonschema
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.events import CATALOGUE, EventType
from schemas.generators.json_schema import event_schema
from schemas.items import MAX_MONEY, Item
from schemas.properties import Properties

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
IDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
MONEY = st.decimals(min_value=-MAX_MONEY, max_value=MAX_MONEY, allow_nan=False, allow_infinity=False)
ITEMS = st.builds(
    Item,
    product_id=IDS,
    name=TEXTS,
    category=TEXTS,
    brand=TEXTS,
    variant=TEXTS,
    price=st.none() | MONEY,
    quantity=st.integers(1, 1_000_000),
)
LISTS = st.lists(ITEMS, min_size=1, max_size=3).map(tuple)
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "items": LISTS,
    "cart_items": st.just(()) | LISTS,
    "value": MONEY,
    "currency": st.from_regex(r"\A[A-Z]{3}\Z"),
    "checkout_step": st.integers(0, 255),
    "group_size": st.integers(2, 65_535),
    "rating": st.floats(0, 100),
    "purposes": st.dictionaries(TEXTS, st.booleans(), min_size=1, max_size=3),
    **dict.fromkeys(("cart_id", "order_id", "share_id", "parent_share_id", "group_buy_id", "experiment_id", "search_term"), IDS),
    **dict.fromkeys(("coupon", "payment_method", "list_id", "method", "content_type", "variant", "target"), TEXTS),
}
VALIDATORS = {name: jsonschema.Draft202012Validator(event_schema(event)) for name, event in CATALOGUE.items()}


def _properties(event: EventType) -> st.SearchStrategy[Properties]:
    needed = {name: FIELDS[name].filter(bool) for name in event.properties.needs}  # an empty text is not enough
    needed |= {name: FIELDS[name] for name in event.properties.needs_given}
    optional = {name: field for name, field in FIELDS.items() if name not in needed}
    return st.fixed_dictionaries(needed, optional=optional).map(lambda fields: event.properties(**fields))


ANY = st.sampled_from(list(CATALOGUE.values())).flatmap(lambda event: st.tuples(st.just(event), _properties(event)))


def _read(text: str) -> Properties:
    return msgspec.json.decode(text, type=Properties)


def test_the_strategy_knows_every_property() -> None:
    assert set(FIELDS) == {field.name for field in msgspec.structs.fields(Properties)}


@given(ANY)
def test_any_valid_properties_come_back_unchanged_and_fit_the_json_schema(drawn: tuple[EventType, Properties]) -> None:
    event, properties = drawn
    text = msgspec.json.encode(properties)
    assert msgspec.json.decode(text, type=event.properties) == properties
    VALIDATORS[event.name].validate(msgspec.json.decode(text))


@pytest.mark.parametrize("text", ["129.9", '"129.90"', '"129.9000"', "1.299e2", '"+129.9"'])
def test_money_is_a_number_or_text(text: str) -> None:
    assert _read(f'{{"value": {text}}}').value == Decimal("129.9")
    VALIDATORS["purchase"].validate({"value": msgspec.json.decode(text)})


def test_money_keeps_every_digit_of_a_number() -> None:
    assert _read('{"value": 12345678901234.5678}').value == Decimal("12345678901234.5678")


@pytest.mark.parametrize("text", ['"NaN"', '"Infinity"', '"-Infinity"', '""', '"12,50"', "true", "[]", "1e15"])
def test_what_is_no_money_is_rejected_by_both(text: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=r"value|decimal"):
        _read(f'{{"value": {text}}}')
    assert not VALIDATORS["purchase"].is_valid({"value": msgspec.json.decode(text)})


@pytest.mark.parametrize("currency", ["eur", "EURO", "EU", "EUR\n", " EUR", ""])
def test_what_is_no_currency_is_rejected_by_both(currency: str) -> None:
    with pytest.raises(msgspec.ValidationError, match="currency"):
        msgspec.convert({"currency": currency}, Properties)
    assert not VALIDATORS["purchase"].is_valid({"currency": currency})


@pytest.mark.parametrize("name", CATALOGUE)
def test_what_an_event_needs_may_be_neither_missing_nor_null(name: str) -> None:
    event = CATALOGUE[name]
    for needed in (*event.properties.needs, *event.properties.needs_given):
        others = {other: "x" for other in event.properties.needs if other != needed}
        for wrong in (others, {**others, needed: None}):
            with pytest.raises(msgspec.ValidationError, match=needed):
                msgspec.convert(wrong, event.properties)
            assert not VALIDATORS[name].is_valid(wrong)


def test_an_empty_cart_is_a_cart() -> None:
    assert msgspec.convert({"cart_items": []}, CATALOGUE["cart_update"].properties).cart_items == ()
    VALIDATORS["cart_update"].validate({"cart_items": []})


def test_unknown_properties_are_no_error() -> None:
    _read('{"colour": "red"}')
    VALIDATORS["page_view"].validate({"colour": "red"})
