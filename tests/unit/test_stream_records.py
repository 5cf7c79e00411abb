"""Lines to records and back."""

from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.journeys import lines_of
from streams.records import kind_of, pack

lines = st.lists(
    st.tuples(st.sampled_from(["event", "merge", "tick", ""]), st.binary(min_size=1, max_size=20).map(lambda b: b.replace(b"\n", b" ")))
)


@given(lines, st.integers(1, 64))
def test_packing_keeps_every_line_its_kind_and_the_order(given_lines: list[tuple[str, bytes]], max_bytes: int) -> None:
    packed = list(pack(given_lines, max_bytes))
    assert [each for kind, value in packed for each in lines_of(kind, value)] == given_lines
    assert all(len(value) < max_bytes or b"\n" not in value for _, value in packed)


@given(lines)
def test_rows_keep_to_themselves_and_all_others_share(given_lines: list[tuple[str, bytes]]) -> None:
    own = {"": "", "event": "event"}
    assert len(list(pack(given_lines, 1 << 20))) == len(list(groupby(given_lines, key=lambda line: own.get(line[0], "other"))))


def test_a_record_of_one_kind_says_so_and_a_mixed_one_in_each_line() -> None:
    assert list(pack([("tick", b"1"), ("tick", b"2")], 99)) == [("tick", b"1\n2")]
    assert list(pack([("merge", b"1"), ("tick", b"2 3"), ("event", b"4")], 99)) == [("mixed", b"merge 1\ntick 2 3"), ("event", b"4")]
    assert list(lines_of("mixed", b"\xff\n\nmerge")) == [("\ufffd", b""), ("", b""), ("merge", b"")]


def test_a_line_larger_than_a_record_is_a_record_of_its_own() -> None:
    assert list(pack([("", b"a"), ("", b"b" * 100), ("", b"c")], 10)) == [("", b"a"), ("", b"b" * 100), ("", b"c")]


def test_nothing_gives_no_record() -> None:
    assert list(pack([], 10)) == []


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
