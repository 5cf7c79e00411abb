"""Lines into the topics of a lane, through one packer a partition; of the live lane to the disk while Kafka is away."""

import itertools
from collections.abc import Mapping, Sequence
from functools import partial

from collector.answers import Refused, unavailable
from collector.limits import ACK_TIMEOUT_S
from collector.log import Log
from collector.packer import Budget, NotStored, Packer, Receipt
from collector.spill.segment import Entry
from collector.spill.spill import Spill
from schemas.journeys import Kind
from schemas.topics import LIVE, lane_topic

_AWAY = frozenset({"kafka_away", "not_stored", "queue_full"})


class Store:
    """`put` returns when Kafka has everything, or the disk."""

    def __init__(self, log: Log, max_record_bytes: int, budget: Budget, spill: Spill) -> None:
        self._log = log
        self._spill = spill
        self._max_record_bytes = max_record_bytes
        self._budget = budget
        self._packers: dict[tuple[str, int], Packer] = {}
        self._turns = itertools.count()

    def spills(self, lane: str) -> bool:
        """Whether the lane's events may wait on disk. Others' senders (replays, the demo) keep their events themselves."""
        return lane == LIVE and self._spill.enabled

    def need_room(self, lane: str, size_bytes: int) -> None:
        """Refused with 503 when events of about this size will not fit: asked before they are read, which costs the most."""
        if not self.spills(lane):
            self._budget.need(size_bytes)

    async def put(self, lane: str, lines: Mapping[int, Sequence[bytes]], rejected: Sequence[bytes], rejected_partitions: int) -> None:
        """Refused with 503 if neither Kafka takes all of it in time nor the disk."""
        if not self.spills(lane):
            return await self.put_now(lane, lines, rejected, rejected_partitions)
        if not self._spill.active:
            try:
                return await self.put_now(lane, lines, rejected, rejected_partitions)
            except Refused as why:
                if why.code not in _AWAY:
                    raise
        await self.put_later([line for part in lines.values() for line in part], rejected)

    async def put_later(self, lines: Sequence[bytes], rejected: Sequence[bytes]) -> None:
        """To the disk, which may have them already in part: the stream removes what came twice."""
        await self._spill.put([*(Entry("events", line) for line in lines), *(Entry("rejected", line) for line in rejected)])

    async def put_now(self, lane: str, lines: Mapping[int, Sequence[bytes]], rejected: Sequence[bytes], rejected_partitions: int) -> None:
        """Events to their partitions, rejected ones to the next in turn. Refused with 503 if Kafka does not take all of it in time."""
        batches = [("events", partition, part) for partition, part in lines.items()]
        if rejected:
            batches.append(("rejected", next(self._turns) % rejected_partitions, rejected))
        await self._put(lane, Kind.EVENT, batches)

    async def tick(self, lane: str, line: bytes, partitions: int) -> None:
        """The same record into every partition of `events`, behind all that was put before."""
        await self._put(lane, Kind.TICK, [("events", partition, [line]) for partition in range(partitions)])

    async def _put(self, lane: str, kind: Kind, batches: Sequence[tuple[str, int, Sequence[bytes]]]) -> None:
        packers = [self._packer(lane_topic(lane, topic), partition) for topic, partition, _ in batches]
        if any(packer.waits_s() > ACK_TIMEOUT_S for packer in packers):
            raise unavailable("kafka_away", "Kafka does not acknowledge; send again later.")
        self._budget.need(sum(len(line) + 1 for _, _, lines in batches for line in lines))
        receipt = Receipt()
        for packer, (_, _, lines) in zip(packers, batches, strict=True):
            packer.put(kind, lines, receipt)
        try:
            await receipt.wait(ACK_TIMEOUT_S)
        except NotStored as error:
            raise unavailable("not_stored", "Kafka did not take the events; send them again.") from error

    def _packer(self, topic: str, partition: int) -> Packer:
        found = self._packers.get((topic, partition))
        if found is None:
            found = Packer(partial(self._log.send, topic, partition), self._max_record_bytes, self._budget)
            self._packers[topic, partition] = found
        return found
