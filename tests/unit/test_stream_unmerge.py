"""An operator takes a device away from a user: what the journal holds of it goes back to the device, rows move, nothing fires twice."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.collected import Collected
from streams.logic.policy import Policy
from streams.memory import MemoryStream
from tests.unit.people import holders, links, living, persons, run_in_any_order, settle
from tests.unit.stream_lab import DAY, HOUR, MINUTE, SECOND, SHOE, SOCK, T0, collected

POLICY = Policy(lane="t", partitions=4)
END = T0 + 5 * DAY
KEYS = {"carts": ("episode_id",), "sessions": ("session_id",), "triggers": ("trigger_id",), "funnel_levels": ("person_id",)}


def does(name: str, at_ms: int, cart_id: str = "", **who: str) -> Collected:
    items = (SHOE,) if name in ("add_to_cart", "view_item") else ()
    return collected(name, at_ms, f"{name} {cart_id} {at_ms}", cart_id=cart_id, items=items, currency="EUR", **who)


def signs_in(user: str, device: str, at_ms: int) -> Collected:
    return collected("identify", at_ms, f"{device} is {user} {at_ms}", device_id=device, user_id=user)


HISTORY = [
    does("view_item", T0, device_id="dev"),
    does("add_to_cart", T0 + MINUTE, "c-dev", device_id="dev"),
    does("view_item", T0 + 2 * HOUR, device_id="other"),
    does("add_to_cart", T0 + 2 * HOUR + MINUTE, "c-other", device_id="other"),
    does("begin_checkout", T0 + 2 * HOUR + 2 * MINUTE, "c-other", device_id="other"),
    signs_in("ann", "other", T0 + 2 * HOUR + 3 * MINUTE),
]
MERGED = signs_in("ann", "dev", T0 + 3 * HOUR)


def rows(stream: MemoryStream) -> dict[str, Any]:
    """The valid rows, without their versions."""
    return {topic: {name: {**row, "version": 0} for name, row in stream.latest(topic, *key).items()} for topic, key in KEYS.items()}


def stream_of(events: list[Collected]) -> MemoryStream:
    stream = MemoryStream(POLICY)
    for event in events:
        stream.send([event])
        stream.run()
    return stream


def test_a_device_that_was_taken_away_is_as_if_it_had_never_been_merged() -> None:
    """All but the sign-in itself: it named the user, and is the device's now."""
    never, taken = stream_of(HISTORY), stream_of([*HISTORY, MERGED])
    settle(taken, T0 + 4 * HOUR)
    assert set(living(taken)) == {"u:ann"}
    taken.unlink("dev", "ann", T0 + 4 * HOUR)
    for stream in (never, taken):
        settle(stream, END)
    assert set(living(taken)) == {"u:ann", "d:dev"}
    assert rows(taken) == rows(never)
    assert taken.rows["rejected"] == []
    row = links(taken)["d:dev"]
    assert (row["person_id"], row["reason"], row["merged_at_ms"]) == ("d:dev", "unlinked by test", T0 + 4 * HOUR)
    assert sum(row["decision"] == "send" and row["version"] == 1 for row in taken.rows["triggers"]) == len(rows(never)["triggers"])


def test_rows_that_move_have_rising_versions_and_no_version_twice() -> None:
    stream = stream_of([*HISTORY, MERGED])
    stream.unlink("dev", "ann", T0 + 4 * HOUR)
    settle(stream, T0 + 5 * HOUR)
    stream.send([signs_in("ann", "dev", T0 + 6 * HOUR)])
    settle(stream, T0 + 7 * HOUR)
    stream.unlink("dev", "", T0 + 8 * HOUR)
    settle(stream, END)
    for topic, key in {**KEYS, "identities": ("id",)}.items():
        versions: dict[Any, list[int]] = {}
        for row in stream.rows[topic]:
            versions.setdefault(tuple(row[field] for field in key), []).append(row["version"])
        assert versions and all(found == sorted(set(found)) for found in versions.values()), topic
    assert links(stream)["d:dev"]["person_id"] == "d:dev"
    assert {row["cart_id"]: row["person_id"] for row in stream.latest("carts", "episode_id").values()} == {
        "c-dev": "d:dev",
        "c-other": "u:ann",
    }


@pytest.mark.parametrize("named", ["ann", "", "bob"])
def test_saying_it_again_or_of_somebody_else_changes_nothing(named: str) -> None:
    stream = stream_of([*HISTORY, MERGED])
    if named != "bob":
        stream.unlink("dev", "ann", T0 + 4 * HOUR)
    settle(stream, T0 + 5 * HOUR)
    before, links_before = rows(stream), links(stream)
    stream.unlink("dev", named, T0 + 5 * HOUR)
    settle(stream, T0 + 5 * HOUR + 10)
    assert (rows(stream), links(stream)) == (before, links_before)
    assert "u:bob" not in persons(stream)


