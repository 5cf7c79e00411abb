"""Brings a lane to rest while none of its workers runs: applies what lies in the inputs, and what that forwards, until nothing is left."""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from typing import Any

from aiokafka import TopicPartition

from runtime.applied import applied, written_ends
from streams import changelog
from streams.agents.setups import Setups
from streams.pipeline import Pipeline, Setup


class _Read:
    """A record in the pipeline's terms."""

    def __init__(self, record: Any) -> None:
        self.offset: int = record.offset
        self.value: bytes = record.value or b""
        self.headers = record.headers
        self.is_applied = asyncio.Event()

    def ack(self) -> None:
        self.is_applied.set()


class _Rest:
    """What is left of one partition's input. It begins with the record that was applied last: the pipeline skips it, but is restored by
    it, and then does what the last worker may have had still to tell of it."""

    def __init__(self, setup: Setup, next_offset: int) -> None:
        self.key = TopicPartition(setup.input_topic, setup.partition)
        self._setup, self._applied, self._next = setup, next_offset, max(0, next_offset - 1)
        self._pipeline = Pipeline(setup)

    async def apply(self, end: int) -> int:
        """Apply what stands before `end`; how many records that were."""
        count, last = 0, None
        if end <= self._next:
            return 0
        setup = self._setup
        records = changelog.read_range(setup.bootstrap, setup.input_topic, setup.partition, self._next, end)
        async with aclosing(records):
            async for record in records:
                last = _Read(record)
                await self._pipeline.submit(last)
                count += last.offset >= self._applied
        if last is not None:
            await last.is_applied.wait()
        self._next = end
        return count

    async def close(self) -> None:
        await self._pipeline.close()


async def finish(setups: Setups, agents: Sequence[str]) -> int:
    """How many records have been applied. Whoever else works on the lane is fenced off."""
    rests: list[_Rest] = []
    bootstrap, partitions = setups.settings.kafka_bootstrap, range(setups.settings.partitions)
    for agent in agents:
        offsets = await applied(bootstrap, setups.of(agent, 0).state_topic)
        rests += [_Rest(setups.of(agent, partition), offsets.get(partition, 0)) for partition in partitions]
    count, came, is_first = 0, 0, True
    try:
        while came or is_first:  # the first round restores, which may tell something by itself
            is_first = False
            ends = await written_ends(bootstrap, [rest.key for rest in rests])
            came = sum(await asyncio.gather(*(rest.apply(ends[rest.key]) for rest in rests)))
            count += came
    finally:
        await asyncio.gather(*(rest.close() for rest in rests))
    return count
