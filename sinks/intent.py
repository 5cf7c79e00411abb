"""What the sink is about to do, as the metadata of a Kafka commit says it.

Before an insert the sink commits the offset of the range's first record with the metadata `first-last`, and after it `last + 1` with
none. Who takes the partition over reads the metadata, and repeats an open range with the same token. A range that holds rows the
warehouse refuses also names them: what is written under the token then depends on nothing but the metadata.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

MAX_METADATA_BYTES = 3500  # Kafka's default `offset.metadata.max.bytes` is 4096
_METADATA = re.compile(r"(\d+)-(\d+)(?: bad (\S+))?")

Position = tuple[int, int]  # offset of the record, number of the line in it


@dataclass(frozen=True)
class Intent:
    """Records `first` to `last` are being inserted, without the lines in `bad`."""

    first: int
    last: int
    bad: frozenset[Position] = field(default=frozenset())

    def token(self, topic: str, partition: int) -> str:
        """The insert's deduplication token."""
        return f"{topic}:{partition}:{self.first}-{self.last}"


def to_metadata(intent: Intent) -> str:
    """`12-40`, or `12-40 bad 1.0,3.2-5`: record 13's first line, and four lines of record 15."""
    text = f"{intent.first}-{intent.last}"
    return f"{text} bad {','.join(_runs(intent))}" if intent.bad else text


def from_metadata(metadata: str) -> Intent | None:
    """The open range, or None if there is none. Raises ValueError for a text that no version of the sink wrote."""
    if not metadata:
        return None
    match = _METADATA.fullmatch(metadata)
    if not match:
        raise ValueError(f"not the metadata of a sink: {metadata!r}")
    first = int(match[1])
    return Intent(first, int(match[2]), frozenset(_positions(first, match[3])) if match[3] else frozenset())


def fits(intent: Intent) -> bool:
    """Whether Kafka takes it."""
    return len(to_metadata(intent)) <= MAX_METADATA_BYTES


def _runs(intent: Intent) -> list[str]:
    """Neighbouring lines of a record in one, the record counted from the first: `3.2-5`."""
    runs: list[list[int]] = []
    for offset, line in sorted(intent.bad):
        if runs and runs[-1][0] == offset and runs[-1][2] == line - 1:
            runs[-1][2] = line
        else:
            runs.append([offset, line, line])
    numbers = [(offset - intent.first, start, end) for offset, start, end in runs]
    return [f"{record}.{start}" if start == end else f"{record}.{start}-{end}" for record, start, end in numbers]


def _positions(first: int, text: str) -> Iterable[Position]:
    for run in text.split(","):
        record, _, lines = run.partition(".")
        start, _, end = lines.partition("-")
        for line in range(int(start), int(end or start) + 1):
            yield first + int(record), line
