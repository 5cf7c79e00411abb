"""Which of a person's rows are written, taken back, and with which version."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.partition import partition_of, stream_partition
from streams.logic.policy import Policy
from tests.unit.stream_lab import DAY, HOUR, MINUTE, SHOE, SOCK, T0, Shop, collected

BOTH = Policy(lane="t", partitions=2)


def add(at_ms: int, **fields: Any) -> Any:
    return collected("add_to_cart", at_ms, **{"cart_id": "c", "items": (SHOE,), "currency": "EUR", **fields})


def test_what_has_not_changed_is_not_written_again() -> None:
    shop = Shop()
    shop.at(T0, add(T0))
    written = {topic: len(rows) for topic, rows in shop.stream.rows.items()}
    shop.at(T0 + 1, collected("consent", T0 + 1))  # touches the person, changes no row
    for minute in range(2, 20):
        shop.wait(T0 + minute * MINUTE)
    now = {topic: len(rows) for topic, rows in shop.stream.rows.items()}
    assert {topic: now[topic] - written[topic] for topic in ("carts", "funnel_levels", "sessions")} == dict.fromkeys(
        ("carts", "funnel_levels", "sessions"), 0
    )


def test_a_restore_writes_nothing_again() -> None:
    shop = Shop()
    shop.at(T0, add(T0), collected("begin_checkout", T0 + 1, cart_id="c"))
    shop.wait(T0 + HOUR)
    before = {topic: list(rows) for topic, rows in shop.stream.rows.items() if topic not in ("clocks", "journeys")}
    shop.crash()
    shop.at(T0 + HOUR, collected("consent", T0 + HOUR))
    assert {topic: rows for topic, rows in shop.stream.rows.items() if topic not in ("clocks", "journeys")} == before


def test_versions_grow_by_one_with_each_change() -> None:
    shop = Shop()
    for minute in range(3):
        shop.at(T0 + minute * MINUTE, add(T0 + minute * MINUTE))
    assert [row["version"] for row in shop.stream.rows["carts"]] == [1, 2, 3]


def test_changes_of_one_batch_are_one_row() -> None:
    shop = Shop()
    shop.at(T0, *(add(T0 + n) for n in range(5)))
    (row,) = shop.stream.rows["carts"]
    assert (row["version"], row["items"][0]["quantity"]) == (1, 5)


def test_a_device_that_signs_in_at_once_writes_nothing_that_it_takes_back() -> None:
    """The device's partitions go first here, so that the user is written once all is there."""
    shop = Shop(BOTH)
    devices = [name for n in range(99) if stream_partition(f"d:{(name := f'dev{n}')}", BOTH.partitions) == 0]
    device = next(name for name in devices if partition_of(name, BOTH.partitions) == 0)
    user = next(name for n in range(99) if stream_partition(f"u:{(name := f'u{n}')}", BOTH.partitions) == 1)
    events = [collected("view_item", T0, device_id=device), add(T0 + 1, device_id=device)]
    shop.at(T0, *events, collected("identify", T0 + 2, device_id=device, user_id=user))
    rows = shop.stream.rows
    assert [(row["person_id"], row["level"]) for row in rows["funnel_levels"]] == [(f"u:{user}", 2)]
    assert [(row["person_id"], row["version"]) for row in rows["sessions"]] == [(f"u:{user}", 1)]
    assert not any(row.get("is_deleted") for topic in rows for row in rows[topic])


def test_a_trigger_that_a_late_event_disproves_is_void_and_the_cart_not_abandoned() -> None:
    shop = Shop()
    shop.at(T0, add(T0))
    shop.wait(T0 + 40 * MINUTE)
    assert [row["status"] for row in shop.triggers()] == ["fired"]
    shop.at(T0 + 41 * MINUTE, add(T0 + 20 * MINUTE, received_at_ms=T0 + 41 * MINUTE))
    last = shop.triggers()[-1]
    assert (last["status"], last["version"], last["reason"], last["decision"]) == ("void", 2, "late_event", "send")
    assert "abandoned_at_ms" not in shop.carts()["c"]


def test_a_trigger_that_comes_back_has_a_higher_version_and_is_not_sent_again() -> None:
    shop = Shop()
    shop.at(T0, add(T0))
    shop.wait(T0 + 40 * MINUTE)
    shop.at(T0 + 41 * MINUTE, add(T0 + 20 * MINUTE, received_at_ms=T0 + 41 * MINUTE))
    shop.wait(T0 + 2 * HOUR)
    assert [(row["status"], row["version"]) for row in shop.triggers()] == [("fired", 1), ("void", 2), ("fired", 3)]
    assert len(shop.sent()) == 1


