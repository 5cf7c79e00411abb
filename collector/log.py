"""What the collector needs of the log it appends to: Kafka (producer.py), or the process's own memory (memory_log.py)."""

from typing import Protocol

from schemas.journeys import Kind


class Log(Protocol):
    """`start` and `stop` go around everything else."""

    def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def send(self, topic: str, partition: int, value: bytes, kind: Kind) -> None:
        """Append one record and wait until it is safe. NotStored when it is given up: have the client send again."""

    async def topics(self) -> dict[str, int]:
        """All topics and their numbers of partitions, asked now. Raises when nobody says."""

    def waits_s(self) -> float:
        """How long the oldest record under way has been waiting."""
