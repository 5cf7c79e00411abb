"""Persons whom time only moves between segments: the rest of them is not looked at, and nothing shows that."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.logic import journey
from streams.logic.policy import Policy
from tests.unit.stream_lab import DAY, HOUR, MINUTE, SECOND, SHOE, T0, Shop, collected

LATENESS = 400 * DAY
SHORT = Policy(lane="t", partitions=1, lateness_ms=LATENESS)
LOOKS = Policy(lane="t", partitions=1, lateness_ms=0)  # everything is folded at once: time always has more to do than to move someone


def segments(shop: Shop) -> list[dict[str, Any]]:
    return shop.stream.rows["segments"]


def test_a_person_who_is_in_the_index_twice_is_moved_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journey, "_HOT", 0)  # else it takes 5,000 other persons to have this one read from its entry
    shop = Shop()
    shop.at(T0, collected("page_view", T0))
    shop.at(T0 + 1, collected("add_to_cart", T0 - MINUTE, cart_id="c", items=(SHOE,), received_at_ms=T0 + 1))  # due before the stay
    shop.at(T0 + 2, collected("purchase", T0 - SECOND, cart_id="c", order_id="o", received_at_ms=T0 + 2))  # and no longer
    shop.wait(T0 + HOUR)
    shop.wait(T0 + 7 * DAY)
    assert [(row["value"], row["version"]) for row in segments(shop)] == [("short", 1)]


@pytest.mark.parametrize("crash", [False, True])
def test_a_late_event_takes_back_a_stay_that_time_alone_began(crash: bool) -> None:
    shop = Shop()
    shop.at(T0, collected("page_view", T0))
    shop.wait(T0 + 7 * DAY)
    if crash:
        shop.crash()
    shop.at(T0 + 7 * DAY + HOUR, collected("page_view", T0 + 3 * DAY, received_at_ms=T0 + 7 * DAY + HOUR))
    assert [(row["value"], row["version"], row.get("is_deleted", 0)) for row in segments(shop)] == [("short", 1, 0), ("short", 2, 1)]
    shop.wait(T0 + 10 * DAY)
    assert shop.stays() == [("short", 10, None)]


def test_a_cart_that_is_due_with_the_stay_is_not_forgotten() -> None:
    policy = Policy(lane="t", partitions=1, abandon_idle_ms=7 * DAY)
    shop = Shop(policy)
    shop.at(T0, collected("add_to_cart", T0, cart_id="c", items=(SHOE,)))
    shop.wait(T0 + 7 * DAY)
    assert (len(shop.triggers()), shop.stays()) == (1, [("short", 7, None)])


active = st.lists(st.tuples(st.integers(0, 120), st.sampled_from(["page_view", "add_to_cart", "purchase", "consent"])), max_size=6)


@settings(max_examples=60)
@given(active, st.sets(st.integers(0, 120)))
def test_without_a_look_at_the_rest_the_rows_are_the_same(events: list[tuple[int, str]], crashes: set[int]) -> None:
    """Every version of every row, whether a person is looked at as a whole or not, and across crashes."""
    shops = [Shop(SHORT), Shop(LOOKS), Shop(SHORT)]
    for day in range(121):
        todays = [name for on_day, name in events if on_day == day]
        for shop in shops:
            at_ms = T0 + day * DAY
            shop.at(
                at_ms,
                *(
                    collected(name, at_ms + n, f"{n}@{day}", cart_id="c", items=(SHOE,), received_at_ms=at_ms + n)
                    for n, name in enumerate(todays)
                ),
            )
        if day in crashes:
            shops[2].crash()
    for topic in ("segments", "triggers", "carts"):
        assert shops[0].stream.rows[topic] == shops[1].stream.rows[topic] == shops[2].stream.rows[topic]
