"""Lines to records and back."""

from itertools import groupby, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.journeys import lines_of
from streams.logic.output import Line
from streams.records import kind_of, pack

rows = st.binary(min_size=1, max_size=20).map(lambda b: b.replace(b"\n", b" "))
lines = st.lists(rows | st.tuples(st.sampled_from(["merge", "tick"]), rows))


@given(lines, st.integers(1, 64))
def test_packing_keeps_every_line_its_kind_and_the_order(given_lines: list[Line], max_bytes: int) -> None:
    packed = list(pack(given_lines, "event", max_bytes))
    expected = [line if isinstance(line, tuple) else ("event", line) for line in given_lines]
    assert [each for kind, value in packed for each in lines_of(kind, value)] == expected
    assert all(len(value) < max_bytes or b"\n" not in value for _, value in packed)


@given(lines)
def test_rows_keep_to_themselves_and_all_others_share(given_lines: list[Line]) -> None:
    assert len(list(pack(given_lines, "event", 1 << 20))) == len(list(groupby(given_lines, key=type)))


@given(st.lists(rows, min_size=1), st.integers(1, 64))
def test_a_record_holds_as_many_rows_as_have_room(given_rows: list[bytes], max_bytes: int) -> None:
    values = [value for _, value in pack(given_rows, "", max_bytes)]
    assert all(len(value) + 2 + len(following.split(b"\n")[0]) > max_bytes for value, following in pairwise(values))


def test_a_record_of_one_kind_says_so_and_a_mixed_one_in_each_line() -> None:
    assert list(pack([("tick", b"1"), ("tick", b"2")], "event", 99)) == [("tick", b"1\n2")]
    assert list(pack([("merge", b"1"), ("tick", b"2 3"), b"4"], "event", 99)) == [("mixed", b"merge 1\ntick 2 3"), ("event", b"4")]
    assert list(lines_of("mixed", b"\xff\n\nmerge")) == [("\ufffd", b""), ("", b""), ("merge", b"")]


def test_a_line_larger_than_a_record_is_a_record_of_its_own() -> None:
    assert list(pack([b"a", b"b" * 100, b"c"], "", 10)) == [("", b"a"), ("", b"b" * 100), ("", b"c")]


def test_nothing_gives_no_record() -> None:
    assert list(pack([], "", 10)) == []


@pytest.mark.parametrize(
    ("headers", "kind"),
    [
        (None, ""),
        ([], ""),
        ([("kind", b"event")], "event"),
        ([("trace", b"1"), ("kind", b"tick")], "tick"),
        ([("kind", None)], ""),
        ([("kind", b"\xff")], "\ufffd"),
    ],
)
def test_the_kind_of_a_record_whatever_its_headers_hold(headers: list[tuple[str, bytes | None]] | None, kind: str) -> None:
    assert kind_of(headers) == kind
