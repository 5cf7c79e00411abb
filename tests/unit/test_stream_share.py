"""Shares, their openings, and the orders that came through them: whatever comes first, the last opening before an order is credited."""

from __future__ import annotations

from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest

from schemas.collected import Collected
from streams.logic.ids import stable_id
from streams.logic.policy import Policy
from tests.unit.stream_lab import DAY, HOUR, POLICY, SHOE, T0, Shop, collected

WINDOW = POLICY.attribution_ms
SEEN = ("kind", "share_id", "person_id")


def arriving(*events: Collected, policy: Policy = POLICY) -> Shop:
    """Each event in a batch of its own."""
    shop = Shop(policy)
    for event in events:
        shop.stream.send([event])
        shop.stream.run()
    shop.wait(T0 + 300 * DAY)
    return shop


def rows(shop: Shop) -> list[dict[str, Any]]:
    """The valid rows in the order of event time."""
    found = shop.stream.latest("shares", "kind", "message_id", "occurred_at_ms").values()
    return sorted(found, key=lambda row: (row["occurred_at_ms"], row["message_id"]))


def told(*events: Collected) -> list[tuple[str, ...]]:
    return [tuple(row[name] for name in SEEN) for row in rows(arriving(*events))]


def opens(at_ms: int, share_id: str, message_id: str = "", **who: Any) -> Collected:
    return collected("share_open", at_ms, message_id, share_id=share_id, **who)


def orders(at_ms: int, message_id: str = "", **who: Any) -> Collected:
    return collected("purchase", at_ms, message_id, order_id="o", value=Decimal("9.90"), currency="EUR", items=(SHOE,), **who)


def credited(*events: Collected) -> list[tuple[int, str]]:
    """When an order was given (ms after T0), and the share it is credited to."""
    return [(row["occurred_at_ms"] - T0, row["share_id"]) for row in rows(arriving(*events)) if row["kind"] == "order"]


def test_a_share_keeps_its_own_id() -> None:
    fields = {"share_id": "s1", "method": "wechat", "content_type": "product", "items": (SHOE,)}
    [row] = rows(arriving(collected("share", T0, "m", **fields)))
    assert row == {
        "lane": "t",
        "share_id": "s1",
        "kind": "share",
        "person_id": "d:dev",
        "occurred_at_ms": T0,
        "message_id": "m",
        "version": 1,
        "method": "wechat",
        "content_type": "product",
        "product_id": "shoe",
    }


def test_a_share_without_an_id_gets_one_that_a_replay_finds_again() -> None:
    [row] = rows(arriving(collected("share", T0, "m")))
    assert row["share_id"] == stable_id("share", "k", "m")


@pytest.mark.parametrize(("given", "found"), [({}, "s1"), ({"parent_share_id": "s0"}, "s0")])
def test_whoever_came_through_a_share_carries_it_into_the_own_share(given: dict[str, str], found: str) -> None:
    opened, shared = opens(T0, "s1"), collected("share", T0 + 1, share_id="s2", **given)
    for order in permutations([opened, shared]):
        row = rows(arriving(*order))[-1]
        assert (row["share_id"], row["parent_share_id"]) == ("s2", found)


def test_the_own_share_is_not_one_that_the_person_came_through() -> None:
    assert told(collected("share", T0, share_id="s"), orders(T0 + 1)) == [("share", "s", "d:dev")]


def test_an_order_is_told_of_the_share_within_the_window() -> None:
    shop = arriving(opens(T0, "s1"), orders(T0 - 1), orders(T0), orders(T0 + WINDOW), orders(T0 + WINDOW + 1))
    found = [row for row in rows(shop) if row["kind"] == "order"]
    assert [(row["share_id"], row["occurred_at_ms"] - T0) for row in found] == [("s1", 0), ("s1", WINDOW)]
    assert (found[1]["order_id"], Decimal(found[1]["value"]), found[1]["currency"], found[1]["product_id"]) == (
        "o",
        Decimal("9.90"),
        "EUR",
        "shoe",
    )


@pytest.mark.parametrize("name", ["share_open", "invite_accept"])
def test_an_order_that_arrives_before_its_opening_is_credited(name: str) -> None:
    assert credited(orders(T0 + 1), collected(name, T0, share_id="s")) == [(1, "s")]


def test_the_last_opening_before_an_order_is_credited_in_any_order_of_arrival() -> None:
    made = [opens(T0, "s1"), opens(T0 + 10, "s2"), orders(T0 + 5), orders(T0 + 20)]
    for order in permutations(made):
        assert credited(*order) == [(5, "s1"), (20, "s2")]


