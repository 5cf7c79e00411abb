"""What weeks do to a person: old history is folded, and nothing of it may come back, be sent again or change."""

import msgspec
import pytest

from schemas.items import Item
from streams.logic import stored
from streams.logic.live import MAX_JOURNAL
from streams.logic.person import Flow
from tests.unit.people import persons
from tests.unit.stream_lab import DAY, HOUR, MINUTE, POLICY, SECOND, SHOE, SOCK, T0, Shop, collected


def test_an_expired_cart_does_not_fire_again_after_its_history_is_forgotten() -> None:
    shop = Shop()
    shop.at(T0, collected("add_to_cart", T0, cart_id="c", items=(SHOE,)))
    for day in (1, 31, 60, 61, 62):
        shop.wait(T0 + day * DAY)
        if day > 31:
            shop.at(T0 + day * DAY, collected("page_view", T0 + day * DAY))
    shop.crash()
    shop.at(T0 + 63 * DAY, collected("page_view", T0 + 63 * DAY))
    assert len(shop.sent()) == 1
    assert shop.carts()["c"]["status"] == "expired"
    rows = [(row["episode_id"], row["version"]) for row in shop.stream.rows["carts"]]
    assert len(set(rows)) == len(rows), "a version of a cart was written twice"


def test_a_visit_across_the_fold_stays_one_visit_after_a_restore() -> None:
    shop = Shop()
    for minute in (0, 10, 20):
        shop.at(T0 + minute * MINUTE, collected("page_view", T0 + minute * MINUTE))
    shop.wait(T0 + 8 * DAY + 15 * MINUTE)
    for minute in (15, 16, 17):  # the first folds what is older than T0 + 15 min
        shop.crash()
        shop.at(T0 + 8 * DAY + minute * MINUTE, collected("page_view", T0 + 8 * DAY + minute * MINUTE))
    assert [(row["started_at_ms"] - T0, row["events"]) for row in shop.sessions()] == [(0, 3), (8 * DAY + 15 * MINUTE, 3)]


@pytest.mark.parametrize("had_empty_base", [False, True])
def test_a_history_that_is_over_leaves_no_base_nor_does_an_empty_one_of_an_earlier_version(had_empty_base: bool) -> None:
    shop = Shop()
    shop.at(T0, collected("page_view", T0))
    assert persons(shop.stream)["d:dev"].base is None
    if had_empty_base:
        state = persons(shop.stream)["d:dev"]
        state.base = Flow()
        shop.stream.state[("journey", 0)][b"d:dev"] = stored.value_of(state, None, None)
        shop.crash()
    for day in (9, 18):
        shop.at(T0 + day * DAY, collected("page_view", T0 + day * DAY))
        assert persons(shop.stream)["d:dev"].base is None
    shop.at(T0 + 18 * DAY + MINUTE, collected("add_to_cart", T0 + 18 * DAY + MINUTE, cart_id="c", items=(SHOE,)))
    shop.wait(T0 + 27 * DAY)
    shop.at(T0 + 27 * DAY, collected("page_view", T0 + 27 * DAY))
    base = persons(shop.stream)["d:dev"].base
    assert base is not None and list(base.carts.open) == ["c"]
    assert [row["events"] for row in shop.sessions()] == [1, 1, 2, 1]


def test_a_trigger_of_a_cart_that_was_opened_long_ago_can_still_be_taken_back_and_is_not_sent_twice() -> None:
    policy = msgspec.structs.replace(POLICY, abandon_idle_ms=3 * DAY)
    shop = Shop(policy)
    for day in range(0, 13, 2):
        at_ms = T0 + day * DAY
        shop.at(at_ms, collected("add_to_cart", at_ms, cart_id="c", items=(SHOE,)))
    shop.wait(T0 + 16 * DAY)
    assert [row["status"] for row in shop.triggers()] == ["fired"]
    shop.at(T0 + 16 * DAY + HOUR, collected("add_to_cart", T0 + 14 * DAY, cart_id="c", items=(SHOE,), received_at_ms=T0 + 16 * DAY))
    assert [row["status"] for row in shop.triggers()] == ["fired", "void"]
    shop.wait(T0 + 18 * DAY)
    assert [(row["status"], row["version"]) for row in shop.triggers()] == [("fired", 1), ("void", 2), ("fired", 3)]
    assert len(shop.sent()) == 1


def test_a_cart_of_many_items_can_be_read_back() -> None:
    shop = Shop()
    most = Item(product_id="nail", quantity=1_000_000)
    for minute in (0, 1):
        shop.at(T0 + minute * MINUTE, collected("add_to_cart", T0 + minute * MINUTE, cart_id="c", items=(most,)))
    shop.wait(T0 + 10 * DAY)
    shop.crash()
    shop.at(T0 + 10 * DAY + HOUR, collected("view_item", T0 + 10 * DAY + HOUR))
    assert shop.stream.rows["rejected"] == []


