"""The Faust application of a lane: agents `identify` on `events`, `journey` on `journeys`, a transactional pipeline for each partition."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from faust.types import TP

from runtime.settings import Settings
from schemas.topics import LIVE
from streams.agents.pipelines import Pipelines
from streams.agents.setups import INPUT, Setups
from streams.agents.ticker import Ticker
from streams.lag import MEASURE_EVERY_S, Lag, Progress
from streams.transport import CommittedApp


class Worker:
    """A lane's Faust app and what belongs to it; `assigned` tells readiness."""

    def __init__(self, setups: Setups) -> None:
        settings, self.lane = setups.settings, setups.lane
        self.assigned: set[TP] | None = None
        self._topics = {agent: setups.input_topic(agent) for agent in INPUT}
        self.app = _new_app(settings, self.lane)
        self.pipelines = {agent: Pipelines(partial(setups.of, agent)) for agent in INPUT}
        self._ticker = Ticker(settings.kafka_bootstrap, self._topics["identify"])
        self.lag = Lag({topic: agent for agent, topic in self._topics.items()})
        for agent in INPUT:
            self._add_agent(agent)
        self.app.on_partitions_revoked.connect(self._on_revoked, weak=False)  # type: ignore[arg-type]  # faust types its signals too narrowly
        self.app.on_partitions_assigned.connect(self._on_assigned, weak=False)  # type: ignore[arg-type]
        self.app.on_before_shutdown.connect(self._on_shutdown, weak=False)
        if self.lane == LIVE:
            self.app.timer(interval=settings.tick_s)(self._tick)
        self.app.timer(interval=MEASURE_EVERY_S)(self._measure_lag)

    def _add_agent(self, name: str) -> None:
        topic = self.app.topic(self._topics[name], key_type=bytes, value_type=bytes, value_serializer="raw", key_serializer="raw")
        pipelines = self.pipelines[name]

        async def run(stream: Any) -> None:
            async for event in stream.noack().events():
                message = event.message
                for delivery in deliveries(event, self.lag.of(message.topic, message.partition)):
                    if not await pipelines.submit(message.partition, delivery):
                        break  # the partition went while this waited: the rest of the bundle is its next owner's

        self.app.agent(topic, name=name, isolated_partitions=True)(run)

    async def _on_revoked(self, _: Any, revoked: set[TP], **__: Any) -> None:
        for agent, pipelines in self.pipelines.items():
            await pipelines.close({tp.partition for tp in revoked if tp.topic == self._topics[agent]})
        self.lag.forget(revoked)

    async def _on_assigned(self, _: Any, assigned: set[TP], **__: Any) -> None:
        self.assigned = set(assigned)

    async def _tick(self) -> None:
        await self._ticker.tick([tp.partition for tp in self.assigned or () if tp.topic == self._topics["identify"]])

    async def _measure_lag(self) -> None:
        await self.lag.measure(self.app.consumer, self.assigned or ())

    async def _on_shutdown(self, *_: Any, **__: Any) -> None:
        """Leave no transaction open: readers would wait for its time-out."""
        for pipelines in self.pipelines.values():
            await pipelines.stop()
        await self._ticker.stop()


class Acked:
    """A record of Kafka's in the pipeline's terms. `event`: the Faust event that is done with it, None while there are more in it."""

    __slots__ = ("_event", "_progress", "headers", "offset", "value")

    def __init__(self, record: Any, event: Any, progress: Progress) -> None:
        self._event = event
        self._progress = progress
        self.offset: int = record.offset
        self.value: bytes = record.value or b""
        self.headers = record.headers
        progress.delivered(self.offset, record.timestamp / 1000)

    def ack(self) -> None:
        if self._event is not None:
            self._event.ack()
        self._progress.applied(self.offset)


def deliveries(event: Any, progress: Progress) -> Iterator[Acked]:
    """The records of a bundle (`streams.transport`), each told as delivered when it is its turn."""
    *others, last = event.message.value
    for record in others:
        yield Acked(record, None, progress)
    yield Acked(last, event, progress)


def _new_app(settings: Settings, lane: str) -> CommittedApp:
    return CommittedApp(
        f"cartwake-{lane}",
        broker=[f"kafka://{server}" for server in settings.kafka_bootstrap.split(",")],
        store="memory://",
        datadir=f"{settings.data_dir}/faust-{lane}",
        topic_partitions=settings.partitions,
        topic_disable_leader=True,
        topic_allow_declare=False,
        table_standby_replicas=0,
        consumer_auto_offset_reset="earliest",
        consumer_max_fetch_size=1 << 20,
        broker_session_timeout=6.0,
        broker_heartbeat_interval=1.0,
        broker_commit_interval=1.0,
        broker_max_poll_records=64,
        stream_buffer_maxsize=4,
        stream_wait_empty=False,  # what is not acknowledged is delivered again: no rebalance and no stop waits for it
        web_enabled=False,
    )
