"""Consent in the stream: who refuses analytics is not recorded, who refuses marketing is told nothing; in whatever order it is heard."""

from __future__ import annotations

from itertools import count
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.collected import Collected
from streams.logic.policy import Policy
from streams.memory import MemoryStream
from tests.unit.people import persons, run_in_any_order, settle
from tests.unit.stream_lab import DAY, HOUR, MINUTE, SHOE, T0, Shop, collected

POLICY = Policy(lane="t", partitions=4)
ASKED = Policy(lane="t", partitions=1, consent_required="marketing")
END = T0 + 3 * DAY
KEYS: dict[str, tuple[str, ...]] = {
    "carts": ("episode_id",),
    "sessions": ("session_id",),
    "triggers": ("trigger_id",),
    "funnel_levels": ("person_id",),
}
KEYS |= {"segments": ("person_id", "value", "entered_at_ms")}


def decides(at_ms: int, *, device: str = "dev", user: str = "", **purposes: bool) -> Collected:
    who = {"device_id": device} if device else {}
    return collected("consent", at_ms, f"consent {device} {at_ms} {purposes}", **who, user_id=user, props={"purposes": purposes})


def does(name: str, at_ms: int, device: str = "dev", user: str = "", **fields: Any) -> Collected:
    items = (SHOE,) if name in ("add_to_cart", "view_item") else ()
    who = {"device_id": device} if device else {}
    return collected(name, at_ms, f"{name} {device} {at_ms}", **who, user_id=user, items=items, currency="EUR", **fields)


def stored(stream: MemoryStream) -> list[str]:
    return sorted(row["message_id"] for row in stream.rows["journeys"] if row["event"] != "consent")


def rejected(stream: MemoryStream) -> list[dict[str, Any]]:
    return [row for row in stream.rows["rejected"] if row["code"] == "no_consent"]


def rows(stream: MemoryStream) -> dict[str, Any]:
    """The valid rows, without their versions."""
    return {topic: {name: {**row, "version": 0} for name, row in stream.latest(topic, *key).items()} for topic, key in KEYS.items()}


def decisions(shop: Shop) -> list[tuple[str, str]]:
    return [(row["decision"], row.get("reason", "")) for row in shop.triggers()]


def test_what_happens_after_a_refusal_is_kept_nowhere() -> None:
    shop = Shop()
    shop.at(T0, does("view_item", T0, user="ann"), decides(T0 + 1, analytics=False), does("view_item", T0 + 2, user="ann"))
    shop.crash()
    shop.at(T0 + 5, does("view_item", T0 + 3), does("view_item", T0 - MINUTE), decides(T0 + 4, analytics=True), does("view_item", T0 + 5))
    assert stored(shop.stream) == sorted(f"view_item dev {at_ms}" for at_ms in (T0, T0 - MINUTE, T0 + 5))
    said = rejected(shop.stream)
    assert [(row["raw"], row.get("message_id", ""), row["received_at_ms"]) for row in said] == [("", "", T0 + 2), ("", "", T0 + 3)]
    assert "ann" not in str(said) and "dev" not in str(said)


def test_a_refusal_binds_the_device_or_the_user_without_one() -> None:
    shop = Shop()
    shop.at(T0, decides(T0, analytics=False), decides(T0, device="", user="ann", analytics=False))
    shop.at(
        T0 + 1,
        does("view_item", T0 + 1, device="other", user="ann"),
        does("purchase", T0 + 1, device="", user="ann", order_id="o", value=1),
    )
    assert stored(shop.stream) == [f"view_item other {T0 + 1}"]


@pytest.mark.parametrize(
    ("policy", "said", "decision"),
    [
        (Policy(lane="t", partitions=1), {}, ("send", "")),
        (Policy(lane="t", partitions=1), {"marketing": False}, ("suppress", "no_consent")),
        (Policy(lane="t", partitions=1), {"personalisation": False}, ("send", "")),
        (Policy(lane="t", partitions=1), {"analytics": False}, ("suppress", "no_consent")),
        (ASKED, {}, ("suppress", "no_consent")),
        (ASKED, {"analytics": True}, ("suppress", "no_consent")),
        (ASKED, {"marketing": True}, ("send", "")),
    ],
)
def test_a_trigger_asks_for_consent(policy: Policy, said: dict[str, bool], decision: tuple[str, str]) -> None:
    shop = Shop(policy)
    shop.at(T0, does("add_to_cart", T0, cart_id="c"), *([collected("consent", T0 + 1, props={"purposes": said})] if said else []))
    shop.wait(T0 + HOUR)
    assert decisions(shop) == [decision]


