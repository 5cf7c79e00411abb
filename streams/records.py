"""Lines to records: what a batch emits, packed into as few Kafka records as the size limit allows."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import accumulate, groupby
from typing import TypeVar, cast

from schemas.journeys import joined
from streams.logic.output import Line

_Line = TypeVar("_Line")


def pack(lines: Iterable[Line], row_kind: str, max_bytes: int) -> Iterator[tuple[str, bytes]]:
    """Join neighbouring lines with newlines, up to `max_bytes` a record; order stays as it is.

    Rows keep to themselves, because the sink passes their bytes on; all others share `mixed` records. A record costs Faust 200 us,
    whatever is in it.
    """
    for kind, neighbours in groupby(lines, type):
        if kind is bytes:
            rows = cast(list[bytes], list(neighbours))
            for part in _parts(rows, map(len, rows), max_bytes):
                yield row_kind, b"\n".join(part)
        else:
            others = cast(list[tuple[str, bytes]], list(neighbours))
            yield from map(joined, _parts(others, (len(line) + len(each) + 1 for each, line in others), max_bytes))


def _parts(lines: list[_Line], sizes_bytes: Iterable[int], max_bytes: int) -> Iterator[list[_Line]]:
    """As many neighbours as have room in a record each time, at least one. No loop over single lines: there are millions."""
    ends_bytes = list(accumulate(sizes_bytes))
    if ends_bytes[-1] + len(lines) <= max_bytes:  # nearly always
        yield lines
        return
    ends_bytes = [end_bytes + newlines for newlines, end_bytes in enumerate(ends_bytes, 1)]
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
