"""FAILS on 048c574: triggers of one batch are written in the order in which persons were touched, and all of a person's at once."""

from tests.unit.stream_lab import DAY, MINUTE, SHOE, T0, Shop, collected


def test_two_carts_of_one_person_around_one_of_another() -> None:
    shop = Shop()
    for minute, device, cart in ((0, "a", "c1"), (1, "b", "c"), (2, "a", "c2")):
        at_ms = T0 + minute * MINUTE
        shop.stream.send([collected("add_to_cart", at_ms, device_id=device, cart_id=cart, items=(SHOE,))])
    shop.stream.run()
    shop.wait(T0 + DAY)
    fired = [row["fired_at_ms"] for row in shop.triggers()]
    assert fired == sorted(fired)
