"""Decisions about purposes in the warehouse: each from its event, the latest of a person whatever the device, requests that are open."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from erasure.erase import Eraser
from runtime.query import command, query
from tests.views_lab import NOON_MS, Lab, lab

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def made(warehouse: tuple[str, int]) -> Iterator[Lab]:
    with lab(*warehouse) as found:
        yield found


def consent(person: str, at_ms: int, device: str, details: dict[str, str] | None = None, **purposes: bool) -> dict[str, Any]:
    props = {"purposes": purposes, **(details or {})}
    return {"event": "consent", "person_id": person, "at_ms": at_ms, "device_id": device, "props": props}


def test_each_purpose_of_an_event_is_a_row(made: Lab) -> None:
    made.events("rows", consent("d:1", 0, "1", {"version": "7", "basis": "banner"}, analytics=True, marketing=False))
    made.events("rows", {"event": "page_view", "person_id": "d:1", "at_ms": 5, "props": {"purposes": {"analytics": False}}})
    rows = made.ask("SELECT purpose, granted, version, basis, source, device_id FROM consents WHERE lane = 'rows' ORDER BY purpose")
    same = {"version": "7", "basis": "banner", "source": "web", "device_id": "1"}
    assert rows == [{"purpose": "analytics", "granted": True, **same}, {"purpose": "marketing", "granted": False, **same}]


def test_the_latest_of_a_person_counts_on_whichever_device(made: Lab) -> None:
    made.events(
        "now",
        consent("u:ann", 20, "phone", {"version": "2"}, marketing=True),
        consent("d:1", 10, "1", {"version": "1"}, marketing=False, analytics=False),
        consent("u:bob", 5, "till", marketing=True),
        consent("u:bob", 5, "till", marketing=False),
    )
    made.insert("identities", [{"lane": "now", "id": "d:1", "person_id": "u:ann", "version": 1, "merged_at_ms": NOON_MS}])
    rows = made.ask("SELECT person_id, purpose, granted, version, decisions FROM consents_now WHERE lane = 'now' ORDER BY ALL")
    assert [tuple(row.values()) for row in rows] == [
        ("u:ann", "analytics", False, "1", 1),
        ("u:ann", "marketing", True, "2", 2),
        ("u:bob", "marketing", False, "", 2),
    ]


def test_who_asked_to_be_forgotten_is_listed_until_it_is_done(made: Lab) -> None:
    made.events("asks", consent("d:9", 0, "9", {"basis": "erase"}, analytics=False), consent("d:8", 0, "8", analytics=False))
    sql = "SELECT person_id FROM erasure_requests WHERE lane = 'asks'"
    assert made.ask(sql) == [{"person_id": "d:9"}]
    Eraser(partial(query, made.settings), partial(command, made.settings), "salt", news_s=0.0).erase("d:9")
    assert made.ask(sql) == []
