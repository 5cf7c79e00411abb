"""The pipelines of an agent's partitions: opened with the first record, closed when a partition goes."""

from collections.abc import Callable

from streams.pipeline import Delivery, Pipeline, Setup


class Pipelines:
    """All open pipelines of one agent in this process, by partition."""

    def __init__(self, setup_of: Callable[[int], Setup]) -> None:
        self._setup_of = setup_of
        self._open: dict[int, Pipeline] = {}

    async def submit(self, partition: int, delivery: Delivery) -> None:
        pipeline = self._open.get(partition)
        if pipeline is None:
            pipeline = self._open[partition] = Pipeline(self._setup_of(partition))
        await pipeline.submit(delivery)

    async def close(self, partitions: set[int] | None = None) -> None:
        """Close those of the given partitions, or all."""
        for partition in [p for p in self._open if partitions is None or p in partitions]:
            await self._open.pop(partition).close()
