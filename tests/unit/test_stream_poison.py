"""A line that raises costs itself: the person stays as without it, nothing of it is written, and the partition goes on."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from schemas.journeys import Absorb, Kind, Merge, Says, Tick
from schemas.rows import EventRow
from streams.logic import funnel, person_rows
from streams.logic.identify import Identify
from streams.logic.journey import Journey
from streams.logic.output import LINE_MAX_BYTES, Output
from tests.unit.stream_lab import MINUTE, POLICY, SHOE, T0, clean_event, collected

GOOD = [
    clean_event("share_open", T0, share_id="s1"),
    clean_event("view_item", T0 + MINUTE),
    clean_event("add_to_cart", T0 + 2 * MINUTE, cart_id="c", items=(SHOE,)),
]
POISON = clean_event("purchase", T0 + 3 * MINUTE, "poison", cart_id="c", channel="search")
encode = msgspec.json.encode


def lines(*rows: msgspec.Struct) -> bytes:
    return b"\n".join(encode(row) for row in rows)


def apply(journey: Journey, *records: tuple[str, bytes]) -> Output:
    out = Output(1)
    for kind, value in records:
        journey.on_record(kind, value, out)
    journey.flush(out)
    return out


def results(out: Output) -> dict[str, list[bytes]]:
    return {topic: [line for _, line in found] for (topic, _), found in out.lines.items() if topic not in ("rejected", "clocks") and found}


@pytest.fixture
def break_funnel(monkeypatch: pytest.MonkeyPatch) -> None:
    """The funnel fails on the poison line, after share, first touch and churn have taken it."""
    real = funnel.add

    def add(state: funnel.Funnel, at_ms: int, *rest: Any) -> bool:
        if at_ms == POISON.occurred_at_ms:
            raise ZeroDivisionError("poison")
        return real(state, at_ms, *rest)

    monkeypatch.setattr(funnel, "add", add)


@pytest.mark.parametrize("at", range(4))
def test_a_line_that_fails_half_way_leaves_no_trace(break_funnel: None, at: int) -> None:
    clean, poisoned = Journey(POLICY), Journey(POLICY)
    expected = apply(clean, (Kind.EVENT, lines(*GOOD)))
    out = apply(poisoned, (Kind.EVENT, lines(*GOOD[:at], POISON, *GOOD[at:])))
    assert results(out) == results(expected)
    assert out.changes == expected.changes
    (rejected,) = out.lines[("rejected", 0)]
    assert b"ZeroDivisionError" in rejected[1] and b"poison" in rejected[1]
    again = clean_event("view_item", T0 + 4 * MINUTE)
    assert apply(poisoned, (Kind.EVENT, lines(again))).changes == apply(clean, (Kind.EVENT, lines(again))).changes


def test_lines_that_fail_between_others_of_a_record_and_of_the_next_leave_no_trace(break_funnel: None) -> None:
    clean, poisoned = Journey(POLICY), Journey(POLICY)
    other = clean_event("view_item", T0, "other", device_id="b", person_id="d:b")
    again = msgspec.structs.replace(POISON, message_id="poison again")
    expected = apply(clean, (Kind.EVENT, lines(GOOD[0], other, GOOD[1])), (Kind.EVENT, lines(GOOD[2])))
    out = apply(poisoned, (Kind.EVENT, lines(POISON, GOOD[0], other, again, GOOD[1], POISON)), (Kind.EVENT, lines(again, GOOD[2], POISON)))
    in_any_order = [{topic: sorted(found) for topic, found in results(each).items()} for each in (out, expected)]
    assert in_any_order[0] == in_any_order[1]
    assert out.changes == expected.changes
    assert len(out.lines[("rejected", 0)]) == 5


def test_a_line_that_fails_after_a_merge_in_the_same_batch_keeps_the_merge(break_funnel: None) -> None:
    journey = Journey(POLICY)
    merge = Merge(a="d:dev", b="u:ann", at_ms=T0, reason="identify")
    out = apply(journey, (Kind.EVENT, lines(GOOD[0], POISON)), (Kind.MERGE, lines(merge)), (Kind.EVENT, lines(GOOD[1])))
    kinds = [kind for kind, _ in out.lines[("journeys", 0)]]
    assert kinds == [Kind.ABSORB, Kind.FORWARD]
    assert msgspec.json.decode(out.lines[("journeys", 0)][0][1], type=Absorb).winner == "u:ann"


def test_a_person_whose_rows_cannot_be_written_stays_as_before_and_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    journey = Journey(POLICY)
    apply(journey, (Kind.EVENT, lines(GOOD[1])))
    before = dict(journey.persons)
    real = person_rows.write_rows

    def write_rows(live: Any, out: Output) -> None:
        real(live, out)
        if live.state.person_id == "d:dev":
            raise ZeroDivisionError("poison")

    monkeypatch.setattr(person_rows, "write_rows", write_rows)
    other = clean_event("view_item", T0, "other", device_id="b", person_id="d:b")
    out = apply(journey, (Kind.EVENT, lines(GOOD[2], other)))
    assert b"d:dev" not in out.changes and b"d:b" in out.changes
    assert journey.persons["d:dev"] == before["d:dev"]
    assert len(out.lines[("rejected", 0)]) == 1
    assert {b"d:dev" in line for line in results(out)["funnel_levels"]} == {False}
    monkeypatch.undo()
    assert b"d:dev" in apply(journey, (Kind.EVENT, lines(GOOD[2]))).changes


def test_a_state_that_cannot_be_read_costs_its_own_person_only() -> None:
    journey = Journey(POLICY)
    journey.load(b"d:dev", (T0).to_bytes(8, "big") + b"\xff")
    journey.restored()
    ticks = lines(Tick(now_ms=T0 + 1), Tick(now_ms=T0 + 1, says=Says.PASSED))
    out = apply(journey, (Kind.TICK, ticks), (Kind.EVENT, lines(GOOD[0], clean_event("view_item", T0, device_id="b", person_id="d:b"))))
    assert b"d:b" in out.changes and b"d:dev" not in out.changes
    assert len(out.lines[("rejected", 0)]) == 2  # its event, and its wake


@pytest.mark.parametrize("kind", ["", "nonsense", Kind.TICK, Kind.MERGE, Kind.ABSORB, Kind.FORWARD, Kind.EVENT])
@pytest.mark.parametrize("value", [b"", b"{", b"\xff", b"[]", b'{"now_ms": "soon"}'])
def test_no_record_of_journeys_stops_the_partition(kind: str, value: bytes) -> None:
    out = apply(Journey(POLICY), (kind, value), (Kind.EVENT, lines(GOOD[0])))
    assert len(out.lines[("rejected", 0)]) == 1
    assert b"d:dev" in out.changes


@pytest.mark.parametrize("kind", ["", "nonsense", Kind.TICK, Kind.EVENT])
@pytest.mark.parametrize("value", [b"", b"{", b"\xff", b"[]", b'{"now_ms": "soon"}'])
def test_no_record_of_events_stops_the_partition(kind: str, value: bytes) -> None:
    identify, out = Identify(POLICY), Output(1)
    identify.on_record(kind, value, out)
    identify.on_record(Kind.EVENT, encode(collected("view_item", T0)), out)
    identify.flush(out)
    assert len(out.lines[("rejected", 0)]) == 1
    (event,) = out.lines[("journeys", 0)]
    assert msgspec.json.decode(event[1], type=EventRow).person_id == "d:dev"


def test_what_is_refused_fits_a_record_however_large_it_was() -> None:
    for raw in (b"\x01" * 5_000_000, b"\xff" * 5_000_000, "é".encode() * 2_500_000):
        identify, out = Identify(POLICY), Output(1)
        identify.on_record(Kind.EVENT, raw, out)
        ((_, line),) = out.lines[("rejected", 0)]
        assert len(line) < LINE_MAX_BYTES
        assert b"of 5000000 bytes are kept" in line


def test_a_line_that_fits_no_record_is_refused_in_favour_of_the_others() -> None:
    identify, out = Identify(POLICY), Output(1)
    large = collected("view_item", T0, props={"a": "x" * LINE_MAX_BYTES})
    identify.on_record(Kind.EVENT, lines(large, collected("view_item", T0 + 1)), out)
    assert [b"LineTooLarge" in line for _, line in out.lines[("rejected", 0)]] == [True]
    assert len(out.lines[("journeys", 0)]) == 1
