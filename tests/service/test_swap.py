"""What takes a lane's place when its tables are exchanged: versions, other lanes, and triggers that the shop may have heard of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from replays.rebuild.stored import EVENTS, HOUR_MS, HOURS
from replays.rebuild.swap import Swap, SwapError
from tests.views_lab import NOON_MS, Lab, lab


@pytest.fixture(scope="module")
def found(warehouse: tuple[str, int]) -> Iterator[Lab]:
    with lab(*warehouse) as made:
        yield made


def swap_of(found: Lab) -> Swap:
    def ask(sql: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in found.client.query(sql, parameters=dict(parameters)).result_rows]

    def do(sql: str, parameters: Mapping[str, Any]) -> None:
        found.client.command(sql, parameters=dict(parameters))

    return Swap(ask, do, "a", "b")


def trigger(lane: str, name: str, fired_ms: int = 0, **changed: Any) -> dict[str, Any]:
    row = {"lane": lane, "trigger_id": name, "rule": "r", "person_id": "p", "episode_id": name, "step": 1, "status": "fired"}
    return {**row, "decision": "send", "fired_at_ms": NOON_MS + fired_ms, "version": 1, **changed}


def test_triggers_are_facts(found: Lab) -> None:
    both = [trigger("a", "both"), trigger("b", "both", decision="suppress", reason="capped", version=4)]
    alone = [trigger("a", "only before"), trigger("a", "void", version=2, status="void")]
    new = [trigger("b", "due", 1000), trigger("b", "never was", status="void", version=2)]
    found.insert("triggers", [*both, *alone, *new, trigger("c", "of another lane")])
    swap = swap_of(found)
    swap.exchange()
    rows = found.ask("SELECT lane, trigger_id, status, decision, version FROM triggers ORDER BY lane, trigger_id")
    assert [tuple(row.values()) for row in rows if row["lane"] == "a"] == [
        ("a", "both", "fired", "send", 1),
        ("a", "due", "fired", "send", 0),
        ("a", "only before", "void", "send", 1),
        ("a", "void", "void", "send", 2),
    ]
    assert [row["trigger_id"] for row in rows if row["lane"] != "a"] == ["of another lane"]
    assert found.ask("SELECT count() AS n FROM triggers__before WHERE lane = 'b'") == [{"n": 3}]
    assert "triggers__before" in swap.drop_old()


def test_a_row_keeps_its_version_and_a_second_exchange_waits_for_the_first_to_be_dropped(found: Lab) -> None:
    found.insert("identities", [{"lane": lane, "id": "d:1", "person_id": lane, "version": v} for lane, v in (("a", 7), ("a", 9), ("b", 2))])
    swap = swap_of(found)
    swap.exchange()
    assert found.ask("SELECT person_id, version FROM identities WHERE lane = 'a'") == [{"person_id": "b", "version": 9}]
    with pytest.raises(SwapError, match="--drop-old"):
        swap.refuse_leftovers()
    assert "identities__before" in swap.drop_old()
    swap.refuse_leftovers()


def test_only_what_the_shadow_lacks_is_read(found: Lab) -> None:
    first, late, second = ({"event": "click", "person_id": "d:1", "at_ms": at_ms} for at_ms in (5, 6, HOUR_MS))
    for name, event in (("first", first), ("late", late), ("second", second)):
        for lane in ("a",) if name == "late" else ("a", "b", "c"):
            found.events(lane, {**event, "message_id": name})
    lanes = {"lane": "a", "shadow": "b"}
    hour_ms = NOON_MS // HOUR_MS * HOUR_MS
    hours = [tuple(row.values()) for row in found.ask(HOURS, **lanes, until_ms=1 << 62)]
    assert hours == [(hour_ms, 1)]
    rows = found.ask(EVENTS, **lanes, from_ms=hour_ms, until_ms=hour_ms + HOUR_MS)
    assert [row["message_id"] for row in rows] == ["late"]
    assert found.ask(HOURS, **lanes, until_ms=NOON_MS + 6) == []
