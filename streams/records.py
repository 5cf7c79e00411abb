"""Lines to records: what a batch emits, packed into as few Kafka records as the size limit allows."""

from collections.abc import Iterable, Iterator

from schemas.journeys import Kind, joined

_ROWS = ("", Kind.EVENT)


def pack(lines: Iterable[tuple[str, bytes]], max_bytes: int) -> Iterator[tuple[str, bytes]]:
    """Join neighbouring lines with newlines, up to `max_bytes` a record; order stays as it is.

    Rows (kinds '' and `event`) keep to themselves, because the sink passes their bytes on; all others share `mixed` records. A record
    costs Faust 200 us, whatever is in it.
    """
    held: list[tuple[str, bytes]] = []
    size_bytes = 0
    for kind, line in lines:
        line_bytes = len(line) + len(kind) + 2
        if held and (size_bytes + line_bytes > max_bytes or (kind != held[-1][0] and (kind in _ROWS or held[-1][0] in _ROWS))):
            yield joined(held)
            held, size_bytes = [], 0
        held.append((kind, line))
        size_bytes += line_bytes
    if held:
        yield joined(held)


def kind_of(headers: Iterable[tuple[str, bytes | None]] | None) -> str:
    """The record's kind from its headers; '' when it has none. Whatever a stranger wrote there, it raises nothing."""
    for name, value in headers or ():
        if name == "kind":
            return (value or b"").decode(errors="replace")
    return ""
