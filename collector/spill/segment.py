"""One file of the spill: entries of a topic's letter, a CRC-32 and a line, one a row, so that a row that a crash cut short is known.

    E 1a2b3c4d {"event":"purchase",...}

Beside it stands how far Kafka has it (`.done`, a number of bytes). That is written without waiting for the disk: what is sent again after a
crash the stream removes as duplicates.
"""

import fcntl
import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

SUFFIX = ".spill"
_HEAD_BYTES = 11  # letter, blank, eight digits, blank
TOPICS = {b"E": "events", b"R": "rejected"}
_LETTERS = {topic: letter for letter, topic in TOPICS.items()}


class Entry(NamedTuple):
    topic: str
    line: bytes


def row_of(entry: Entry) -> bytes:
    """As it stands in the file, line end included."""
    return b"%b %08x %b\n" % (_LETTERS[entry.topic], crc32(entry.line), entry.line)


def entry_of(row: bytes) -> Entry | None:
    """The entry of a row without its line end; None when it is damaged."""
    topic, line = TOPICS.get(row[:1]), row[_HEAD_BYTES:]
    return Entry(topic, line) if topic and row[2 : _HEAD_BYTES - 1] == b"%08x" % crc32(line) else None


class Segment:
    """An open, locked file. `size` is how much is safely in it, `read` how far it was taken, `done` how far Kafka has it."""

    def __init__(self, path: Path, file: int) -> None:
        self.path = path
        self._file = file
        self._mark = path.with_suffix(".done")
        self.size = os.fstat(file).st_size
        self.done = self.read = min(_number(self._mark), self.size)
        self.damaged = 0

    def append(self, rows: Iterable[bytes]) -> None:
        """Write and wait for the disk. Raises OSError with nothing of it kept. Slow: call it in a thread."""
        text = b"".join(rows)
        try:
            written = 0
            while written < len(text):
                written += os.write(self._file, text[written:])
            os.fsync(self._file)
        except OSError:
            os.ftruncate(self._file, self.size)
            raise
        self.size += len(text)

    def take(self, most_bytes: int) -> list[Entry]:
        """The next entries, of about so many bytes; at least one if there is any. A damaged row is counted and left out."""
        text = os.pread(self._file, min(most_bytes, self.size - self.read), self.read)
        while text and b"\n" not in text and self.read + len(text) < self.size:
            text += os.pread(self._file, min(most_bytes, self.size - self.read - len(text)), self.read + len(text))
        end = text.rfind(b"\n") + 1
        if not end:  # cut short by a crash: it was never acknowledged
            self.damaged += bool(text)
            self.read += len(text)
            return []
        self.read += end
        entries = [entry_of(row) for row in text[: end - 1].split(b"\n")]
        self.damaged += entries.count(None)
        return [entry for entry in entries if entry]

    def settle(self) -> None:
        """Kafka has all that was taken."""
        self.done = self.read
        self._mark.write_text(str(self.done))

    def rewind(self) -> None:
        """Kafka has not taken it: the same again."""
        self.read = self.done

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)
        self._mark.unlink(missing_ok=True)
        self.close()

    def close(self) -> None:
        """The lock goes with it."""
        os.close(self._file)


def made(path: Path) -> Segment:
    """A new, locked file; its name is on the disk as well. Raises OSError."""
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return Segment(path, file)


def left_behind(folder: Path) -> list[Segment]:
    """Files of processes that have ended, oldest first, now locked by this one."""
    found = []
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        try:
            file = os.open(path, os.O_RDWR | os.O_APPEND)
        except FileNotFoundError:  # another process has just emptied it
            continue
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            continue
        if path.exists():
            found.append(Segment(path, file))
        else:
            os.close(file)
    return found


def _number(mark: Path) -> int:
    try:
        return int(mark.read_text())
    except (FileNotFoundError, ValueError):
        return 0