def test_of_two_openings_at_one_ms_the_greater_message_id_is_credited() -> None:
    one, two = opens(T0, "a", "m1"), opens(T0, "b", "m2")
    for order in permutations([one, two, orders(T0 + 1)]):
        assert credited(*order) == [(1, "b")]


def test_a_row_that_changes_is_written_again_and_no_other() -> None:
    shop = arriving(opens(T0, "s1"), orders(T0 + 20), opens(T0 + 10, "s2"))
    assert [(row["kind"], row["share_id"], row["version"]) for row in shop.stream.rows["shares"]] == [
        ("open", "s1", 1),
        ("order", "s1", 1),
        ("open", "s2", 1),
        ("order", "s2", 2),
    ]


def test_after_a_merge_the_rows_are_the_winners_and_its_orders_know_both_histories() -> None:
    events = [
        opens(T0, "s", device_id="dev"),
        orders(T0 + HOUR, device_id="phone", user_id="ann"),
        collected("identify", T0 + 2 * HOUR, device_id="dev", user_id="ann"),
    ]
    for order in permutations(events):
        assert told(*order) == [("open", "s", "u:ann"), ("order", "s", "u:ann")]


def test_an_opening_that_the_journal_has_let_go_of_still_brings_an_order() -> None:
    """The lane's clock is far ahead of the person, as after a pause."""
    lateness_ms = HOUR
    shop = Shop(Policy(lane="t", partitions=1, lateness_ms=lateness_ms))
    shop.at(T0, opens(T0, "s1"), opens(T0 + 1, "s2"))
    for day in (2, 3, 4):
        shop.at(T0 + day * DAY, collected("page_view", T0 + day * DAY))
    shop.crash()
    shop.at(T0 + WINDOW, orders(T0 + WINDOW))
    assert [(row["kind"], row["share_id"]) for row in rows(shop)] == [("open", "s1"), ("open", "s2"), ("order", "s2")]
    shop.at(T0 + WINDOW + DAY, orders(T0 + WINDOW + 2))
    assert len(rows(shop)) == 3
    assert shop.stream.rows["rejected"] == []


def test_a_late_event_has_no_row_and_brings_none() -> None:
    late = opens(T0, "s", received_at_ms=T0 + POLICY.lateness_ms + 1)
    assert told(late, orders(T0 + 1)) == []


def test_other_events_say_nothing() -> None:
    assert told(collected("view_item", T0, share_id="s"), orders(T0)) == []


def test_a_device_that_is_taken_away_takes_its_shares_along() -> None:
    """The order of the other device loses the credit; when the two are merged again, it is there again."""
    shop = Shop()
    sign_in = {"device_id": "dev", "user_id": "ann"}
    shop.at(T0, opens(T0, "s", device_id="dev"), collected("identify", T0 + 1, **sign_in))
    shop.at(T0 + HOUR, orders(T0 + 2, "of phone", device_id="phone", user_id="ann"), orders(T0 + 3, "of dev", device_id="dev"))
    assert [(row["kind"], row["person_id"]) for row in rows(shop)] == [("open", "u:ann"), ("order", "u:ann"), ("order", "u:ann")]
    shop.stream.unlink("dev", "ann", T0 + HOUR)
    shop.wait(T0 + 2 * HOUR)
    assert [(row["message_id"], row["person_id"]) for row in rows(shop)] == [(f"share_open@{T0}", "d:dev"), ("of dev", "d:dev")]
    shop.at(T0 + 4 * HOUR, collected("identify", T0 + 3 * HOUR, **sign_in))
    assert [(row["kind"], row["person_id"]) for row in rows(shop)] == [("open", "u:ann"), ("order", "u:ann"), ("order", "u:ann")]
    written = [(row["kind"], row["message_id"], row["version"]) for row in shop.stream.rows["shares"]]
    assert len(set(written)) == len(written)


def test_an_order_that_the_split_left_without_its_share_finds_another_one_later() -> None:
    """What was sent of the order goes with the device, so that its next version is a higher one."""
    shop = Shop()
    phone = {"device_id": "phone", "user_id": "ann"}
    shop.at(T0, opens(T0, "s", **phone), orders(T0 + 2, device_id="dev"), collected("identify", T0 + 3, device_id="dev", user_id="ann"))
    assert [row["share_id"] for row in rows(shop) if row["kind"] == "order"] == ["s"]
    shop.stream.unlink("dev", "ann", T0 + HOUR)
    shop.wait(T0 + 2 * HOUR)
    assert [row["kind"] for row in rows(shop)] == ["open"]
    shop.at(T0 + 4 * HOUR, opens(T0 + 1, "t", device_id="dev", received_at_ms=T0 + 3 * HOUR))
    assert [(row["share_id"], row["person_id"], row["version"]) for row in rows(shop) if row["kind"] == "order"] == [("t", "d:dev", 3)]
