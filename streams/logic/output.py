"""What a batch of records gives: lines for topics and changed state, before anything is written."""

from collections.abc import Callable
from typing import Any

import msgspec

from schemas.journeys import Kind
from schemas.partition import stream_partition
from schemas.raw_text import text_of
from schemas.reasons import RejectReason
from schemas.rows import RejectedRow

LINE_MAX_BYTES = (4 << 20) - 65_536  # what a Kafka record holds (schemas/topics.toml), less what stands around it
RAW_MAX_BYTES = 262_144  # of a refused line; each of its bytes may take six in JSON
MESSAGE_MAX_CHARS = 500
_encode = msgspec.json.Encoder().encode
Line = bytes | tuple[str, bytes]  # a row of its topic, which is most of them; else what kind of line it is stands before it


def row_kind(topic: str) -> str:
    """The kind of a topic's rows, which its records say in their header."""
    return Kind.EVENT.value if topic == "journeys" else ""


class LineTooLarge(ValueError):
    """A line that fits no Kafka record. What made it is to be rejected: trying again does not help."""


class Output:
    """Lines by (topic, partition) in the order of writing, and changes of state by key (None deletes)."""

    def __init__(self, partitions: int) -> None:
        self.partitions = partitions
        self.held: dict[tuple[str, int], list[Line]] = {}
        self.changes: dict[bytes, bytes | None] = {}
        self.counts: dict[str, int] = {}
        self._order: list[list[Line]] = []  # the list that each line went to

    @property
    def lines(self) -> dict[tuple[str, int], list[tuple[str, bytes]]]:
        """All lines with their kinds, for those who look at them one by one."""
        return {
            (topic, partition): [line if isinstance(line, tuple) else (row_kind(topic), line) for line in lines]
            for (topic, partition), lines in self.held.items()
        }

    def emit(self, topic: str, key: str, row: msgspec.Struct, kind: str = "") -> None:
        """A line for the partition of `key`; `kind` says what it is where it is no row of the topic."""
        self.emit_to(topic, stream_partition(key, self.partitions), _encode(row), kind)

    def emit_to(self, topic: str, partition: int, line: bytes, kind: str = "") -> None:
        """The same with the encoded line. Raises LineTooLarge."""
        if len(line) > LINE_MAX_BYTES:
            raise LineTooLarge(f"a line of {len(line)} bytes for {topic}; a record holds {LINE_MAX_BYTES}")
        name = (topic, partition)
        lines = self.held.get(name)
        if lines is None:
            lines = self.held[name] = []
        lines.append((kind, line) if kind else line)
        self._order.append(lines)

    def sort(self, topic: str, partition: int, key: Callable[[Line], Any]) -> None:
        """Put a partition's rows of a topic in another order, once all of a batch are there."""
        lines = self.held.get((topic, partition))
        if lines and len(lines) > 1:
            lines.sort(key=key)

    def mark(self) -> int:
        """Where the output stands now, for `back_to`."""
        return len(self._order)

    def back_to(self, mark: int) -> None:
        """Take back the lines since then."""
        while len(self._order) > mark:
            self._order.pop().pop()

    def count(self, name: str, amount: int = 1) -> None:
        """Count something for the metrics of this batch."""
        self.counts[name] = self.counts.get(name, 0) + amount

    def reject(
        self,
        lane: str,
        stage: str,
        reason: RejectReason,
        message: str,
        raw: bytes,
        *,
        at_ms: int,
        write_key: str = "",
        message_id: str = "",
    ) -> None:
        """Keep an event that is not counted, with its bytes (as many as surely fit a record) and the reason."""
        message = message[:MESSAGE_MAX_CHARS]
        if len(raw) > RAW_MAX_BYTES:
            message += f" (Only the first {RAW_MAX_BYTES} of {len(raw)} bytes are kept.)"
        text, encoding = text_of(raw[:RAW_MAX_BYTES])
        row = RejectedRow(
            lane=lane,
            received_at_ms=at_ms,
            stage=stage,
            code=reason.value,
            message=message,
            raw=text,
            encoding=encoding,
            write_key=write_key,
            message_id=message_id,
        )
        self.emit("rejected", message_id or message, row)
        self.count(f"rejected_{reason.value}")


Handle = Callable[[bytes, Output], None]  # takes one line
