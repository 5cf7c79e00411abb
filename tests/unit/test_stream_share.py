"""Shares, their openings, and the orders that came through them."""

from __future__ import annotations

from decimal import Decimal

from schemas.rows import EventRow, ShareRow
from streams.logic.ids import stable_id
from streams.logic.person import Person
from streams.logic.policy import Policy
from streams.logic.share import share_rows
from tests.unit.stream_lab import SHOE, T0, clean_event

POLICY = Policy()


def rows(person: Person, *events: EventRow) -> list[ShareRow]:
    return [row for event in events for row in share_rows(event, person, POLICY)]


def opens(at_ms: int, share_id: str) -> EventRow:
    return clean_event("share_open", at_ms, share_id=share_id)


def test_a_share_keeps_its_own_id() -> None:
    (row,) = rows(Person("d:dev"), clean_event("share", T0, "m", share_id="s1", method="wechat", content_type="product", items=(SHOE,)))
    assert (row.kind, row.share_id, row.method, row.content_type, row.product_id, row.message_id) == (
        "share",
        "s1",
        "wechat",
        "product",
        "shoe",
        "m",
    )


def test_a_share_without_an_id_gets_one_that_a_replay_finds_again() -> None:
    (row,) = rows(Person("d:dev"), clean_event("share", T0, "m"))
    assert row.share_id == stable_id("share", "k", "m")


def test_whoever_came_through_a_share_carries_it_into_the_own_share() -> None:
    _, row = rows(Person("d:dev"), opens(T0, "s1"), clean_event("share", T0 + 1, share_id="s2"))
    assert (row.share_id, row.parent_share_id) == ("s2", "s1")
    _, row = rows(Person("d:dev"), opens(T0, "s1"), clean_event("share", T0 + 1, share_id="s2", parent_share_id="s0"))
    assert row.parent_share_id == "s0"


def test_the_own_share_is_not_one_that_the_person_came_through() -> None:
    assert [row.kind for row in rows(Person("d:dev"), clean_event("share", T0, share_id="s"), clean_event("purchase", T0 + 1))] == ["share"]


def test_an_order_is_told_of_the_share_within_the_window() -> None:
    def order(after_ms: int) -> EventRow:
        return clean_event("purchase", T0 + after_ms, order_id="o", value=Decimal("9.90"), currency="EUR")

    found = rows(Person("d:dev"), opens(T0, "s1"), order(0), order(POLICY.attribution_ms), order(POLICY.attribution_ms + 1), order(-1))
    assert [(row.kind, row.share_id, row.occurred_at_ms - T0) for row in found] == [
        ("open", "s1", 0),
        ("order", "s1", 0),
        ("order", "s1", POLICY.attribution_ms),
    ]
    assert (found[1].order_id, found[1].value, found[1].currency) == ("o", Decimal("9.90"), "EUR")


def test_the_last_opening_counts_and_an_older_one_that_comes_late_does_not() -> None:
    found = rows(Person("d:dev"), opens(T0, "s1"), opens(T0 + 10, "s2"), opens(T0 + 5, "late"), clean_event("purchase", T0 + 20))
    assert (found[-1].kind, found[-1].share_id) == ("order", "s2")


def test_an_accepted_invitation_counts_as_an_opening() -> None:
    found = rows(Person("d:dev"), clean_event("invite_accept", T0, share_id="s1"), clean_event("purchase", T0 + 1))
    assert [(row.kind, row.share_id) for row in found] == [("invite_accept", "s1"), ("order", "s1")]


def test_other_events_say_nothing() -> None:
    assert rows(Person("d:dev"), clean_event("view_item", T0, share_id="s"), clean_event("purchase", T0)) == []
