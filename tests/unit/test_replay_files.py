"""Files as records, order of time, batches: every row accounted for, whatever the bytes."""

from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replays import taobao
from replays.batches import Cut, batches
from replays.files import InputError, Record, records, split
from replays.ordering import by_time
from replays.rejecting import MAX_RAW_BYTES, rejected_row
from replays.rows import Ready, Reject, outcome
from replays.source import Source

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=8)
MESSAGES = st.lists(
    st.builds(Ready, at_ms=st.integers(1, 50), row=st.integers(1, 10_000), key=TEXT, body=st.binary(max_size=20)), max_size=60
)


@pytest.mark.parametrize("packed", [False, True])
def test_plain_and_gzip_files_with_any_line_end_read_the_same(tmp_path: Path, packed: bool) -> None:
    raw = b"\xef\xbb\xbfa,b\r\n1,2\n3,4"
    file = tmp_path / "log"
    file.write_bytes(gzip.compress(raw) if packed else raw)
    assert [record.cells for record in records(file)] == [["a", "b"], ["1", "2"], ["3", "4"]]


def test_a_gzip_file_that_is_cut_off_is_said_not_read_as_whole(tmp_path: Path) -> None:
    file = tmp_path / "log.gz"
    file.write_bytes(gzip.compress(b"1,2\n" * 1000)[:-12])
    with pytest.raises(InputError, match="cannot read"):
        list(records(file))


def test_a_quote_that_is_never_closed_costs_its_own_line_only() -> None:
    found = list(split([b'a,"b\n', b"c,d\n", b'e,"f\n', b'g",h\n']))
    assert [(record.cells, record.error) for record in found] == [
        ([], "not CSV: a quote is never closed"),
        (["c", "d"], ""),
        (["e", "f\ng", "h"], ""),
    ]


def test_bytes_that_are_no_text_are_a_record_with_an_error_and_kept_as_they_are() -> None:
    (found,) = split([b"a,\xff\n"])
    assert found == Record([], b"a,\xff\n", "not UTF-8 (byte 3 of the row)")
    row = rejected_row(Reject(1, "invalid_field", "", "row 1: bad", found.raw), "lane", "key", 5)
    assert (row.encoding, row.raw) == ("base64", "YSz/Cg==")


def test_a_huge_row_is_rejected_and_its_beginning_kept() -> None:
    reject = outcome(1, next(split([b"1," + b"x" * 70_000])), taobao.FORMAT.columns, taobao.FORMAT)
    assert isinstance(reject, Reject)
    row = rejected_row(reject, "lane", "key", 5)
    assert (row.code, len(row.raw), "32768 bytes are kept" in row.message) == ("too_large", MAX_RAW_BYTES, True)


@given(st.lists(st.lists(TEXT, min_size=2, max_size=4), max_size=12))
def test_what_csv_writes_is_read_back(rows: list[list[str]]) -> None:
    out = io.StringIO(newline="")
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows(rows)
    found = list(split(io.BytesIO(out.getvalue().encode())))
    assert [record.cells for record in found] == rows


@given(st.binary(max_size=300))
def test_no_byte_of_any_file_is_lost(raw: bytes) -> None:
    assert b"".join(record.raw for record in split(io.BytesIO(raw))) == raw


@given(lines=st.lists(st.one_of(st.just(b"1,2,3,pv,1511544070"), st.binary(max_size=40)), max_size=40))
def test_every_row_is_a_message_or_a_reject(lines: list[bytes], tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.mktemp("rows") / "log.csv"
    raw = b"\n".join([b"1,2,3,buy,1511544070", *lines])
    file.write_bytes(raw)
    source = Source(file, taobao.FORMAT)
    found = [one.row for one in source.messages()] + [one.row for one in source.rejects()]
    source.close()
    assert sorted(found) == list(range(1, source.rows + 1))
    assert source.rows == raw.count(b"\n") + (not raw.endswith(b"\n"))


@given(messages=MESSAGES, run_rows=st.integers(1, 70))
def test_order_is_by_time_then_row_however_it_is_spilled(messages: list[Ready], run_rows: int) -> None:
    found = list(by_time(messages, run_rows))
    assert [(one.at_ms, one.row) for one in found] == sorted((one.at_ms, one.row) for one in messages)
    assert sorted(one.body for one in found) == sorted(one.body for one in messages)


@given(messages=MESSAGES, events=st.integers(1, 9), size_bytes=st.integers(1, 60), span_ms=st.integers(0, 20))
def test_batches_hold_every_message_once_and_keep_their_bounds(messages: list[Ready], events: int, size_bytes: int, span_ms: int) -> None:
    ordered = sorted(messages, key=lambda one: one.at_ms)
    found = list(batches(ordered, Cut(events=events, size_bytes=size_bytes, span_ms=span_ms)))
    assert [one for batch in found for one in batch.messages] == ordered
    for batch in found:
        assert 1 <= len(batch.messages) <= events
        assert len(batch.messages) == 1 or sum(len(one.body) for one in batch.messages) <= size_bytes
        assert batch.clock_ms == batch.messages[-1].at_ms <= batch.messages[0].at_ms + span_ms


def test_a_limit_counts_rows_read(tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    file.write_text("bad\n" + "1,2,3,pv,1511544070\n" * 9)
    source = Source(file, taobao.FORMAT, limit=4)
    assert (len(list(source.messages())), source.rejected, source.rows) == (3, 1, 4)
    source.close()
