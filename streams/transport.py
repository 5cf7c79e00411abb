"""Faust's Kafka transport, reading only committed records, many as one.

Faust reads uncommitted ones unless it runs its own exactly-once mode, which loses updates (docs/decisions, robinhood/faust#340).
Private names used here have contract tests: `_create_worker_consumer`, `_isolation_level`, `_new_consumer_thread`, `_new_transport`,
`_new_offset` and what it reads, `_add_gap`, `_wait_next_records`, `_to_message`.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import faust
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from faust.types.transports import TransportT

BUNDLE_BYTES = 1 << 20  # a partition's stream holds four bundles (stream_buffer_maxsize)


def bundled(records: list[Any]) -> Iterator[Any]:
    """Neighbours of one partition as one record, whose value they are and whose offset is the last one's.

    A record costs Faust 200 us (its message, its place in a queue, its acknowledgement), whatever is in it.
    """
    held: list[Any] = []
    size_bytes = 0
    for record in records:
        record_bytes = len(record.value or b"")
        if held and size_bytes + record_bytes > BUNDLE_BYTES:
            yield replace(held[-1], key=None, value=tuple(held), headers=())
            held, size_bytes = [], 0
        held.append(record)
        size_bytes += record_bytes
    if held:
        yield replace(held[-1], key=None, value=tuple(held), headers=())


class _CommittedThread(driver.AIOKafkaConsumerThread):
    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        consumer._isolation_level = "read_committed"
        return consumer


class CommittedConsumer(driver.Consumer):
    """A consumer that sees no record of an open or aborted transaction."""

    def _new_consumer_thread(self) -> _CommittedThread:
        return _CommittedThread(self, loop=self.loop, beacon=self.beacon)

    async def _wait_next_records(self, timeout: float) -> tuple[Any, Any]:
        records, active = await super()._wait_next_records(timeout)
        return {tp: list(bundled(found)) for tp, found in records.items()} if records else records, active

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Nothing: `_new_offset` asks for no gaps, and Faust's tree of them costs more with each transaction."""

    def _new_offset(self, tp: TP) -> int | None:
        """One past the last record acknowledged. Faust waits for the offsets in between, but those of transaction markers never come.

        Ours are acknowledged in order (streams/pipeline.py); were they not, the pipeline's catch-up would read what was skipped.
        """
        acked: list[int] = self._acked[tp]
        if not acked:
            return None
        offset = max(acked) + 1
        acked.clear()
        self._acked_index[tp].clear()
        self._gap.pop(tp, None)
        return offset


class CommittedTransport(driver.Transport):
    Consumer = CommittedConsumer


class CommittedApp(faust.App):
    """A Faust app whose agents read committed records only."""

    def _new_transport(self) -> TransportT:
        transport: TransportT = CommittedTransport(self.conf.broker_consumer, self)
        return transport
