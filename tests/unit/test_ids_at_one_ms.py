"""What begins at one millisecond has ids of its own: two carts, two visits, and what an anonymous and a signed-in event begin."""

from __future__ import annotations

from schemas.collected import Collected
from tests.unit.stream_lab import MINUTE, SHOE, T0, Shop, collected


def page(message_id: str, **fields: str) -> Collected:
    return collected("page_view", T0, message_id, **fields)


def add(message_id: str, **who: str) -> Collected:
    return collected("add_to_cart", T0, message_id, cart_id="c", items=(SHOE,), **who)


def versions(shop: Shop, topic: str, key: str) -> list[tuple[str, int]]:
    """Id and version of every row that was written."""
    return [(row[key], row["version"]) for row in shop.stream.rows[topic]]


def test_a_device_that_signs_in_writes_no_version_of_a_visit_twice() -> None:
    """Before the merge `d:dev` and `u:ann` have a visit each that began at T0."""
    shop = Shop()
    shop.at(T0, page("m0"), page("m1", device_id="dev", user_id="ann"))
    written = versions(shop, "sessions", "session_id")
    assert len(set(written)) == len(written)
    assert [row["person_id"] for row in shop.sessions()] == ["u:ann"]


def test_a_device_that_signs_in_writes_no_version_of_a_cart_twice() -> None:
    shop = Shop()
    for event in (add("m0"), add("m1", device_id="dev", user_id="ann")):
        shop.stream.send([event])
    shop.wait(T0 + 40 * MINUTE)
    written = versions(shop, "carts", "episode_id")
    assert len(set(written)) == len(written)
    told = versions(shop, "triggers", "trigger_id")
    assert told and len(set(told)) == len(told)


def test_a_cart_that_is_emptied_and_filled_again_is_two_episodes() -> None:
    shop = Shop()
    steps = [("add_to_cart", (SHOE,)), ("cart_update", ()), ("add_to_cart", (SHOE,))]
    for number, (name, whole) in enumerate(steps):
        shop.at(T0, collected(name, T0, f"m{number}", cart_id="c", cart_items=whole))
    rows = shop.stream.latest("carts", "episode_id").values()
    assert sorted(row["status"] for row in rows) == ["emptied", "open"]


def test_two_campaigns_are_two_visits() -> None:
    shop = Shop()
    shop.at(T0, page("m0", campaign_name="a"), page("m1", campaign_name="b"))
    assert len(shop.sessions()) == 2


def test_two_users_of_a_device_have_a_visit_each() -> None:
    shop = Shop()
    shop.at(T0 - MINUTE, collected("identify", T0 - MINUTE, device_id="dev", user_id="ann"))
    shop.at(T0, page("m0", device_id="dev", user_id="ann"), page("m1", device_id="dev", user_id="bob"))
    assert sorted(row["person_id"] for row in shop.sessions()) == ["u:ann", "u:bob"]
