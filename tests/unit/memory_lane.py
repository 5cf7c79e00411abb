"""A whole lane in memory: the collector's steps and the stream's logic, records between them in queues, partitions taken in any order."""

from __future__ import annotations

import json
from collections import Counter, defaultdict, deque
from collections.abc import Iterable
from random import Random
from typing import Any

import msgspec

from collector.intake import take
from collector.steps import Envelope
from schemas.journeys import Kind, Tick
from streams.logic.identify import Identify
from streams.logic.journey import Journey
from streams.logic.output import Output
from streams.logic.policy import Policy

PARTITIONS = 4
MOST_WAITING = 12
KEYS = {
    "identities": ("id",),
    "carts": ("episode_id",),
    "funnel_levels": ("person_id",),
    "segments": ("person_id", "segment", "value", "entered_at_ms"),
    "triggers": ("trigger_id",),
}


class MemoryLane:
    """`send` and `tick` as a client does, `drain`, then ask `rows`."""

    def __init__(self, seed: int = 0) -> None:
        policy = Policy(lane="test", partitions=PARTITIONS)
        self._random = Random(seed)
        self._stages: list[tuple[str, int, Identify | Journey]] = []
        for partition in range(PARTITIONS):
            journey = Journey(policy)
            journey.partition = partition
            self._stages += [("events", partition, Identify(policy)), ("journeys", partition, journey)]
        self._queues: dict[tuple[str, int], deque[tuple[str, bytes]]] = defaultdict(deque)
        self._lines: dict[str, list[bytes]] = defaultdict(list)
        self.refused: Counter[str] = Counter()
        self.accepted = 0

    def send(self, bodies: Iterable[bytes], received_at_ms: int) -> None:
        envelope = Envelope(write_key="demo-web", source="web", received_at_ms=received_at_ms, max_event_bytes=32_768)
        taken = take(list(bodies), envelope, "test", PARTITIONS)
        self.accepted += taken.accepted
        self.refused.update(str(each.code) for each in taken.rejected)
        for partition, lines in taken.lines.items():
            self._queues["events", partition].append((Kind.EVENT, b"\n".join(lines)))
        self._turn(0.1)

    def tick(self, now_ms: int) -> None:
        for partition in range(PARTITIONS):
            self._queues["events", partition].append((Kind.TICK, msgspec.json.encode(Tick(now_ms=now_ms))))
        self._turn(0.6)
        while max(map(len, self._queues.values())) > MOST_WAITING:  # no partition falls back by days, as those of a worker do not
            self._turn(0.6)

    def drain(self, now_ms: int) -> None:
        for at_ms in range(now_ms, now_ms + 4):
            self.tick(at_ms)
            while any(self._queues.values()):
                self._turn(1.0)

    def rows(self, topic: str) -> list[dict[str, Any]]:
        """All rows; of a table whose rows change, the latest of each key that is not deleted."""
        rows = [json.loads(line) for line in self._lines[topic]]
        if topic not in KEYS:
            return rows
        latest: dict[tuple[Any, ...], dict[str, Any]] = {}
        for row in rows:
            key = tuple(row[name] for name in KEYS[topic])
            if key not in latest or row["version"] >= latest[key]["version"]:
                latest[key] = row
        return [row for row in latest.values() if not row.get("is_deleted")]

    def _turn(self, chance: float) -> None:
        """Each partition, in any order, takes some of what waits for it; `chance` is how likely."""
        for topic, partition, stage in self._random.sample(self._stages, len(self._stages)):
            queue = self._queues[topic, partition]
            if queue and self._random.random() < chance:
                self._apply(stage, partition, [queue.popleft() for _ in range(self._random.randint(1, len(queue)))])

    def _apply(self, stage: Identify | Journey, partition: int, records: list[tuple[str, bytes]]) -> None:
        more = True
        while more:
            output = Output(PARTITIONS)
            for kind, value in records:
                stage.on_record(kind, value, partition, output)
            more, records = stage.flush(1, output), []
            for (topic, target), lines in output.lines.items():
                for kind, line in lines:
                    self._keep(topic, target, kind, line)

    def _keep(self, topic: str, target: int, kind: str, line: bytes) -> None:
        if topic == "journeys":
            self._queues["journeys", target].append((kind, line))
        if topic != "journeys" or kind == Kind.EVENT:
            self._lines["events" if topic == "journeys" else topic].append(line)
