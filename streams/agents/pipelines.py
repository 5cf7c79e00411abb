"""The pipelines of an agent's partitions: opened with the first record, closed when a partition goes."""

import asyncio
from collections.abc import Callable

from streams.pipeline import Delivery, Pipeline, Setup


class Pipelines:
    """All open pipelines of one agent in this process, by partition."""

    def __init__(self, setup_of: Callable[[int], Setup]) -> None:
        self._setup_of = setup_of
        self._open: dict[int, Pipeline] = {}
        self._stopped = False

    async def submit(self, partition: int, delivery: Delivery) -> bool:
        """False if it was not taken: the partition has gone, and what was delivered with it must not be submitted either."""
        if self._stopped:
            return False
        pipeline = self._open.get(partition)
        if pipeline is None:
            pipeline = self._open[partition] = Pipeline(self._setup_of(partition))
        return await pipeline.submit(delivery)

    async def close(self, partitions: set[int]) -> None:
        """Close those of the given partitions."""
        await asyncio.gather(*(self._open.pop(partition).close() for partition in partitions & self._open.keys()))

    async def stop(self) -> None:
        """Close all, and open none any more."""
        self._stopped = True
        await self.close(set(self._open))