def test_a_cart_that_two_devices_filled_is_two_carts_then() -> None:
    events = [
        does("add_to_cart", T0, "c", device_id="dev"),
        signs_in("ann", "dev", T0 + MINUTE),
        collected("add_to_cart", T0 + 2 * MINUTE, cart_id="c", items=(SOCK,), currency="EUR", device_id="other", user_id="ann"),
    ]
    stream = stream_of(events)
    settle(stream, T0 + 3 * MINUTE)
    stream.unlink("dev", "ann", T0 + 4 * MINUTE)
    settle(stream, END)
    carts = {row["person_id"]: row for row in stream.latest("carts", "episode_id").values()}
    assert {person: (row["opened_at_ms"], [item["product_id"] for item in row["items"]]) for person, row in carts.items()} == {
        "d:dev": (T0, ["shoe"]),
        "u:ann": (T0 + 2 * MINUTE, ["sock"]),
    }


@pytest.mark.parametrize("number", range(12))  # in any partitions: time may have gone on in one of them while the state is on its way
def test_a_running_timer_goes_on_at_the_device_and_fires_once(number: int) -> None:
    user, device = f"ann{number}", f"dev{number}"
    stream = stream_of([does("add_to_cart", T0, "c", device_id=device), signs_in(user, device, T0 + MINUTE)])
    settle(stream, T0 + 2 * MINUTE)
    stream.unlink(device, user, T0 + 3 * MINUTE)
    settle(stream, END)
    (trigger,) = stream.rows["triggers"]
    assert (trigger["person_id"], trigger["device_id"], trigger["fired_at_ms"], trigger["decision"]) == (
        f"d:{device}",
        device,
        T0 + 30 * MINUTE,
        "send",
    )


def test_what_the_second_user_s_device_did_for_him_goes_to_the_first_user() -> None:
    stream = stream_of(
        [
            does("add_to_cart", T0, "c-ann", device_id="dev"),
            signs_in("ann", "dev", T0 + MINUTE),
            signs_in("bob", "dev", T0 + 2 * MINUTE),
            does("add_to_cart", T0 + 3 * MINUTE, "c-bob", device_id="dev"),
        ]
    )
    stream.unlink("dev", "bob", T0 + 4 * MINUTE)
    stream.run()
    stream.send([does("add_to_cart", T0 + 5 * MINUTE, "c-next", device_id="dev")])
    settle(stream, END)
    owners = {row["cart_id"]: row["person_id"] for row in stream.latest("carts", "episode_id").values()}
    assert owners == {"c-ann": "u:ann", "c-bob": "u:ann", "c-next": "u:ann"}
    assert links(stream)["d:dev"]["person_id"] == "u:ann"


def test_a_device_of_a_user_who_was_merged_is_taken_from_whoever_has_it() -> None:
    stream = stream_of([*HISTORY, MERGED, collected("alias", T0 + 4 * HOUR, user_id="abe", previous_id="ann")])
    stream.unlink("dev", "ann", T0 + 5 * HOUR)
    settle(stream, END)
    assert set(living(stream)) == {"u:abe", "d:dev"}
    assert set(persons(stream)["u:abe"].members) == {"u:ann", "d:other"}


def test_a_folded_history_stays_with_the_user() -> None:
    stream = stream_of([*HISTORY, MERGED])
    settle(stream, T0 + 20 * DAY)
    stream.unlink("dev", "ann", T0 + 20 * DAY)
    stream.run()
    stream.send([does("add_to_cart", T0 + 20 * DAY, "new", device_id="dev")])
    settle(stream, T0 + 21 * DAY)
    owners = {row["cart_id"]: row["person_id"] for row in stream.latest("carts", "episode_id").values()}
    assert owners == {"c-dev": "u:ann", "c-other": "u:ann", "new": "d:dev"}


def test_the_operator_s_clock_moves_no_timer() -> None:
    adds = [does("add_to_cart", T0, "c", device_id="dev"), does("add_to_cart", T0, "d", device_id="other", user_id="ann")]
    stream = stream_of([*adds, signs_in("ann", "dev", T0 + SECOND)])
    settle(stream, T0 + MINUTE)
    stream.unlink("dev", "ann", T0 + 400 * DAY)
    settle(stream, T0 + 2 * MINUTE)
    assert set(living(stream)) == {"u:ann", "d:dev"}
    assert stream.rows["triggers"] == [] and stream.rows["segments"] == []


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 1_000_000))
def test_whenever_it_is_said_each_event_is_held_once_and_the_device_s_by_the_device(seed: int) -> None:
    random = Random(seed)
    stream = MemoryStream(POLICY)
    events = [*HISTORY, MERGED, *(does("add_to_cart", T0 + 3 * HOUR + n * MINUTE, f"c{n}", device_id="dev") for n in range(1, 4))]
    said = random.randint(len(HISTORY), len(events))
    for number, event in enumerate(events):
        if number == said:
            stream.unlink("dev", "ann", T0 + 3 * HOUR)
        stream.send([event])
        if random.random() < 0.3:
            run_in_any_order(stream, random)
    if said == len(events):
        stream.unlink("dev", "ann", T0 + 3 * HOUR)
    run_in_any_order(stream, random)
    settle(stream, END)
    assert stream.rows["rejected"] == []
    held = holders(stream)
    assert {message: len(found) for message, found in held.items()} == {event.message_id: 1 for event in events}
    of_device = [event.message_id for event in events if event.device_id == "dev" and event is not MERGED]
    assert {holder for message in of_device for holder in held[message]} == {"d:dev"}
    assert {row["person_id"] for row in stream.latest("carts", "episode_id").values() if row["cart_id"] != "c-other"} == {"d:dev"}
