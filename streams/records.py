"""Lines to records: what a batch emits, packed into as few Kafka records as the size limit allows."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import accumulate, groupby
from operator import itemgetter
from typing import TypeVar

from schemas.journeys import Kind, joined

_Line = TypeVar("_Line")
_ROWS = ("", Kind.EVENT)


def pack(lines: Iterable[tuple[str, bytes]], max_bytes: int) -> Iterator[tuple[str, bytes]]:
    """Join neighbouring lines with newlines, up to `max_bytes` a record; order stays as it is.

    Rows (kinds '' and `event`) keep to themselves, because the sink passes their bytes on; all others share `mixed` records. A record
    costs Faust 200 us, whatever is in it.
    """
    others: list[tuple[str, bytes]] = []
    for kind, neighbours in groupby(lines, itemgetter(0)):
        if kind not in _ROWS:
            others += neighbours
            continue
        yield from _mixed(others, max_bytes)
        others = []
        rows = [line for _, line in neighbours]
        for part in _parts(rows, [len(row) + 1 for row in rows], max_bytes):
            yield kind, b"\n".join(part)
    yield from _mixed(others, max_bytes)


def _mixed(lines: list[tuple[str, bytes]], max_bytes: int) -> Iterator[tuple[str, bytes]]:
    return map(joined, _parts(lines, [len(line) + len(kind) + 2 for kind, line in lines], max_bytes))


def _parts(lines: list[_Line], sizes_bytes: list[int], max_bytes: int) -> Iterator[list[_Line]]:
    """As many neighbours as have room in a record each time, at least one. No loop over single lines: there are millions."""
    ends_bytes = list(accumulate(sizes_bytes))
    start = start_bytes = 0
    while start < len(lines):
        end = max(start + 1, bisect_right(ends_bytes, start_bytes + max_bytes))
        yield lines[start:end]
        start, start_bytes = end, ends_bytes[end - 1]


def kind_of(headers: Iterable[tuple[str, bytes | None]] | None) -> str:
    """The record's kind from its headers; '' when it has none. Whatever a stranger wrote there, it raises nothing."""
    for name, value in headers or ():
        if name == "kind":
            return (value or b"").decode(errors="replace")
    return ""
