"""Visits: their ends to the millisecond, campaigns, several devices."""

from __future__ import annotations

import pytest

from streams.logic import sessions
from streams.logic.entry import Entry
from streams.logic.policy import Policy
from streams.logic.sessions import Session, Sessions
from tests.unit.stream_lab import HOUR, MINUTE, T0, entry

POLICY = Policy()
IDLE, MAX = POLICY.session_idle_ms, POLICY.session_max_ms


def visits(*entries: Entry) -> list[Session]:
    found = Sessions({}, [])
    for each in entries:
        sessions.apply(found, each, POLICY)
    return sorted([*found.latest.values(), *found.closed], key=lambda s: (s.started_ms, s.device_id))


def view(at_ms: int, **fields: str) -> Entry:
    return entry("page_view", at_ms, **fields)


def test_a_visit_counts_its_events() -> None:
    (visit,) = visits(view(T0), entry("add_to_cart", T0 + 1), view(T0 + 2), entry("identify", T0 + 3))
    assert (visit.events, visit.page_views, visit.interactions) == (3, 2, 1)
    assert (visit.started_ms, visit.ended_ms) == (T0, T0 + 2)


@pytest.mark.parametrize(("gap_ms", "count"), [(IDLE - 1, 1), (IDLE, 2)])
def test_the_idle_time_ends_it(gap_ms: int, count: int) -> None:
    assert len(visits(view(T0), view(T0 + gap_ms))) == count


@pytest.mark.parametrize(("last_ms", "count"), [(MAX - 1, 1), (MAX, 2)])
def test_a_day_ends_it(last_ms: int, count: int) -> None:
    ongoing = [view(T0 + at_ms) for at_ms in range(0, MAX - 1, 20 * MINUTE)]
    assert len(visits(*ongoing, view(T0 + last_ms))) == count


@pytest.mark.parametrize("field", ["campaign_source", "campaign_medium", "campaign_name"])
def test_a_new_campaign_starts_a_visit(field: str) -> None:
    assert len(visits(view(T0), view(T0 + 1, **{field: "spring"}))) == 2
    assert len(visits(view(T0, **{field: "spring"}), view(T0 + 1, **{field: "summer"}))) == 2


def test_the_same_campaign_none_or_another_channel_does_not() -> None:
    same = {"campaign_source": "news", "campaign_name": "spring"}
    assert len(visits(view(T0, **same), view(T0 + 1, **same), view(T0 + 2), view(T0 + 3, channel="search"))) == 1


def test_how_a_visit_began_is_kept() -> None:
    (visit,) = visits(view(T0, channel="search", page_url="https://shop/a"), view(T0 + 1, channel="social", page_url="https://shop/b"))
    assert (visit.visit.channel, visit.visit.page_url) == ("search", "https://shop/a")


def test_each_device_has_its_own_visit() -> None:
    found = visits(view(T0, device_id="a"), view(T0, device_id="b"), view(T0 + MINUTE, device_id="a"))
    assert [(visit.device_id, visit.events) for visit in found] == [("a", 2), ("b", 1)]
    assert len({visit.session_id for visit in found}) == 2


def test_no_visit_without_a_device_and_none_by_signing_in() -> None:
    quiet = [entry(name, T0) for name in ("identify", "alias", "consent", "experiment_view")]
    assert visits(view(T0, device_id="", user_id="ann"), *quiet) == []


def test_signing_in_does_not_keep_a_visit_alive() -> None:
    assert len(visits(view(T0), entry("identify", T0 + 20 * MINUTE), view(T0 + 40 * MINUTE))) == 2


def test_a_visit_is_named_after_device_and_start() -> None:
    assert visits(view(T0, person_id="d:dev"))[0].session_id == visits(view(T0, person_id="u:ann"))[0].session_id


def test_merging_keeps_every_visit_and_the_later_one_as_the_latest() -> None:
    ours, theirs = Sessions({}, []), Sessions({}, [])
    for each in (view(T0), view(T0 + 2 * HOUR), view(T0, device_id="b")):
        sessions.apply(ours, each, POLICY)
    for each in (view(T0 + HOUR), view(T0 + 3 * HOUR), view(T0, device_id="c")):
        sessions.apply(theirs, each, POLICY)
    sessions.merge(ours, theirs)
    assert {device: visit.started_ms - T0 for device, visit in ours.latest.items()} == {"dev": 3 * HOUR, "b": 0, "c": 0}
    assert sorted(visit.started_ms - T0 for visit in ours.closed) == [0, HOUR, 2 * HOUR]
