"""One packer for each topic-partition: it fills a record with what arrived while the one before was being acknowledged.

So a record holds one event when little happens and hundreds under load, without a fixed wait. One is under way at a time: order is kept.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from collector.answers import unavailable
from schemas.journeys import Kind

Send = Callable[[bytes, Kind], Awaitable[None]]  # returns when Kafka has acknowledged the record; raises when it never will


class NotStored(Exception):
    """Kafka did not acknowledge. The lines may be stored or not: have the client send again, duplicates are removed later."""


class Receipt:
    """What one request waits for: all its parcels acknowledged."""

    def __init__(self) -> None:
        self._future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._open = 0
        self.withdrawn = False

    def expect(self) -> None:
        self._open += 1

    def stored(self) -> None:
        self._open -= 1
        if not self._open and not self._future.done():
            self._future.set_result(None)

    def failed(self, error: Exception) -> None:
        self._fail(NotStored(str(error)))

    def _fail(self, error: NotStored) -> None:
        if not self._future.done():
            self._future.set_exception(error)

    async def wait(self, timeout_s: float) -> None:
        """Return when everything is stored, else raise NotStored and take back what is not under way yet."""
        if not self._open:
            return
        late = NotStored(f"Kafka did not acknowledge within {timeout_s} s")
        timer = self._future.get_loop().call_later(timeout_s, self._fail, late)  # a third of what asyncio.timeout costs
        try:
            await self._future
        finally:
            timer.cancel()
            self.withdrawn = True


class Parcel(NamedTuple):
    """Lines of one request that go into one record together."""

    kind: Kind
    lines: Sequence[bytes]
    size_bytes: int
    receipt: Receipt


class Budget:
    """The bytes that wait in all queues of the process."""

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.used_bytes = 0

    def need(self, size_bytes: int) -> None:
        if self.used_bytes + size_bytes > self.max_bytes:
            raise unavailable("queue_full", "More waits for Kafka than fits; send again later.")


class Packer:
    """The queue of one topic-partition and the task that empties it."""

    def __init__(self, send: Send, max_record_bytes: int, budget: Budget) -> None:
        self._send = send
        self._max_record_bytes = max_record_bytes
        self._budget = budget
        self._queue: deque[Parcel] = deque()
        self._task: asyncio.Task[None] | None = None
        self._sent_at_s = 0.0  # when the record that is under way was sent, 0 when none is

    def put(self, kind: Kind, lines: Sequence[bytes], receipt: Receipt) -> None:
        """Queue lines, cut into parcels that fit a record (a line that is larger goes alone)."""
        start, size = 0, 0
        for index, line in enumerate(lines):
            if index > start and size + len(line) + 1 > self._max_record_bytes:
                self._add(Parcel(kind, lines[start:index], size, receipt))
                start, size = index, 0
            size += len(line) + 1
        self._add(Parcel(kind, lines[start:], size, receipt))
        if self._task is None:
            self._task = asyncio.create_task(self._run())

    def waits_s(self) -> float:
        """How long the record under way has been waiting for its acknowledgement."""
        return time.monotonic() - self._sent_at_s if self._sent_at_s else 0.0

    def _add(self, parcel: Parcel) -> None:
        parcel.receipt.expect()
        self._budget.used_bytes += parcel.size_bytes
        self._queue.append(parcel)

    async def _run(self) -> None:
        try:
            while parcels := self._next_record():
                await self._store(parcels)
        finally:
            self._task = None

    async def _store(self, parcels: list[Parcel]) -> None:
        self._sent_at_s = time.monotonic()
        try:
            await self._send(b"\n".join(line for parcel in parcels for line in parcel.lines), parcels[0].kind)
        except Exception as error:
            for parcel in parcels:
                parcel.receipt.failed(error)
        else:
            for parcel in parcels:
                parcel.receipt.stored()
        finally:
            self._sent_at_s = 0.0
            self._budget.used_bytes -= sum(parcel.size_bytes for parcel in parcels)

    def _next_record(self) -> list[Parcel]:
        """The parcels at the head that fit one record together; those taken back are dropped."""
        parcels: list[Parcel] = []
        size = 0
        while self._queue:
            head = self._queue[0]
            if head.receipt.withdrawn:
                self._budget.used_bytes -= head.size_bytes
            elif parcels and (head.kind != parcels[0].kind or head.kind is Kind.TICK or size + head.size_bytes > self._max_record_bytes):
                break
            else:
                parcels.append(head)
                size += head.size_bytes
            self._queue.popleft()
        return parcels
