"""The cart episode, event by event and to the millisecond."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from schemas.items import Item
from streams.logic import carts
from streams.logic.carts import Carts, Episode
from streams.logic.entry import Entry
from streams.logic.policy import Policy
from tests.unit.stream_lab import DAY, HOUR, MINUTE, SHOE, SOCK, T0, entry

POLICY = Policy()
IDLE = POLICY.abandon_idle_ms
RED = Item(product_id="shoe", variant="red", price=Decimal("21.00"))


def shop(*entries: Entry, until_ms: int = 0) -> Carts:
    """The entries in order, then time until `until_ms`."""
    found = Carts({}, [])
    for each in entries:
        carts.advance(found, each.at_ms, POLICY)
        carts.apply(found, each, POLICY)
    carts.advance(found, until_ms, POLICY)
    return found


def only(found: Carts) -> Episode:
    (episode,) = [*found.open.values(), *found.closed]
    return episode


def add(at_ms: int, *items: Item, cart_id: str = "c") -> Entry:
    return entry("add_to_cart", at_ms, cart_id=cart_id, items=items or (SHOE,))


def quantities(episode: Episode) -> dict[tuple[str, str], int]:
    return {(item.product_id, item.variant): item.quantity for item in episode.items}


def test_the_first_item_opens() -> None:
    episode = only(shop(add(T0)))
    assert (episode.status, episode.opened_ms, episode.changed_ms, episode.step) == ("open", T0, T0, "cart")


@pytest.mark.parametrize("name", ["cart_update", "begin_checkout"])
def test_the_whole_cart_opens_too(name: str) -> None:
    assert only(shop(entry(name, T0, cart_id="c", cart_items=(SHOE, SOCK)))).items == (SHOE, SOCK)


@pytest.mark.parametrize("name", ["remove_from_cart", "checkout_step", "add_payment_info", "payment_failed", "purchase", "view_cart"])
def test_nothing_else_opens(name: str) -> None:
    assert shop(entry(name, T0, cart_id="c", items=(SHOE,))) == Carts({}, [])


@pytest.mark.parametrize("name", ["add_to_cart", "cart_update", "begin_checkout"])
def test_an_empty_cart_does_not_open(name: str) -> None:
    assert shop(entry(name, T0, cart_id="c", cart_items=())) == Carts({}, [])


def test_items_add_up_by_product_and_variant() -> None:
    episode = only(shop(add(T0, SHOE), add(T0 + 1, SHOE, SOCK), add(T0 + 2, RED)))
    assert quantities(episode) == {("shoe", ""): 2, ("sock", ""): 2, ("shoe", "red"): 1}
    assert carts.value_of(episode.items) == Decimal("19.90") * 2 + Decimal("2.50") * 2 + Decimal("21.00")


def test_the_latest_price_counts() -> None:
    cheaper = msgspec.structs.replace(SHOE, price=Decimal("9.90"))
    assert carts.value_of(only(shop(add(T0, SHOE), add(T0 + 1, cheaper))).items) == Decimal("19.80")


def test_an_item_without_a_price_is_worth_nothing() -> None:
    assert carts.value_of((Item(product_id="gift"), SHOE)) == Decimal("19.90")


def test_the_whole_cart_replaces_what_was_in_it() -> None:
    whole = entry("add_to_cart", T0 + 1, cart_id="c", items=(SOCK,), cart_items=(RED,))
    assert only(shop(add(T0), whole)).items == (RED,)
    assert only(shop(add(T0), entry("remove_from_cart", T0 + 1, cart_id="c", cart_items=(RED,)))).items == (RED,)
    assert only(shop(add(T0), entry("cart_update", T0 + 1, cart_id="c", cart_items=(RED,)))).items == (RED,)


def test_taking_off_quantities() -> None:
    three = msgspec.structs.replace(SOCK, quantity=3)
    episode = only(shop(add(T0, three, SHOE), entry("remove_from_cart", T0 + 1, cart_id="c", items=(SOCK, RED))))
    assert quantities(episode) == {("sock", ""): 1, ("shoe", ""): 1}


@pytest.mark.parametrize(
    "last", [entry("remove_from_cart", T0 + 9, cart_id="c", items=(SHOE,)), entry("cart_update", T0 + 9, cart_id="c", cart_items=())]
)
def test_an_emptied_cart_ends(last: Entry) -> None:
    episode = only(shop(add(T0), last))
    assert (episode.status, episode.closed_ms) == ("emptied", T0 + 9)
    assert len(shop(add(T0), last, add(T0 + 10)).open) == 1


def test_the_furthest_step_stays() -> None:
    names = ["begin_checkout", "add_payment_info", "checkout_step", "add_to_cart"]
    found = [
        only(shop(add(T0), *(entry(name, T0 + n, cart_id="c", items=()) for n, name in enumerate(names[:end], 1)))) for end in range(5)
    ]
    assert [episode.step for episode in found] == ["cart", "checkout", "payment", "payment", "payment"]
    assert only(shop(add(T0), entry("payment_failed", T0 + 1, cart_id="c"))).step == "payment"


@pytest.mark.parametrize(
    "name", ["begin_checkout", "checkout_step", "add_payment_info", "payment_failed", "add_to_cart", "remove_from_cart"]
)
def test_every_change_restarts_the_clock(name: str) -> None:
    found = shop(add(T0), entry(name, T0 + 20 * MINUTE, cart_id="c", items=(RED,)), until_ms=T0 + 49 * MINUTE)
    assert only(found).abandoned is None and only(found).changed_ms == T0 + 20 * MINUTE


def test_looking_at_the_cart_does_not() -> None:
    assert entry("view_cart", T0, cart_id="c").cart is None


def test_abandoned_when_the_idle_time_has_passed_and_not_before() -> None:
    assert only(shop(add(T0), until_ms=T0 + IDLE - 1)).abandoned is None
    snapshot = only(shop(add(T0), until_ms=T0 + IDLE)).abandoned
    assert snapshot is not None and (snapshot.at_ms, snapshot.step, snapshot.items) == (T0 + IDLE, "cart", (SHOE,))


def test_an_order_one_millisecond_before_prevents_it() -> None:
    episode = only(shop(add(T0), entry("purchase", T0 + IDLE - 1, cart_id="c"), until_ms=T0 + DAY))
    assert (episode.status, episode.abandoned, episode.recovered) == ("ordered", None, False)


@pytest.mark.parametrize("name", ["purchase", "add_to_cart"])
def test_at_that_very_millisecond_it_is_too_late(name: str) -> None:
    episode = only(shop(add(T0), entry(name, T0 + IDLE, cart_id="c", items=(SHOE,))))
    assert episode.abandoned is not None and episode.abandoned.at_ms == T0 + IDLE
    assert episode.recovered == (name == "purchase")


def test_a_cart_is_abandoned_again_and_keeps_the_first_time_and_contents() -> None:
    episode = only(shop(add(T0), add(T0 + HOUR, SOCK), until_ms=T0 + 3 * HOUR))
    assert episode.abandonments == 2 and episode.abandoned is not None
    assert (episode.abandoned.at_ms, episode.abandoned.items) == (T0 + IDLE, (SHOE,))


@pytest.mark.parametrize(("after_ms", "recovered"), [(0, True), (POLICY.attribution_ms, True), (POLICY.attribution_ms + 1, False)])
def test_recovered_within_the_window_from_the_first_abandonment(after_ms: int, recovered: bool) -> None:
    order = entry("purchase", T0 + IDLE + after_ms, cart_id="c", order_id="o", value=Decimal("19.90"))
    episode = only(shop(add(T0), order))
    assert (episode.status, episode.recovered, episode.order_id, episode.revenue) == ("ordered", recovered, "o", "19.90")
    assert episode.closed_ms == order.at_ms


def test_expires_after_its_time_and_not_before() -> None:
    assert only(shop(add(T0), until_ms=T0 + POLICY.cart_expiry_ms - 1)).status == "open"
    episode = only(shop(add(T0), until_ms=T0 + 400 * DAY))
    assert (episode.status, episode.closed_ms) == ("expired", T0 + POLICY.cart_expiry_ms)
    assert episode.abandoned is not None


def test_after_its_end_a_cart_id_opens_a_new_episode() -> None:
    found = shop(add(T0), entry("purchase", T0 + 1, cart_id="c"), add(T0 + 2))
    assert found.open["c"].episode_id != found.closed[0].episode_id


def test_an_order_without_a_cart_id_ends_the_open_one_that_changed_last() -> None:
    found = shop(add(T0, cart_id="a"), add(T0 + 1, cart_id="b"), add(T0 + 2, cart_id="a"), entry("purchase", T0 + 3))
    assert [episode.cart_id for episode in found.closed] == ["a"] and set(found.open) == {"b"}


def test_an_order_of_an_unknown_cart_ends_none() -> None:
    assert set(shop(add(T0), entry("purchase", T0 + 1, cart_id="other")).open) == {"c"}


def test_carts_stand_side_by_side() -> None:
    found = shop(add(T0, cart_id="a"), add(T0 + 20 * MINUTE, cart_id="b"), until_ms=T0 + 40 * MINUTE)
    assert {cart_id: episode.abandoned is not None for cart_id, episode in found.open.items()} == {"a": True, "b": False}


def test_what_happens_next_and_when() -> None:
    assert carts.next_wake_ms(Carts({}, []), T0, POLICY) is None
    assert carts.next_wake_ms(shop(add(T0, cart_id="a"), add(T0 + 1, cart_id="b")), T0, POLICY) == T0 + IDLE
    idle = shop(add(T0), until_ms=T0 + IDLE)
    assert carts.next_wake_ms(idle, T0 + IDLE, POLICY) == T0 + POLICY.cart_expiry_ms


def test_an_episode_is_named_after_who_opened_it_and_not_after_the_person() -> None:
    ids = {only(shop(entry("add_to_cart", T0, cart_id="c", items=(SHOE,), person_id=person))).episode_id for person in ("d:dev", "u:ann")}
    assert len(ids) == 1
    other = entry("add_to_cart", T0, cart_id="c", items=(SHOE,), device_id="other")
    assert only(shop(other)).episode_id not in ids


def test_merged_carts_of_one_id_become_the_earlier_with_the_contents_of_the_later() -> None:
    first, second = shop(add(T0), entry("begin_checkout", T0 + 1, cart_id="c")), shop(add(T0 + 2, SOCK), until_ms=T0 + HOUR)
    carts.merge(second, first)
    episode = second.open["c"]
    assert (episode.opened_ms, episode.changed_ms, episode.items, episode.step, episode.idle) == (T0, T0 + 2, (SOCK,), "checkout", True)
    assert [each.status for each in second.closed] == ["merged"]


def test_merged_carts_of_other_ids_stand_side_by_side() -> None:
    first, second = shop(add(T0, cart_id="a")), shop(add(T0, cart_id="b"))
    carts.merge(first, second)
    assert set(first.open) == {"a", "b"} and not first.closed
