"""A lane in memory, the collector's steps included, whose partitions take their turns in random order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from random import Random
from typing import Any

import msgspec

from collector.intake import take
from collector.steps import Envelope
from schemas.collected import Collected
from streams.logic.policy import Policy
from streams.memory import MemoryStream

PARTITIONS = 4
MOST_WAITING = 12
KEYS = {
    "identities": ("id",),
    "carts": ("episode_id",),
    "funnel_levels": ("person_id",),
    "segments": ("person_id", "segment", "value", "entered_at_ms"),
    "triggers": ("trigger_id",),
    "shares": ("kind", "message_id", "occurred_at_ms"),
}
_decode = msgspec.json.Decoder(Collected).decode


class MemoryLane:
    """`send` and `tick` as a client does, `drain`, then ask `rows`."""

    def __init__(self, seed: int = 0, holdout_percent: float = 0.0) -> None:
        self._random = Random(seed)
        self._stream = MemoryStream(Policy(lane="test", partitions=PARTITIONS, holdout_percent=holdout_percent))
        self.refused: Counter[str] = Counter()
        self.accepted = 0

    def send(self, bodies: Iterable[bytes], received_at_ms: int) -> None:
        envelope = Envelope(write_key="demo-web", source="web", received_at_ms=received_at_ms, max_event_bytes=32_768)
        taken = take(list(bodies), envelope, "test", PARTITIONS)
        self.accepted += taken.accepted
        self.refused.update(str(each.code) for each in taken.rejected)
        self._stream.send([_decode(line) for lines in taken.lines.values() for line in lines])
        self._turn(0.1)

    def tick(self, now_ms: int) -> None:
        self._stream.tick(now_ms)
        self._turn(0.6)
        while self._stream.most_waiting() > MOST_WAITING:  # no partition falls back by days, as those of a worker do not
            self._turn(0.6)

    def drain(self, now_ms: int) -> None:
        for at_ms in range(now_ms, now_ms + 4):
            self.tick(at_ms)
            self._stream.run()

    def rows(self, topic: str) -> list[dict[str, Any]]:
        """All rows; of a table whose rows change, the latest of each key that is not deleted."""
        if topic in KEYS:
            return list(self._stream.latest(topic, *KEYS[topic]).values())
        return self._stream.rows["journeys" if topic == "events" else topic]

    def _turn(self, share: float) -> None:
        """Some of the partitions, in random order, take up to five records each."""
        stages = [(agent, partition) for agent in ("identify", "journey") for partition in range(PARTITIONS)]
        self._random.shuffle(stages)
        for agent, partition in stages:
            if self._random.random() < share:
                self._stream.step(agent, partition, self._random.randint(1, 5))
