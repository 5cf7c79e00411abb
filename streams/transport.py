"""Faust's Kafka transport, reading only committed records.

Faust reads uncommitted ones unless it runs its own exactly-once mode, which loses updates (docs/decisions, robinhood/faust#340). Private
names used here (`_create_worker_consumer`, `_isolation_level`, `_new_consumer_thread`, `_new_transport`) have a contract test.
"""

from typing import Any

import faust
from faust.transport.drivers import aiokafka as driver
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


class CommittedTransport(driver.Transport):
    Consumer = CommittedConsumer


class CommittedApp(faust.App):
    """A Faust app whose agents read committed records only."""

    def _new_transport(self) -> TransportT:
        transport: TransportT = CommittedTransport(self.conf.broker_consumer, self)
        return transport
