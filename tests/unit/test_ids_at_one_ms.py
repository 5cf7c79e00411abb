"""FAILS on 048c574: ids are made of (device, cart,) and time only."""

from tests.unit.stream_lab import MINUTE, SHOE, T0, Shop, collected


def test_a_device_that_signs_in_writes_one_version_once() -> None:
    """Anonymous and signed-in event of one device at one ms: d:dev and u:ann both write session hash(dev, T0) with version 1."""
    shop = Shop()
    shop.at(T0, collected("page_view", T0, "m0"), collected("page_view", T0, "m1", device_id="dev", user_id="ann"))
    written = [(row["session_id"], row["version"]) for row in shop.stream.rows["sessions"]]
    assert len(set(written)) == len(written), shop.stream.rows["sessions"]


def test_a_trigger_is_told_once_when_the_sign_in_and_the_cart_are_at_one_ms() -> None:
    """The same with a cart: version 1 of one trigger is written for two persons."""
    shop = Shop()
    add = {"items": (SHOE,), "cart_id": "c"}
    shop.stream.send([collected("add_to_cart", T0, "m0", **add)])
    shop.stream.send([collected("add_to_cart", T0, "m1", device_id="dev", user_id="ann", **add)])
    shop.stream.tick(T0 + 40 * MINUTE)
    shop.stream.run()
    written = [(row["episode_id"], row["version"]) for row in shop.stream.rows["carts"]]
    assert len(set(written)) == len(written), shop.stream.rows["carts"]


def test_a_cart_emptied_and_filled_again_in_one_ms_is_two_episodes() -> None:
    shop = Shop()
    for number, (name, cart) in enumerate([("add_to_cart", (SHOE,)), ("cart_update", ()), ("add_to_cart", (SHOE,))]):
        shop.at(T0, collected(name, T0, f"m{number}", cart_id="c", cart_items=cart))
    rows = shop.stream.latest("carts", "episode_id").values()
    assert sorted(row["status"] for row in rows) == ["emptied", "open"], rows


def test_two_campaigns_in_one_ms_are_two_visits() -> None:
    shop = Shop()
    shop.at(T0, collected("page_view", T0, "m0", campaign_name="a"), collected("page_view", T0, "m1", campaign_name="b"))
    assert len(shop.sessions()) == 2


def test_two_users_of_a_device_at_one_ms_have_a_visit_each() -> None:
    shop = Shop()
    shop.at(T0 - MINUTE, collected("identify", T0 - MINUTE, device_id="dev", user_id="ann"))
    shop.at(
        T0,
        collected("page_view", T0, "m0", device_id="dev", user_id="ann"),
        collected("page_view", T0, "m1", device_id="dev", user_id="bob"),
    )
    assert sorted(row["person_id"] for row in shop.sessions()) == ["u:ann", "u:bob"]
