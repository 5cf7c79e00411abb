"""Kafka's place in memory: for tests, for fuzzing, and to measure what the collector costs without it."""

from collections.abc import Mapping

from schemas.journeys import Kind


class MemoryLog:
    """`topics` are their numbers of partitions; `records` keeps (topic, partition, value, kind) as they were sent. While
    `failure` is set, it is raised and nothing is kept.
    """

    def __init__(self, topics: Mapping[str, int]) -> None:
        self._topics = dict(topics)
        self.failure: Exception | None = None
        self.records: list[tuple[str, int, bytes, Kind]] = []

    def add_topics(self, topics: Mapping[str, int]) -> None:
        self._topics.update(topics)

    def start(self) -> None:
        return

    async def stop(self) -> None:
        return

    async def send(self, topic: str, partition: int, value: bytes, kind: Kind) -> None:
        if self.failure:
            raise self.failure
        self.records.append((topic, partition, value, kind))

    def waits_s(self) -> float:
        return 0.0

    async def topics(self) -> dict[str, int]:
        return self._topics
