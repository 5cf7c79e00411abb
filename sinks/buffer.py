"""One partition's records on their way into the warehouse: which range is next, and when. No I/O."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from sinks.intent import Intent, Position


@dataclass(frozen=True)
class Record:
    """A Kafka record: `value` is NDJSON. `rows` is 0 for a record whose lines are no rows of the table."""

    offset: int
    timestamp_ms: int
    value: bytes
    rows: int


@dataclass(frozen=True)
class Limits:
    """When a range ends."""

    flush_s: float
    max_rows: int
    max_bytes: int = 24 << 20


class Buffer:
    """Records stay until `done`, so that a range can be repeated or made shorter. `opened` is the range that an earlier owner left open."""

    def __init__(self, opened: Intent | None, position: int) -> None:
        self.opened = opened
        self.position = position  # of the next record to be read; all before is here or done
        self.committed = -1  # what is known to be committed, -1 if nothing is
        self.bytes = 0
        self._rows = 0
        self._records: deque[Record] = deque()
        self._since_s = 0.0

    @property
    def is_empty(self) -> bool:
        return not self._records and self.opened is None

    @property
    def unfinished(self) -> int:
        """The offset of the first record that is not in the warehouse."""
        return self._records[0].offset if self._records else self.position

    @property
    def oldest_ms(self) -> int | None:
        """Kafka's time of that record, if it has been read."""
        return self._records[0].timestamp_ms if self._records else None

    def add(self, record: Record, now_s: float) -> None:
        if not self._records:
            self._since_s = now_s
        self._records.append(record)
        self._rows += record.rows
        self.bytes += len(record.value)
        self.position = max(self.position, record.offset + 1)

    def is_due(self, now_s: float, limits: Limits) -> bool:
        """Whether a range should be written now. An open range waits for nothing but its last record."""
        if self.opened is not None:
            return self.position > self.opened.last
        is_full = self._rows >= limits.max_rows or self.bytes >= limits.max_bytes
        return bool(self._records) and (is_full or now_s - self._since_s >= limits.flush_s)

    def choose(self, limits: Limits) -> Intent | None:
        """The next range: the open one, else as many records as the limits allow, but at least one."""
        if self.opened is not None:
            return self.opened if self.position > self.opened.last else None
        if not self._records:
            return None
        rows = size = 0
        last = self._records[0].offset
        for record in self._records:
            rows, size = rows + record.rows, size + len(record.value)
            if record.offset != self._records[0].offset and (rows > limits.max_rows or size > limits.max_bytes):
                break
            last = record.offset
        return Intent(self._records[0].offset, last)

    def records(self, intent: Intent) -> list[Record]:
        """The records of a range that hold rows."""
        return [record for record in self._records if intent.first <= record.offset <= intent.last and record.rows]

    def done(self, intent: Intent, now_s: float) -> None:
        """The range is in the warehouse and committed."""
        self.opened = None
        self.committed = intent.last + 1
        self.position = max(self.position, self.committed)
        while self._records and self._records[0].offset <= intent.last:
            record = self._records.popleft()
            self._rows -= record.rows
            self.bytes -= len(record.value)
        self._since_s = now_s


def lines_of(records: Sequence[Record]) -> list[tuple[Position, bytes]]:
    """Every line with its position."""
    return [((record.offset, number), line) for record in records for number, line in enumerate(record.value.split(b"\n"))]


def good_lines(records: Sequence[Record], intent: Intent) -> list[bytes]:
    """What is inserted: all bytes of the range as they are, or without the lines that the intent leaves out."""
    if not intent.bad:
        return [record.value for record in records]
    return [line for position, line in lines_of(records) if position not in intent.bad]
