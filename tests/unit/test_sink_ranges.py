"""Ranges, their metadata, and what is written of them: the parts of the exactly-once sink that do no I/O."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sinks.buffer import Buffer, Limits, Record, good_lines, lines_of
from sinks.clickhouse import BadInput, refusal
from sinks.intent import MAX_METADATA_BYTES, Intent, from_metadata, to_metadata
from sinks.verdict import MAX_BAD_LINES, judge

LIMITS = Limits(flush_s=1.0, max_rows=10, max_bytes=1000)


def record(offset: int, lines: list[bytes]) -> Record:
    return Record(offset, 0, b"\n".join(lines), len(lines))


def buffer_of(*records: Record, opened: Intent | None = None, now_s: float = 0.0) -> Buffer:
    made = Buffer(opened, records[0].offset if records else 0)
    for each in records:
        made.add(each, now_s)
    return made


async def refuse_bad(lines: bytes) -> str:
    return "bad" if b"bad" in lines else ""


intents = st.builds(
    lambda first, length, bad: Intent(first, first + length, frozenset((first + offset % (length + 1), line) for offset, line in bad)),
    st.integers(0, 2**40),
    st.integers(0, 50),
    st.sets(st.tuples(st.integers(0, 50), st.integers(0, 30)), max_size=20),
)


@given(intents)
def test_metadata_is_read_as_it_was_written(intent: Intent) -> None:
    assert from_metadata(to_metadata(intent)) == intent


def test_metadata_reads_as_documented() -> None:
    assert from_metadata("") is None
    assert to_metadata(Intent(12, 40)) == "12-40"
    assert to_metadata(Intent(12, 40, frozenset({(13, 0), (15, 2), (15, 3), (15, 4), (15, 5)}))) == "12-40 bad 1.0,3.2-5"
    assert Intent(12, 40, frozenset({(13, 0)})).token("carts", 3) == "carts:3:12-40"


@pytest.mark.parametrize("text", ["12", "12-", "12-40 bad", "12-40 worse 1.0", "hello"])
def test_metadata_of_someone_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not the metadata"):
        from_metadata(text)


def test_a_range_is_due_after_its_time_or_when_it_is_full() -> None:
    waiting = buffer_of(record(5, [b"x"]), now_s=10.0)
    assert not waiting.is_due(10.9, LIMITS)
    assert waiting.is_due(11.0, LIMITS)
    assert buffer_of(record(5, [b"x"] * 10), now_s=10.0).is_due(10.0, LIMITS)
    assert buffer_of(record(5, [b"x" * 1000]), now_s=10.0).is_due(10.0, LIMITS)
    assert not Buffer(None, 0).is_due(99.0, LIMITS)


def test_a_range_takes_what_fits_but_at_least_one_record() -> None:
    assert buffer_of(record(5, [b"x"] * 50), record(6, [b"x"])).choose(LIMITS) == Intent(5, 5)
    assert buffer_of(record(5, [b"x"] * 6), record(8, [b"x"] * 4), record(9, [b"x"])).choose(LIMITS) == Intent(5, 8)


def test_an_open_range_waits_for_its_last_record_and_takes_no_more() -> None:
    opened = Intent(5, 7)
    buffer = buffer_of(record(5, [b"a"]), opened=opened)
    assert buffer.choose(LIMITS) is None
    for offset in (7, 8):
        buffer.add(record(offset, [b"b"]), 0.0)
    assert buffer.is_due(0.0, LIMITS)
    assert buffer.choose(LIMITS) == opened
    assert [each.offset for each in buffer.records(opened)] == [5, 7]
    buffer.done(opened, 0.0)
    assert buffer.choose(LIMITS) == Intent(8, 8)
    assert (buffer.committed, buffer.bytes) == (8, 1)


def test_an_open_range_whose_end_is_gone_is_over_when_the_position_is_past_it() -> None:
    """Retention took the records, or they were the end of a transaction."""
    buffer = Buffer(Intent(5, 7), 5)
    buffer.position = 9
    assert buffer.choose(LIMITS) == Intent(5, 7)
    buffer.done(Intent(5, 7), 0.0)
    assert buffer.is_empty
    assert buffer.position == 9


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(0, 12)), min_size=1, max_size=30))
def test_ranges_cover_every_row_once(steps: list[tuple[int, int]]) -> None:
    offset, buffer, rows, taken = 0, Buffer(None, 0), [], []
    for gap, count in steps:
        offset += gap
        lines = [f"{offset}.{number}".encode() for number in range(count)]
        rows += lines
        buffer.add(Record(offset, 0, b"\n".join(lines), count), 0.0)
    while intent := buffer.choose(LIMITS):
        taken += [line for _, line in lines_of(buffer.records(intent))]
        buffer.done(intent, 0.0)
    assert taken == rows
    assert (buffer.bytes, buffer.is_empty, buffer.committed) == (0, True, offset + 1)


@given(st.lists(st.lists(st.booleans(), min_size=1, max_size=8), min_size=1, max_size=12))
async def test_every_bad_line_is_found_and_only_those(plan: list[list[bool]]) -> None:
    records = [record(offset, [b"bad" if is_bad else b"good" for is_bad in bits]) for offset, bits in enumerate(plan)]
    intent, reasons = await judge(Intent(0, len(plan) - 1), records, refuse_bad)
    wanted = {(offset, line) for offset, bits in enumerate(plan) for line, is_bad in enumerate(bits) if is_bad}
    assert intent.bad == wanted == set(reasons)
    assert b"bad" not in b"\n".join(good_lines(records, intent))


async def test_a_range_with_many_bad_lines_is_cut_before_the_record_that_was_not_examined() -> None:
    records = [record(offset, [b"bad", b"good"]) for offset in range(MAX_BAD_LINES * 2)]
    intent, _ = await judge(Intent(0, len(records) - 1), records, refuse_bad)
    assert intent.last == MAX_BAD_LINES - 2
    assert len(intent.bad) == MAX_BAD_LINES - 1


async def test_a_range_whose_verdict_does_not_fit_the_commit_is_cut() -> None:
    """Offsets far apart make long numbers: 199 of them are too long."""
    records = [record(offset * 10**18, [b"bad", b"good"]) for offset in range(MAX_BAD_LINES - 1)]
    intent, _ = await judge(Intent(0, 10**21), records, refuse_bad)
    assert 100 < len(intent.bad) < MAX_BAD_LINES - 1
    assert len(to_metadata(intent)) <= MAX_METADATA_BYTES
    assert intent.last < 10**21


async def test_a_record_with_more_bad_lines_than_can_be_named_is_bad_as_a_whole() -> None:
    records = [record(7, [b"bad", b"good"] * 2000), record(8, [b"good"])]
    intent, _ = await judge(Intent(7, 8), records, refuse_bad)
    assert (intent.last, len(intent.bad)) == (7, 4000)
    assert to_metadata(intent) == "7-7 bad 0.0-3999"


async def test_a_record_with_many_bad_lines_that_can_be_named_loses_no_good_one() -> None:
    records = [record(7, [b"bad", b"good"] * 300), record(8, [b"bad"])]
    intent, _ = await judge(Intent(7, 8), records, refuse_bad)
    assert (intent.last, len(intent.bad)) == (7, 300)


@given(intents, st.binary(max_size=20))
def test_a_verdict_found_earlier_decides_what_is_written(intent: Intent, line: bytes) -> None:
    records = [record(offset, [line.replace(b"\n", b""), b"x"]) for offset in range(intent.first, intent.last + 1)]
    kept = [each for position, each in lines_of(records) if position not in intent.bad]
    assert b"\n".join(good_lines(records, intent)) == b"\n".join(kept)


@pytest.mark.parametrize(
    ("code", "message", "is_input"),
    [
        (27, "Code: 27. DB::Exception: Cannot parse input: (while reading the value of key at_ms): (at row 2)", True),
        (117, "Code: 117. DB::Exception: JSON object should start with '{': (at row 1)", True),
        (306, "Code: 306. DB::Exception: JSON is too deep for key 'a': While executing JSONEachRowRowInputFormat.", True),
        (306, "Code: 306. DB::Exception: Stack size too large", False),
        (1001, "Code: 1001. DB::Exception: The engine's message is not text.", False),
        (60, "Code: 60. DB::Exception: Table m1.events2 does not exist.", False),
        (16, "Code: 16. DB::Exception: No such column nope in table m1.events", False),
        (252, "Code: 252. DB::Exception: Too many parts", False),
        (241, "Code: 241. DB::Exception: Memory limit exceeded: While executing JSONEachRowRowInputFormat", False),
    ],
)
def test_a_refusal_is_the_rows_fault_or_it_is_not(code: int, message: str, is_input: bool) -> None:
    assert isinstance(refusal(code, message), BadInput) == is_input
