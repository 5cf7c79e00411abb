"""Cuts messages that are in order of time into batches: a request each, with the clock it is received at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from replays.rows import Ready


class Batch(msgspec.Struct, frozen=True):
    """Messages, and the time of the last of them: the clock at which they are received."""

    messages: list[Ready]
    clock_ms: int


class Cut(msgspec.Struct, frozen=True, kw_only=True):
    """How large a batch may get. `span_ms` keeps each event close to its time of reception, so that none is late for being packed."""

    events: int = 500
    size_bytes: int = 256_000
    span_ms: int = 3_600_000


def batches(messages: Iterable[Ready], cut: Cut) -> Iterator[Batch]:
    """All messages, in order, none in two batches."""
    part: list[Ready] = []
    held_bytes = 0
    for message in messages:
        full = len(part) >= cut.events or held_bytes + len(message.body) > cut.size_bytes
        if part and (full or message.at_ms - part[0].at_ms > cut.span_ms):
            yield Batch(part, part[-1].at_ms)
            part, held_bytes = [], 0
        part.append(message)
        held_bytes += len(message.body)
    if part:
        yield Batch(part, part[-1].at_ms)
