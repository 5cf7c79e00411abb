"""The ground truth on cases small enough to be counted by hand."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from simulator.config import DAY_MS, MINUTE_MS
from simulator.faults import Arrival
from simulator.happening import Device, Happening, Line
from simulator.truth import Rules, Truth
from simulator.truth_funnel import window_funnel
from simulator.truth_persons import Persons

PHONE, LAPTOP = Device("phone", "mobile"), Device("laptop", "desktop")
SHOE = Line("p-1", Decimal("10.50"), 1)
START_MS = 1_000 * DAY_MS


class Story:
    """Happenings in the order of time, then their truth."""

    def __init__(self) -> None:
        self._truth = Truth(Rules())
        self._number = 0

    def tell(self, after_ms: int, event: str, device: Device = PHONE, delay_ms: int = 0, **fields: Any) -> Story:
        self._number += 1
        at_ms = START_MS + after_ms
        happening = Happening(at_ms=at_ms, event=event, message_id=f"m{self._number:03d}", device=device, **fields)
        self._truth.add(Arrival(at_ms + delay_ms, happening, b""))
        return self

    def again(self) -> Story:
        happening = self._truth._clean[-1][0]
        self._truth.add(Arrival(happening.at_ms, happening, b""))
        return self

    def end(self, after_ms: int = DAY_MS) -> dict[str, Any]:
        return self._truth.result(START_MS + after_ms)


def add(story: Story, after_ms: int, **fields: Any) -> Story:
    return story.tell(after_ms, "add_to_cart", items=(SHOE,), currency="EUR", cart_id="c", **fields)


def test_a_cart_is_abandoned_when_the_idle_time_has_passed() -> None:
    carts = add(Story(), 0).end(30 * MINUTE_MS)["carts"]
    assert (carts["opened"], carts["abandoned"], carts["open"], carts["triggers"]) == (1, 1, 1, 1)
    assert carts["abandoned_value"] == {"EUR": "10.5000"}


def test_a_cart_is_not_abandoned_a_millisecond_before() -> None:
    assert add(Story(), 0).end(30 * MINUTE_MS - 1)["carts"]["abandoned"] == 0


@pytest.mark.parametrize(("wait_ms", "recovered"), [(5 * DAY_MS, 1), (5 * DAY_MS + 1, 0)])
def test_an_order_within_the_attribution_window_recovers(wait_ms: int, recovered: int) -> None:
    story = add(Story(), 0).tell(30 * MINUTE_MS + wait_ms, "purchase", cart_id="c", value=Decimal(10), currency="EUR")
    result = story.end(10 * DAY_MS)
    assert (result["carts"]["ordered"], result["carts"]["recovered"]) == (1, recovered)
    assert result["revenue"] == {"EUR": "10.0000"}


def test_an_order_at_the_millisecond_of_the_deadline_comes_too_late_to_prevent_it() -> None:
    carts = add(Story(), 0).tell(30 * MINUTE_MS, "purchase", cart_id="c").end()["carts"]
    assert (carts["abandoned"], carts["recovered"]) == (1, 1)


def test_a_cart_that_is_emptied_ends() -> None:
    carts = add(Story(), 0).tell(1_000, "remove_from_cart", items=(SHOE,), cart_id="c").end()["carts"]
    assert (carts["opened"], carts["emptied"], carts["abandoned"]) == (1, 1, 0)


def test_a_whole_cart_replaces_the_contents() -> None:
    lines = (SHOE._replace(quantity=3), Line("p-2", Decimal(1), 1))
    carts = add(Story(), 0).tell(1_000, "cart_update", cart_items=lines, cart_id="c").end()["carts"]
    assert carts["abandoned_value"] == {"EUR": "32.5000"}


def test_a_cart_expires_after_thirty_days_and_a_new_one_opens() -> None:
    carts = add(add(Story(), 0), 30 * DAY_MS).end(30 * DAY_MS + 1)["carts"]
    assert (carts["opened"], carts["expired"], carts["open"], carts["abandoned"]) == (2, 1, 1, 1)


def test_an_event_that_comes_later_than_a_week_moves_nothing_but_is_stored() -> None:
    result = add(Story(), 0, delay_ms=7 * DAY_MS + 1).end(8 * DAY_MS)
    assert (result["stored"], result["late"], result["carts"]["opened"], result["persons"]) == (1, 1, 0, 1)
    assert result["levels"] == {}


def test_a_duplicate_is_counted_and_changes_nothing() -> None:
    result = add(Story(), 0).again().end()
    assert (result["sent"], result["accepted"], result["duplicates"], result["stored"]) == (2, 2, 1, 1)


def test_a_login_joins_two_devices_into_one_person() -> None:
    story = Story().tell(0, "view_item", PHONE).tell(1, "view_item", LAPTOP)
    story.tell(2, "identify", PHONE, user_id="ada").tell(3, "identify", LAPTOP, user_id="ada").tell(4, "add_to_cart", LAPTOP)
    result = story.end()
    assert (result["persons"], result["merges"]) == (1, 2)
    assert result["levels"] == {"u:ada": 2}


def test_a_second_user_of_a_device_is_another_person() -> None:
    story = Story().tell(0, "view_item").tell(1, "identify", user_id="ada").tell(2, "view_item")
    story.tell(3, "identify", user_id="ben").tell(4, "view_item").tell(5, "add_to_cart")
    result = story.end()
    assert (result["persons"], result["merges"]) == (2, 1)
    assert result["levels"] == {"u:ada": 1, "u:ben": 2}


def test_an_alias_joins_two_users_under_the_smaller_id() -> None:
    story = Story().tell(0, "identify", PHONE, user_id="zoe").tell(1, "identify", LAPTOP, user_id="ada")
    result = story.tell(2, "alias", LAPTOP, user_id="ada", previous_id="zoe").end()
    assert (result["persons"], result["merges"], list(result["levels"])) == (1, 3, ["u:ada"])


def test_the_first_channel_is_the_earliest_that_was_given() -> None:
    story = Story().tell(0, "view_item").tell(1, "page_view", channel="social").tell(2, "page_view", channel="search")
    assert story.end()["persons_by_channel_and_level"] == {"social": {"1": 1}}


def test_silence_moves_a_person_through_the_tiers() -> None:
    story = Story().tell(0, "page_view", PHONE).tell(25 * DAY_MS, "page_view", LAPTOP)
    assert story.end(32 * DAY_MS)["churn"] == {"short": 1, "mid": 1, "long": 0}
    assert story.end(100 * DAY_MS)["churn"] == {"short": 0, "mid": 1, "long": 1}


@pytest.mark.parametrize(
    ("events", "level"),
    [
        ([], 0),
        ([(1, 1), (2, 2), (3, 3)], 3),
        ([(5, 2), (5, 1)], 2),
        ([(0, 1), (10, 2)], 2),
        ([(0, 1), (11, 2)], 1),
        ([(0, 1), (9, 2), (10, 1), (12, 3)], 2),
        ([(0, 1), (2, 1), (11, 2), (12, 3)], 3),
    ],
)
def test_the_funnel_level_is_window_funnels(events: list[tuple[int, int]], level: int) -> None:
    assert window_funnel(events, 10, 3) == level


@pytest.mark.parametrize(("days", "merged_late"), [(7, 0), (8, 1)])
def test_an_order_of_ids_that_become_one_too_late_may_lack_its_share(days: int, merged_late: int) -> None:
    story = Story().tell(0, "share_open", share_id="s").tell(1, "identify", user_id="ann")
    story.tell(DAY_MS, "purchase", LAPTOP, order_id="o", value=Decimal(1), currency="EUR")
    found = story.tell((1 + days) * DAY_MS, "identify", LAPTOP, user_id="ann").end(30 * DAY_MS)
    assert (found["orders_by_share"], found["orders_merged_late"]) == ({"s": 1}, merged_late)


def test_ids_are_one_person_since_the_last_link_between_them() -> None:
    happenings = [
        Happening(at_ms=10, event="identify", message_id="a", device=PHONE, user_id="ann"),
        Happening(at_ms=20, event="identify", message_id="b", device=LAPTOP, user_id="ben"),
        Happening(at_ms=30, event="alias", message_id="c", device=PHONE, user_id="ben", previous_id="ann"),
    ]
    persons = Persons(happenings)
    assert persons.joined_ms("d:phone", "u:ann") == 10
    assert persons.joined_ms("d:phone", "d:laptop") == 30 == persons.joined_ms("u:ben", "d:phone")
    assert persons.joined_ms("d:phone", "d:phone") == 0
    with pytest.raises(ValueError, match="are not one person"):
        persons.joined_ms("d:phone", "d:other")