def test_a_trigger_that_only_a_late_event_brings_to_light_is_not_sent() -> None:
    shop = Shop()
    shop.at(T0 + 2 * HOUR, collected("page_view", T0 + 2 * HOUR))
    shop.wait(T0 + 2 * HOUR + 1)
    shop.at(T0 + 2 * HOUR + 2, add(T0, received_at_ms=T0 + 2 * HOUR + 2))
    (trigger,) = shop.triggers()
    assert (trigger["status"], trigger["decision"], trigger["reason"]) == ("fired", "suppress", "late_event")
    assert shop.sent() == []


def test_an_episode_whose_opening_a_late_event_moves_is_taken_back_for_another() -> None:
    shop = Shop()
    shop.at(T0 + MINUTE, add(T0 + MINUTE))
    shop.at(T0 + 2 * MINUTE, add(T0, items=(SOCK,), received_at_ms=T0 + 2 * MINUTE))
    (cart,) = shop.stream.latest("carts", "episode_id").values()
    assert (cart["opened_at_ms"], len(cart["items"])) == (T0, 2)
    gone = [row for row in shop.stream.rows["carts"] if row.get("is_deleted")]
    assert [(row["status"], row["version"]) for row in gone] == [("void", 2)]


def test_two_visits_that_a_late_event_joins_are_one() -> None:
    shop = Shop()
    for minute in (0, 40):
        shop.at(T0 + minute * MINUTE, collected("page_view", T0 + minute * MINUTE))
    assert len(shop.sessions()) == 2
    shop.at(T0 + 41 * MINUTE, collected("page_view", T0 + 20 * MINUTE, received_at_ms=T0 + 41 * MINUTE))
    (visit,) = shop.sessions()
    assert (visit["started_at_ms"], visit["events"]) == (T0, 3)


@pytest.mark.parametrize("policy", [Policy(lane="t", partitions=1), BOTH])
def test_signing_in_moves_what_the_device_did_to_the_user(policy: Policy) -> None:
    shop = Shop(policy)
    shop.at(T0, add(T0))
    shop.at(T0 + 1, collected("identify", T0 + 1, user_id="ann", device_id="dev"))
    for extra_ms in range(4):
        shop.wait(T0 + HOUR + extra_ms)
    assert set(shop.stream.latest("funnel_levels", "person_id")) == {("u:ann",)}
    assert [row["person_id"] for row in shop.stream.latest("carts", "episode_id").values()] == ["u:ann"]
    assert [row["person_id"] for row in shop.sessions()] == ["u:ann"]
    (trigger,) = shop.triggers()
    assert (trigger["person_id"], trigger["user_id"], trigger["decision"]) == ("u:ann", "ann", "send")


def test_a_chain_of_merges_ends_in_one_look_up() -> None:
    shop = Shop(BOTH)
    shop.at(T0, collected("identify", T0, device_id="dev", user_id="c"))
    shop.at(T0 + 1, collected("alias", T0 + 1, user_id="b", previous_id="c"))
    shop.at(T0 + 2, collected("alias", T0 + 2, user_id="a", previous_id="b"))
    shop.at(T0 + 3, collected("alias", T0 + 3, user_id="c", previous_id="a"))  # and round again
    shop.wait(T0 + DAY)
    people = {name[0]: row["person_id"] for name, row in shop.stream.latest("identities", "id").items()}
    assert people == {"d:dev": "u:a", "u:c": "u:a", "u:b": "u:a"}
    written = [(row["id"], row["version"]) for row in shop.stream.rows["identities"]]
    assert len(set(written)) == len(written)


def test_persons_who_never_did_anything_merge_and_their_events_find_the_way_later() -> None:
    shop = Shop(BOTH)
    shop.at(T0, collected("alias", T0, user_id="a", previous_id="b"), collected("alias", T0 + 1, user_id="b", previous_id="a"))
    for extra_ms in range(3):
        shop.wait(T0 + 1 + extra_ms)
    shop.at(T0 + HOUR, add(T0 + HOUR, user_id="b", device_id=""))
    shop.wait(T0 + 2 * HOUR)
    shop.wait(T0 + 2 * HOUR + 1)
    assert [row["person_id"] for row in shop.stream.latest("carts", "episode_id").values()] == ["u:a"]


def test_churn_rows_of_a_person_that_was_given_up_go_with_it() -> None:
    shop = Shop(BOTH)
    shop.at(T0, collected("page_view", T0))
    for extra_ms in range(3):
        shop.wait(T0 + 8 * DAY + extra_ms)
    shop.at(T0 + 8 * DAY + HOUR, collected("identify", T0 + 8 * DAY + HOUR, device_id="dev", user_id="ann"))
    for extra_ms in range(4):
        shop.wait(T0 + 9 * DAY + extra_ms)
    rows = shop.stream.latest("segments", "person_id", "value", "entered_at_ms").values()
    assert [(row["person_id"], row["value"]) for row in rows if "left_at_ms" not in row] == [("u:ann", "short")]