def test_a_person_that_slept_brings_no_old_events_into_a_newer_history() -> None:
    shop = Shop()
    shop.at(T0, collected("add_to_cart", T0, device_id="old", items=(SOCK,)))
    for day in (20, 30):
        shop.at(T0 + day * DAY, collected("add_to_cart", T0 + day * DAY, device_id="new", items=(SHOE,)))
    before = shop.stream.latest("carts", "episode_id")
    for device in ("new", "old"):
        at_ms = T0 + 39 * DAY
        shop.at(at_ms, collected("identify", at_ms, f"i-{device}", device_id=device, user_id="u"))
    shop.crash()
    shop.at(T0 + 39 * DAY + HOUR, collected("page_view", T0 + 39 * DAY + HOUR, device_id="new", user_id="u"))
    after = shop.stream.latest("carts", "episode_id")
    assert {key: (row["status"], row["changed_at_ms"]) for key, row in after.items()} == {
        key: (row["status"], row["changed_at_ms"]) for key, row in before.items()
    }


def test_the_index_of_what_is_due_does_not_grow_with_the_events() -> None:
    shop = Shop()
    for minute in range(3_000):
        shop.at(T0 + minute * MINUTE, collected("page_view", T0 + minute * MINUTE))
    journey = shop.stream._stages[("journey", 0)]
    assert len(journey._due) <= 1_010  # type: ignore[union-attr]


def test_activity_that_arrives_late_splits_the_idle_time_it_fell_into() -> None:
    days = (0, 6, 12, 50)
    in_order, late = Shop(), Shop()
    for day in days:
        in_order.at(T0 + day * DAY, collected("page_view", T0 + day * DAY))
    for day in (0, 12):
        late.at(T0 + day * DAY, collected("page_view", T0 + day * DAY))
    late.at(T0 + 12 * DAY, collected("page_view", T0 + 6 * DAY, received_at_ms=T0 + 12 * DAY))
    late.at(T0 + 50 * DAY, collected("page_view", T0 + 50 * DAY))
    assert late.stays() == in_order.stays() == [("short", 19, 42), ("mid", 42, 50)]


def test_a_bot_s_state_is_bounded_and_its_counts_are_right() -> None:
    """30,000 events in a day and a half: more than a changelog record could hold one by one."""
    shop = Shop()
    every_ms, number = 4 * SECOND, 0
    for _ in range(60):
        batch = [collected("view_item", T0 + (number + n) * every_ms, f"b{number + n:06}", items=(SHOE,)) for n in range(500)]
        number += 500
        shop.at(batch[-1].client_at_ms, *batch)
    at_ms = T0 + number * every_ms
    shop.at(at_ms, collected("add_to_cart", at_ms, items=(SHOE,), cart_id="c"))
    shop.crash()
    shop.wait(at_ms + HOUR)
    sizes = [len(value) for value in shop.stream.state[("journey", 0)].values()]
    assert max(sizes) < 700_000
    assert sum(row["events"] for row in shop.sessions()) == 30_001
    assert shop.carts()["c"]["abandoned_at_ms"] == at_ms + 30 * MINUTE
    assert len(shop.sent()) == 1
    assert [row["level"] for row in shop.stream.latest("funnel_levels", "person_id").values()] == [2]


@pytest.mark.parametrize("busy", ["winner", "loser"])
def test_a_visit_of_the_batch_of_a_merge_is_kept_where_the_other_history_is_folded_further(busy: str) -> None:
    """More entries than a journal holds are folded however young they are."""
    shop = Shop()
    who = {"user_id": "u"} if busy == "winner" else {}
    other = {} if busy == "winner" else {"user_id": "u"}
    many = [collected("page_view", T0 + n * SECOND, f"m{n:05}", device_id="busy", **who) for n in range(MAX_JOURNAL + 100)]
    shop.at(many[-1].client_at_ms, *many)
    at_ms = many[-1].client_at_ms + SECOND
    early = collected("share", T0 + SECOND, device_id="quiet", share_id="s", received_at_ms=at_ms, **other)
    signs_in = collected("identify", at_ms, device_id="quiet" if busy == "winner" else "busy", user_id="u")
    shop.at(at_ms, early, signs_in)
    assert [(row["started_at_ms"], row["events"]) for row in shop.sessions() if row["device_id"] == "quiet"] == [(T0 + SECOND, 1)]
    assert [row["share_id"] for row in shop.stream.latest("shares", "kind", "message_id").values()] == ["s"]
    assert sum(row["events"] for row in shop.sessions() if row["device_id"] == "busy") == len(many)
