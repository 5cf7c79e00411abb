"""Lines to records: what a batch emits, packed into as few Kafka records as the size limit allows."""

from collections.abc import Iterable, Iterator


def pack(lines: Iterable[tuple[str, bytes]], max_bytes: int) -> Iterator[tuple[str, bytes]]:
    """Join neighbouring lines of one kind with newlines, up to `max_bytes` a record; order stays as it is."""
    held: list[bytes] = []
    kind, size = "", 0
    for next_kind, line in lines:
        if held and (next_kind != kind or size + len(line) + 1 > max_bytes):
            yield kind, b"\n".join(held)
            held, size = [], 0
        kind = next_kind
        held.append(line)
        size += len(line) + 1
    if held:
        yield kind, b"\n".join(held)


def kind_of(headers: Iterable[tuple[str, bytes | None]] | None) -> str:
    """The record's kind from its headers; '' when it has none. Whatever a stranger wrote there, it raises nothing."""
    for name, value in headers or ():
        if name == "kind":
            return (value or b"").decode(errors="replace")
    return ""
