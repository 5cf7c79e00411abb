"""Triggers of one batch stand in the order in which they fired, whoever they are of."""

from __future__ import annotations

from tests.unit.stream_lab import DAY, MINUTE, SHOE, T0, Shop, collected


def test_a_cart_of_another_person_fires_between_two_of_one() -> None:
    shop = Shop()
    for minute, device, cart in ((0, "a", "c1"), (1, "b", "c"), (2, "a", "c2")):
        at_ms = T0 + minute * MINUTE
        shop.stream.send([collected("add_to_cart", at_ms, device_id=device, cart_id=cart, items=(SHOE,))])
    shop.stream.run()
    shop.wait(T0 + DAY)
    assert [(row["device_id"], row["cart_id"]) for row in shop.triggers()] == [("a", "c1"), ("b", "c"), ("a", "c2")]
