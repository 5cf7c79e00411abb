"""A file on its way into the pipeline: read once, its rejects put aside, its messages given in the order of time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from replays.ordering import Spool, by_time
from replays.rows import Format, Ready, Reject, read_file

REPORT_ROWS = 20_000


class Source:
    """`messages()` once, to its end, then `rejects()`, then `close()`. `rows` counts what has been read."""

    def __init__(self, path: Path, spec: Format, limit: int | None = None, progress: Callable[[int], None] = lambda rows: None) -> None:
        self.rows = 0
        self.rejected = 0
        self._path, self._spec, self._limit, self._progress = path, spec, limit, progress
        self._aside: Spool[Reject] = Spool(Reject)

    def close(self) -> None:
        self._aside.close()

    def messages(self) -> Iterator[Ready]:
        """By time. The whole file has been read when the first one comes."""
        return by_time(self._read())

    def rejects(self) -> Iterator[Reject]:
        """In the file's order."""
        return iter(self._aside)

    def _read(self) -> Iterator[Ready]:
        for outcome in read_file(self._path, self._spec):
            if self.rows == self._limit:
                return
            self.rows += 1
            if self.rows % REPORT_ROWS == 0:
                self._progress(self.rows)
            if isinstance(outcome, Ready):
                yield outcome
            else:
                self.rejected += 1
                self._aside.append(outcome)