def test_a_withdrawal_stops_what_was_decided_and_a_later_yes_does_not_send_it() -> None:
    shop = Shop()
    shop.at(T0, does("add_to_cart", T0, cart_id="c"))
    shop.wait(T0 + HOUR)
    shop.crash()
    shop.at(T0 + HOUR, decides(T0 + HOUR, marketing=False))
    shop.at(T0 + 2 * HOUR, decides(T0 + 2 * HOUR, marketing=True))
    assert decisions(shop) == [("send", ""), ("send", "no_consent")]
    assert [row["version"] for row in shop.triggers()] == [1, 2]


def test_the_last_decision_of_a_person_counts_on_whichever_device() -> None:
    shop = Shop()
    shop.at(
        T0, decides(T0 + 1, marketing=False), does("identify", T0 + 2, user="ann"), does("identify", T0 + 2, device="phone", user="ann")
    )
    shop.at(T0 + 3, decides(T0 + 3, device="phone", marketing=True), does("add_to_cart", T0 + 4, cart_id="c"))
    shop.wait(T0 + HOUR)
    assert decisions(shop) == [("send", "")]


def test_a_decision_that_comes_too_late_for_windows_counts() -> None:
    shop = Shop()
    shop.at(T0, does("add_to_cart", T0, cart_id="c"))
    late = decides(T0 - 30 * DAY, marketing=False)
    late.received_at_ms = T0 + MINUTE
    shop.at(T0 + MINUTE, late)
    shop.wait(T0 + HOUR)
    assert decisions(shop) == [("suppress", "no_consent")]


NAMES = st.sampled_from(["view_item", "add_to_cart", "begin_checkout", "page_view"])
STEPS = st.lists(st.tuples(NAMES, st.sampled_from(["dev", "other"]), st.integers(0, 600)), min_size=1, max_size=14)


@settings(max_examples=60, deadline=None)
@given(STEPS, st.integers(0, 600), st.integers(0, 2**32))
def test_a_refusal_in_any_order_of_arrival_leaves_what_a_refusal_in_time_leaves(
    steps: list[tuple[str, str, int]], refused_minute: int, seed: int
) -> None:
    """Of derived rows; what had been passed on before it was heard stays in `events`."""
    random, ids = Random(seed), count()
    history = [
        collected(name, T0 + minute * MINUTE, f"m{next(ids)}", device_id=device, cart_id=device, items=(SHOE,), currency="EUR")
        for name, device, minute in steps
    ]
    refusal = decides(T0 + refused_minute * MINUTE, analytics=False)
    for event in (*history, refusal):
        event.received_at_ms = END
    in_time, shuffled = MemoryStream(POLICY), MemoryStream(POLICY)
    in_time.send([refusal])
    in_time.run()
    for event in history:
        in_time.send([event])
    order = [*history, refusal]
    random.shuffle(order)
    for event in order:
        shuffled.send([event])
        if random.random() < 0.5:
            run_in_any_order(shuffled, random)
    for stream in (in_time, shuffled):
        settle(stream, END)
    expected = {event.message_id for event in history if event.device_id != "dev" or event.client_at_ms < T0 + refused_minute * MINUTE}
    assert set(stored(in_time)) == expected
    assert {entry.message_id for person in persons(shuffled).values() for entry in person.journal if entry.weight} == expected
    assert rows(shuffled) == rows(in_time)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 29), st.booleans(), st.sampled_from(["dev", "phone"])), max_size=6, unique_by=lambda each: each[0]),
    st.integers(0, 2**32),
)
def test_marketing_is_decided_by_the_last_word_whatever_the_order_of_arrival(said: list[tuple[int, bool, str]], seed: int) -> None:
    random = Random(seed)
    events = [decides(T0 + minute * MINUTE, device=device, marketing=granted) for minute, granted, device in said]
    events += [does("identify", T0, user="ann"), does("identify", T0, device="phone", user="ann"), does("add_to_cart", T0, cart_id="c")]
    for event in events:
        event.received_at_ms = T0 + 30 * MINUTE
    random.shuffle(events)
    stream = MemoryStream(POLICY)
    for event in events:
        stream.send([event])
    run_in_any_order(stream, random)
    settle(stream, T0 + 2 * HOUR)
    (row,) = stream.rows["triggers"]
    is_refused = bool(said) and not max(said)[1]
    assert (row["decision"], row.get("reason", "")) == (("suppress", "no_consent") if is_refused else ("send", ""))
