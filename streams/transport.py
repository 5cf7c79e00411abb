"""Faust's Kafka transport, reading only committed records.

Faust reads uncommitted ones unless it runs its own exactly-once mode, which loses updates (docs/decisions, robinhood/faust#340).
Private names used here have contract tests: `_create_worker_consumer`, `_isolation_level`, `_new_consumer_thread`, `_new_transport`,
`_new_offset` and what it reads, `_add_gap`.
"""

from typing import Any

import faust
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from faust.types.transports import TransportT


class _CommittedThread(driver.AIOKafkaConsumerThread):
    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        consumer._isolation_level = "read_committed"
        return consumer


class CommittedConsumer(driver.Consumer):
    """A consumer that sees no record of an open or aborted transaction."""

    def _new_consumer_thread(self) -> _CommittedThread:
        return _CommittedThread(self, loop=self.loop, beacon=self.beacon)

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
