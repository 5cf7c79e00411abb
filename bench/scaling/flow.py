"""What one event becomes: lines and bytes by topic, and state, counted on simulated shoppers in the stream in memory."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

import zstandard

from bench.feed import FeedSpec, make
from schemas.journeys import Kind
from streams.logic.output import Output
from streams.logic.policy import Policy
from streams.memory import MemoryStream

_BATCH_RECORDS = 16
_PACKED_BYTES = 1 << 18  # a record under load


class Flow(NamedTuple):
    """Per event that came in. Bytes packed are zstd's, in records as under load."""

    events: int
    rows_per_event: float  # into the warehouse
    events_bytes: float
    journeys_bytes: float
    results_bytes: float
    changelog_bytes: float
    packed_share: float  # of the bytes above
    persons: int
    state_bytes_per_person: float


class Counted(MemoryStream):
    """Counts what is committed; ticks and clocks are left out: they grow with time and partitions, not with events."""

    def __init__(self, policy: Policy) -> None:
        self.lines: Counter[str] = Counter()
        self.bytes: Counter[str] = Counter()
        self.changelog_bytes = 0
        self.sample: list[bytes] = []
        super().__init__(policy)

    def give(self, partition: int, kind: str, value: bytes) -> None:
        self._queues["identify", partition].append((kind, value))

    def _commit(self, agent: str, partition: int, out: Output) -> None:
        for (topic, _), lines in out.lines.items():
            for kind, line in lines:
                if topic != "clocks" and kind != Kind.TICK:
                    self.lines[topic] += topic != "journeys" or kind == Kind.EVENT
                    self.bytes[topic] += len(line) + 1
                    self.sample.append(line)
        self.changelog_bytes += sum(len(key) + len(value or b"") for key, value in out.changes.items())
        super()._commit(agent, partition, out)
        self.rows.clear()


def measure(events: int, seed: int) -> Flow:
    spec = FeedSpec(events=events, seed=seed)
    stream = Counted(Policy(lane="live", partitions=spec.partitions))
    taken_bytes = 0
    for record in make(spec):
        if record.kind is Kind.EVENT:
            taken_bytes += len(record.value) + 1
        stream.give(record.partition, str(record.kind), record.value)
        if stream.most_waiting() >= _BATCH_RECORDS:
            stream.run(_BATCH_RECORDS)
    stream.run(_BATCH_RECORDS)
    persons = [value for (agent, _), state in stream.state.items() if agent == "journey" for value in state.values()]
    results = sum(size for topic, size in stream.bytes.items() if topic != "journeys")
    return Flow(
        events=events,
        rows_per_event=round(sum(stream.lines.values()) / events, 3),
        events_bytes=round(taken_bytes / events, 1),
        journeys_bytes=round(stream.bytes["journeys"] / events, 1),
        results_bytes=round(results / events, 1),
        changelog_bytes=round(stream.changelog_bytes / events, 1),
        packed_share=round(_packed_share(stream.sample), 3),
        persons=len(persons),
        state_bytes_per_person=round(sum(map(len, persons)) / len(persons), 1),
    )


def _packed_share(lines: list[bytes]) -> float:
    text = b"\n".join(lines)
    parts = [text[start : start + _PACKED_BYTES] for start in range(0, len(text), _PACKED_BYTES)]
    return sum(len(zstandard.compress(part)) for part in parts) / len(text)
