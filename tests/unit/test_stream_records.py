"""Lines to records and back."""

from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.records import kind_of, pack

lines = st.lists(
    st.tuples(st.sampled_from(["event", "merge", ""]), st.binary(min_size=1, max_size=20).map(lambda b: b.replace(b"\n", b" ")))
)


@given(lines, st.integers(1, 64))
def test_packing_keeps_every_line_its_kind_and_the_order(given_lines: list[tuple[str, bytes]], max_bytes: int) -> None:
    packed = list(pack(given_lines, max_bytes))
    assert [(kind, line) for kind, value in packed for line in value.split(b"\n")] == given_lines
    assert all(len(value) < max_bytes or b"\n" not in value for _, value in packed)


@given(lines)
def test_records_are_as_few_as_kinds_allow(given_lines: list[tuple[str, bytes]]) -> None:
    assert len(list(pack(given_lines, 1 << 20))) == len(list(groupby(given_lines, key=lambda line: line[0])))


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
