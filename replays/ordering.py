"""Messages in the order of their time, ties in the file's order, in bounded memory: sorted runs on disk, merged."""

from __future__ import annotations

import heapq
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from itertools import islice
from typing import Generic, TypeVar

import msgspec

from replays.rows import Ready

RUN_ROWS = 200_000
_ENCODER = msgspec.msgpack.Encoder()
T = TypeVar("T")


class Spool(Generic[T]):
    """A list of structures on disk: append all, then read them in the same order. The file has no name and goes with `close`."""

    def __init__(self, kind: type[T]) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115
        self._decoder = msgspec.msgpack.Decoder(kind)

    def append(self, one: T) -> None:
        body = _ENCODER.encode(one)
        self._file.write(len(body).to_bytes(4, "big"))
        self._file.write(body)

    def __iter__(self) -> Iterator[T]:
        self._file.seek(0)
        while size := self._file.read(4):
            yield self._decoder.decode(self._file.read(int.from_bytes(size, "big")))

    def close(self) -> None:
        self._file.close()


def place(ready: Ready) -> tuple[int, int]:
    """What the order is by."""
    return ready.at_ms, ready.row


def by_time(messages: Iterable[Ready], run_rows: int = RUN_ROWS) -> Iterator[Ready]:
    """All messages by time. Reads all of them before it gives the first."""
    source = iter(messages)
    run = sorted(islice(source, run_rows), key=place)
    if len(run) < run_rows:
        yield from run
        return
    with ExitStack() as stack:
        spools: list[Spool[Ready]] = []
        while run:
            spools.append(Spool(Ready))
            stack.callback(spools[-1].close)
            for ready in run:
                spools[-1].append(ready)
            run = sorted(islice(source, run_rows), key=place)
        yield from heapq.merge(*spools, key=place)
