"""How far each partition of a worker is behind, in records and in seconds. Asked of Kafka every few seconds, whatever the load."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Iterable
from typing import Any

from faust.types import TP

from streams import metrics

log = logging.getLogger(__name__)
MEASURE_EVERY_S = 5.0
_TIMEOUT_S = 4.0


class Progress:
    """What one partition has been given and what of it is applied. No I/O."""

    def __init__(self) -> None:
        self._waiting_s: deque[float] = deque()  # when each record that is not applied yet was written
        self._delivered = -1
        self._applied = -1
        self._applied_at_s = 0.0

    def delivered(self, offset: int, written_at_s: float) -> None:
        if offset <= self._delivered:  # delivered again, to a new owner: what waited then never will be applied
            self._waiting_s.clear()
        self._delivered = offset
        self._waiting_s.append(written_at_s)

    def applied(self, offset: int) -> None:
        self._applied = offset
        if self._waiting_s:
            self._applied_at_s = self._waiting_s.popleft()

    def lag(self, end: int, position: int, now_s: float) -> tuple[int, float]:
        """Records not applied, and how long the oldest of them has been waiting, in s.

        `end` is one past the last offset; `position` is what the consumer reads next, past transactions' markers, which nobody is given.
        """
        if self._waiting_s:
            return max(1, end - self._applied - 1 if self._applied >= 0 else len(self._waiting_s) + end - position), self._age(now_s)
        waiting = max(0, end - position)
        return waiting, self._age(now_s) if waiting else 0.0

    def _age(self, now_s: float) -> float:
        """Of the oldest record that waits; of the last one applied where the next has not been read yet. 0 when neither is known."""
        since_s = self._waiting_s[0] if self._waiting_s else self._applied_at_s
        return max(0.0, now_s - since_s) if since_s else 0.0


class Lag:
    """The progress of all partitions that this worker has had, and the gauges of those that it has."""

    def __init__(self, agents: dict[str, str]) -> None:
        """`agents`: the agent by the name of its input topic."""
        self._agents = agents
        self._progress: dict[tuple[str, int], Progress] = {}

    def of(self, topic: str, partition: int) -> Progress:
        return self._progress.setdefault((topic, partition), Progress())

    def forget(self, revoked: Iterable[TP]) -> None:
        """What waited there is somebody else's now."""
        for tp in revoked:
            self._progress.pop((tp.topic, tp.partition), None)

    async def measure(self, consumer: Any, assigned: Iterable[TP]) -> None:
        """Set the gauges. Raises nothing: a worker works, whether its lag can be told or not."""
        tps = [tp for tp in assigned if tp.topic in self._agents]
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                ends = await consumer.highwaters(*tps) if tps else {}
                positions = {tp: await consumer.position(tp) for tp in tps}
        except Exception as error:
            log.info("the lag is not known error=%r", error)
            return
        now_s = time.time()
        metrics.LAG_RECORDS.clear()
        metrics.LAG_SECONDS.clear()
        for tp in tps:
            records, seconds = self.of(tp.topic, tp.partition).lag(ends[tp], positions[tp] or 0, now_s)
            labels = (self._agents[tp.topic], tp.partition)
            metrics.LAG_RECORDS.labels(*labels).set(records)
            metrics.LAG_SECONDS.labels(*labels).set(seconds)
