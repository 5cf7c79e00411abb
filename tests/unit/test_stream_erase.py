"""An erasure in the stream: nothing of the person is left in any state, nothing comes back, the others are as if nothing had been."""

from __future__ import annotations

from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.collected import Collected
from schemas.suppression import id_hash
from streams.logic import stored
from streams.logic.policy import Policy
from streams.memory import MemoryStream
from tests.unit.people import persons, run_in_any_order, settle
from tests.unit.stream_lab import DAY, HOUR, SHOE, T0, Shop, collected

POLICY = Policy(lane="t", partitions=4, erasure_salt="salt")
GONE = ("u:annabel", "d:gadget", "d:handset")


def does(name: str, at_ms: int, device: str, user: str = "", **fields: Any) -> Collected:
    items = (SHOE,) if name == "add_to_cart" else ()
    return collected(name, at_ms, f"{name} {device} {at_ms}", device_id=device, user_id=user, items=items, currency="EUR", **fields)


HISTORY = [
    does("add_to_cart", T0, "gadget", cart_id="c"),
    does("identify", T0 + 1, "gadget", "annabel"),
    does("identify", T0 + 2, "handset", "annabel"),
    does("add_to_cart", T0 + 3, "handset", cart_id="c2"),
    does("identify", T0 + 4, "till", "bob"),
    does("identify", T0 + 5, "till", "annabel"),
    does("identify", T0 + 6, "till", "bob"),
    collected("consent", T0 + 7, "no", device_id="gadget", props={"purposes": {"marketing": False}}),
    does("add_to_cart", T0 + 8, "till", "bob", cart_id="c3"),
]


def traces(stream: MemoryStream) -> list[str]:
    """Every place in the changelogs where annabel or her devices stand."""
    words = (b"annabel", b"gadget", b"handset")
    found = []
    for (agent, _), state in stream.state.items():
        for key, value in state.items():
            plain = repr(stored.person(value)).encode() if agent == "journey" and not key.startswith(b"@") else value
            found += [f"{agent} {key!r}" for word in words if word in key or word in plain]
    return found


def test_nothing_is_left_in_any_state() -> None:
    stream = MemoryStream(POLICY)
    stream.send(HISTORY)
    settle(stream, T0 + 2 * HOUR)
    assert traces(stream)
    stream.erase(*GONE)
    settle(stream, T0 + 3 * HOUR)
    assert traces(stream) == []
    assert set(persons(stream)) == {"d:till", "u:bob"}


def test_what_comes_later_is_refused_and_kept_nowhere() -> None:
    stream = MemoryStream(POLICY)
    stream.send(HISTORY)
    stream.run()
    stream.erase(*GONE)
    settle(stream, T0 + 2 * HOUR)
    before = len(stream.rows["journeys"])
    for agent in ("identify", "journey"):
        for partition in range(POLICY.partitions):
            stream.restart(agent, partition)
    stream.send([does("add_to_cart", T0 + HOUR, "gadget", cart_id="c"), does("identify", T0 + HOUR, "new", "annabel")])
    stream.send([does("add_to_cart", T0 + HOUR, "fine", cart_id="c")])
    settle(stream, T0 + 5 * HOUR)
    assert [row["device_id"] for row in stream.rows["journeys"][before:]] == ["fine"]
    refused = [row for row in stream.rows["rejected"] if row["code"] == "erased"]
    assert len(refused) == 2 and all(word not in str(refused) for word in ("annabel", "gadget", "new"))
    assert traces(stream) == []


def test_a_webhook_that_has_not_come_through_is_stopped_by_a_row_that_names_nobody() -> None:
    shop = Shop(Policy(lane="t", partitions=1, erasure_salt="salt"))
    shop.at(T0, does("add_to_cart", T0, "gadget", cart_id="c"))
    shop.wait(T0 + HOUR)
    shop.stream.erase("d:gadget")
    shop.wait(T0 + HOUR)
    sent, stopped = shop.triggers()
    assert (sent["trigger_id"], sent["decision"], sent["status"]) == (stopped["trigger_id"], "send", "fired")
    assert (stopped["status"], stopped["reason"], stopped["version"], stopped["person_id"]) == ("void", "erased", 2, "")
    assert "gadget" not in str(stopped)


def test_a_merge_on_its_way_does_not_bring_anybody_back() -> None:
    stream = MemoryStream(POLICY)
    stream.send([does("add_to_cart", T0, "gadget", cart_id="c"), does("identify", T0 + 1, "gadget", "annabel")])
    for partition in range(POLICY.partitions):  # the merge stands in `journeys`, and is read behind the erasure or before it
        stream.step("identify", partition, 100)
    stream.erase("u:annabel", "d:gadget")
    settle(stream, T0 + HOUR)
    assert persons(stream) == {}


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32))
def test_others_are_as_if_the_person_had_never_been(seed: int) -> None:
    random = Random(seed)
    others = [event for event in HISTORY if event.user_id == "bob"] + [
        does("add_to_cart", T0 + number * 1_000, f"o{number}", cart_id="c") for number in range(6)
    ]
    hers = [event for event in HISTORY if event.device_id in ("gadget", "handset")]
    never, erased = MemoryStream(POLICY), MemoryStream(POLICY)
    never.send(others)
    mixed = sorted([*others, *hers], key=lambda event: event.client_at_ms)
    erased_at = random.randint(0, len(mixed))
    for number, event in enumerate(mixed):
        if number == erased_at:
            erased.erase(*GONE)
        erased.send([event])
        if random.random() < 0.5:
            run_in_any_order(erased, random)
    erased.erase(*GONE)
    for stream in (never, erased):
        settle(stream, T0 + DAY)
    assert traces(erased) == []
    assert persons(erased) == persons(never)


def test_the_changelog_holds_hashes_only() -> None:
    stream = MemoryStream(POLICY)
    stream.erase("u:annabel")
    stream.run()
    keys = {key for state in stream.state.values() for key in state if key.startswith(b"@erased:")}
    assert keys == {b"@erased:" + id_hash("u:annabel", "salt").encode()}
