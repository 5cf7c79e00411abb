"""Events on disk until the collector has them: what a killed process had not sent, the next one sends.

A process appends to segment files of its own, `<time>-<pid>-<random>.ndjson`, and locks them; beside each stands how far it was
acknowledged (`.done`, a number of bytes). A segment without a lock belongs to nobody any more: whoever starts next takes it over.
Written is what the system has taken, without waiting for the disk: it survives the process, not a power cut.
"""

from __future__ import annotations

import importlib
import os
import secrets
import time
from collections import deque
from pathlib import Path
from typing import Any

from cartwake.buffer import Buffer
from cartwake.policy import Policy

SEGMENT_BYTES = 4 << 20


class Segment:
    """One file. `read` is how far its events were taken, `done` how far they were answered for."""

    def __init__(self, path: Path, file: int) -> None:
        self.path = path
        self._file = file
        self._mark = path.with_suffix(".done")
        self.size = os.fstat(file).st_size
        self.done = min(_number(self._mark), self.size)
        self.read = self.done
        self.waiting = 0

    def append(self, line: bytes) -> None:
        """Raises OSError when the disk is full; what was half written is taken back."""
        try:
            written = os.write(self._file, line)
            if written != len(line):
                raise OSError(f"only {written} of {len(line)} bytes written")
        except OSError:
            os.ftruncate(self._file, self.size)
            raise
        self.size += len(line)
        self.waiting += 1

    def recover(self) -> None:
        """Of a file that was found: count what waits; an event that was cut off at the end goes."""
        text = os.pread(self._file, self.size - self.read, self.read)
        whole = text.rfind(b"\n") + 1
        if whole != len(text):
            self.size = self.read + whole
            os.ftruncate(self._file, self.size)
        self.waiting = text.count(b"\n", 0, whole)

    def take(self, most: int, room_bytes: int) -> list[bytes]:
        """The oldest events that fit; at least one if there is any."""
        text = os.pread(self._file, max(room_bytes, 1 << 16), self.read)
        batch: list[bytes] = []
        at = 0
        while len(batch) < most and (end := text.find(b"\n", at)) >= 0:
            if batch and end + 1 > room_bytes:
                break
            batch.append(text[at:end])
            at = end + 1
        self.read += at
        self.waiting -= len(batch)
        return batch

    def settle(self) -> None:
        """All that was taken is answered for."""
        if self.done != self.read:
            self.done = self.read
            self._mark.write_text(str(self.done))

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)
        self._mark.unlink(missing_ok=True)
        self.close()

    def close(self) -> None:
        """Its lock goes with it."""
        os.close(self._file)


class Spool:
    """What `Buffer` is, on disk; when the disk refuses, in memory. Not thread-safe: the sender's lock guards it."""

    def __init__(self, folder: Path, policy: Policy) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._policy = policy
        self._segments: deque[Segment] = deque(_left_behind(folder))
        self._own: Segment | None = None
        self._memory = Buffer(policy)
        self._taken: deque[Segment] = deque()
        self._in_flight: list[bytes] = []  # of those in memory

    def __len__(self) -> int:
        return sum(segment.waiting for segment in self._segments) + len(self._memory)

    @property
    def full_batch(self) -> bool:
        waiting_bytes = sum(segment.size - segment.read for segment in self._segments)
        return len(self) >= self._policy.max_batch_events or waiting_bytes >= self._policy.max_batch_bytes

    def put(self, event: bytes) -> list[bytes]:
        """Keep an event; returns the old ones that had to go for it."""
        try:
            self._writable().append(event + b"\n")
        except OSError:
            return self._memory.put(event)
        return self._shrink()

    def take(self, room_bytes: int) -> list[bytes]:
        """The oldest events that make up one batch; `settle` when they are answered for."""
        for segment in self._segments:
            if batch := segment.take(self._policy.max_batch_events, room_bytes):
                self._taken.append(segment)
                return batch
        self._in_flight = self._memory.take(room_bytes)
        return self._in_flight

    def settle(self) -> None:
        """What was taken last is answered for: a segment that is done, and not written to any more, goes."""
        self._in_flight = []
        while self._taken:
            segment = self._taken.popleft()
            segment.settle()
            if segment.done == segment.size and segment is not self._own:
                self._drop(segment)

    def clear(self) -> list[bytes]:
        """At the end: what is on disk stays there for the next process; what is only in memory is lost, and returned."""
        for segment in list(self._segments):
            if segment.done == segment.size:
                self._drop(segment)
            else:
                segment.close()
        self._segments.clear()
        self._own = None
        return [*self._in_flight, *self._memory.clear()]

    def forget(self) -> None:
        """In a forked child: these files are the parent's."""
        for segment in self._segments:
            segment.close()

    def _writable(self) -> Segment:
        if self._own is None or self._own.size >= SEGMENT_BYTES:
            path = self._folder / f"{time.time_ns():020d}-{os.getpid()}-{secrets.token_hex(4)}.ndjson"
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
            _lock(file)
            self._own = Segment(path, file)
            self._segments.append(self._own)
        return self._own

    def _shrink(self) -> list[bytes]:
        """Above the limit the oldest segment goes, with what waits in it."""
        gone: list[bytes] = []
        while sum(segment.size - segment.done for segment in self._segments) > self._policy.spool_max_bytes and len(self._segments) > 1:
            oldest = self._segments[0]
            while batch := oldest.take(1 << 20, SEGMENT_BYTES):
                gone += batch
            self._drop(oldest)
        return gone

    def _drop(self, segment: Segment) -> None:
        self._segments.remove(segment)
        if segment in self._taken:
            self._taken.remove(segment)
        if segment is self._own:
            self._own = None
        segment.remove()


def _left_behind(folder: Path) -> list[Segment]:
    """Segments of processes that have ended, oldest first, now this one's."""
    found = []
    for path in sorted(folder.glob("*.ndjson")):
        try:
            file = os.open(path, os.O_RDWR | os.O_APPEND)
        except OSError:  # sent by somebody else meanwhile
            continue
        if not _lock(file) or not path.exists():
            os.close(file)
            continue
        segment = Segment(path, file)
        segment.recover()
        if segment.waiting:
            found.append(segment)
        else:
            segment.remove()
    return found


def _lock(file: int) -> bool:
    """False when a living process holds it. The lock goes with the process."""
    try:
        fcntl: Any = importlib.import_module("fcntl")
    except ImportError as error:  # Windows
        raise ValueError("cartwake: spool_dir needs a system with file locks (fcntl)") from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _number(mark: Path) -> int:
    try:
        return int(mark.read_text())
    except (OSError, ValueError):
        return 0
