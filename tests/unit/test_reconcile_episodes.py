"""Episodes for the reconciliation equal the reference, which keeps each episode as the list of its events."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconcile.episodes import Cart, CartEvent, CartRules, Line, episodes
from schemas.collected import Collected
from schemas.items import Item
from tests.unit.reference_carts import CHANGING, carts_of
from tests.unit.reference_events import Fact, facts_of
from tests.unit.reference_persons import Persons, by_person
from tests.unit.reference_stories import ENDS_MS, POLICY, stories

RULES = CartRules(POLICY.abandon_idle_ms, POLICY.cart_expiry_ms, POLICY.attribution_ms)
HOUR = 3_600_000


def lines(items: tuple[Item, ...]) -> list[Line]:
    return [(item.product_id, item.variant, item.price, item.quantity) for item in items]


def cart_event(person: str, fact: Fact) -> CartEvent:
    event = fact.event
    whole = None if event.cart_items is None else lines(event.cart_items)
    return CartEvent(person, fact.at_ms, event.event, event.cart_id, lines(event.items), whole, event.currency, event.order_id, event.value)


@settings(max_examples=400, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(made=stories(), now_ms=st.sampled_from([ENDS_MS[0] - 16 * HOUR, *ENDS_MS]))
def test_episodes_are_those_of_the_reference(made: list[Collected], now_ms: int) -> None:
    facts = facts_of(made, POLICY)
    own = by_person(facts, Persons(facts))
    last_ms = max((fact.at_ms for fact in facts), default=0)
    now_ms = max(now_ms, last_ms)
    events = [
        cart_event(person, fact) for person, facts in sorted(own.items()) for fact in facts if fact.event.event in {*CHANGING, "purchase"}
    ]
    found = sorted(map(_shown, episodes(events, RULES, now_ms)), key=repr)
    expected = []
    for person, facts in own.items():
        for cart in carts_of(facts, POLICY, now_ms):
            values = cart._asdict()
            del values["items"], values["abandoned_items"]
            values |= {"closed_ms": cart.closed_ms or 0, "abandoned_ms": cart.abandoned_ms or 0}
            expected.append({"person_id": person, **values})
    assert found == sorted(map(_sorted, expected), key=repr)


def _shown(cart: Cart) -> dict[str, object]:
    return _sorted(cart._asdict())


def _sorted(values: dict[str, object]) -> dict[str, object]:
    return dict(sorted(values.items()))


def event(hour: float, name: str, **more: object) -> CartEvent:
    made: dict[str, object] = {"cart_id": "", "items": [], "whole": None, "currency": "EUR", "order_id": "", "value": None}
    return CartEvent("u:ana", int(hour * HOUR), name, **{**made, **more})  # type: ignore[arg-type]


def test_by_hand() -> None:
    rules = CartRules(idle_ms=HOUR // 2, expiry_ms=10 * HOUR, attribution_ms=2 * HOUR)
    tea, cup = ("tea", "", Decimal("2.5"), 2), ("cup", "", Decimal(4), 1)
    events = [
        event(0, "add_to_cart", items=[tea]),
        event(0.25, "add_to_cart", cart_id="other", items=[cup]),
        event(0.5, "begin_checkout"),  # at the very moment of falling idle: too late to prevent it
        event(2, "purchase", order_id="1", value=Decimal(5)),  # names no cart: the one that changed last
        event(3, "remove_from_cart", cart_id="other", whole=[]),
        event(4, "add_to_cart", items=[tea]),
        event(20, "add_payment_info"),  # the cart has expired
    ]
    found = [
        (cart.cart_id, cart.status, cart.abandonments, cart.abandoned_ms / HOUR, cart.abandoned_step, cart.recovered, cart.value)
        for cart in episodes(events, rules, 30 * HOUR)
    ]
    assert found == [
        ("", "ordered", 2, 0.5, "cart", True, Decimal(5)),
        ("other", "emptied", 1, 0.75, "cart", False, 0),
        ("", "expired", 1, 4.5, "cart", False, Decimal(5)),
    ]
