"""The process that tells the shop: triggers of a lane, as signed webhooks."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence

import aiohttp
import msgspec
from aiokafka import TopicPartition
from aiokafka.errors import IllegalStateError
from aiokafka.structs import OffsetAndMetadata

from runtime.http import serve_health
from runtime.settings import Settings
from schemas.rows import TriggerRow
from schemas.topics import lane_topic
from sinks import metrics
from sinks.attempt import TIMEOUT_S, Postman
from sinks.courier import Courier
from sinks.history import read_history
from sinks.intake import Intake, topic_ids
from sinks.outbox import Outbox
from sinks.schedule import DELAYS_S, Clock

log = logging.getLogger(__name__)
POLL_MS = 200
MAX_UNFINISHED = 10_000  # of one partition; more are not read
PARALLEL_POSTS = 64
REVOKE_PATIENCE_S = 5.0


class WebhookSink:
    """A courier for each partition that is ours."""

    def __init__(self, settings: Settings, lane: str, postman: Postman, delays_s: Sequence[float] = DELAYS_S) -> None:
        self._bootstrap, self._group = settings.kafka_bootstrap, f"cartwake-{lane}-webhooks"
        self._deliveries = lane_topic(lane, "deliveries")
        self._intake = Intake(settings, self._group, [lane_topic(lane, "triggers")], self)
        self._postman, self._delays_s = postman, delays_s
        self._posts = asyncio.Semaphore(PARALLEL_POSTS)
        self._outboxes: dict[TopicPartition, Outbox] = {}
        self._couriers: dict[TopicPartition, Courier] = {}
        self._ends: dict[TopicPartition, int] = {}  # when the partition became ours
        self.is_ready = False

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set; requests under way are then finished and written down."""
        await self._intake.start()
        try:
            while not stop.is_set():
                for key, messages in (await self._intake.getmany(POLL_MS)).items():
                    for message in messages:
                        self._couriers[key].add(message.offset, message.timestamp, _triggers(message.value, key, message.offset))
                await self._advance()
                self._intake.pause_only({key for key, each in self._couriers.items() if each.ledger.unfinished >= MAX_UNFINISHED})
                metrics.WAITING.set(sum(each.ledger.unfinished for each in self._couriers.values()))
            await self._close_couriers(TIMEOUT_S)
        finally:
            await self._intake.close()

    async def prepare(self, keys: Sequence[TopicPartition]) -> None:
        self._outboxes = {key: Outbox(self._bootstrap, self._group, key, self._deliveries) for key in keys}
        await asyncio.gather(*(outbox.start() for outbox in self._outboxes.values()))

    async def take(self, committed: Mapping[TopicPartition, OffsetAndMetadata]) -> None:
        unfinished = {key: value.offset for key, value in committed.items()}
        keys = next(iter(self._outboxes.values())).delivery_keys if self._outboxes else []
        past = await read_history(self._bootstrap, unfinished, keys) if keys else {}
        self._ends = await self._intake.consumer.end_offsets(list(unfinished)) if unfinished else {}
        self._couriers = {  # nothing may be awaited from here on: `_advance` would take the position before the seek for read
            key: Courier(self._outboxes[key], self._postman, self._delays_s, past, offset, self._posts)
            for key, offset in unfinished.items()
        }
        self.is_ready = True

    async def drop(self) -> None:
        self.is_ready = False
        await self._close_couriers(REVOKE_PATIENCE_S)

    async def _advance(self) -> None:
        """Move past what holds no triggers, such as the ends of transactions. Raises what ended a courier."""
        for key, courier in list(self._couriers.items()):
            courier.check()
            try:
                position = await self._intake.position(key)
                courier.ledger.advance(position)
                if position >= self._ends.get(key, 0) or courier.ledger.unfinished >= MAX_UNFINISHED:
                    courier.release()
            except IllegalStateError as error:
                log.debug("a rebalance is under way: %s", error)
            courier.nudge()

    async def _close_couriers(self, patience_s: float) -> None:
        couriers, self._couriers = self._couriers, {}
        await asyncio.gather(*(courier.close(patience_s) for courier in couriers.values()))


def _triggers(value: bytes | None, key: TopicPartition, offset: int) -> list[TriggerRow]:
    return list(_decoded((value or b"").split(b"\n"), f"{key.topic}:{key.partition}:{offset}"))


def _decoded(lines: Iterable[bytes], where: str) -> Iterable[TriggerRow]:
    """A line that is no trigger is left out: the warehouse sink keeps it in `rejected`."""
    for line in filter(None, lines):
        try:
            yield msgspec.json.decode(line, type=TriggerRow)
        except msgspec.MsgspecError as error:
            log.error("not a trigger", extra={"fields": {"record": where, "error": error}})


async def run_webhooks(
    settings: Settings, lane: str, metrics_port: int, stop: asyncio.Event, clock: Clock, delays_s: Sequence[float]
) -> None:
    """The process, until `stop`. Without an address it waits: triggers stay in their topic."""
    sink: WebhookSink | None = None
    health = await serve_health(
        metrics_port, lambda: not settings.webhook_url or (sink is not None and sink.is_ready), host=settings.metrics_host
    )
    try:
        if not settings.webhook_url:
            log.warning("webhook_url is empty: triggers are delivered nowhere")
            await stop.wait()
            return
        await topic_ids(settings.kafka_bootstrap, [lane_topic(lane, name) for name in ("triggers", "deliveries")])
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_S)) as session:
            sink = WebhookSink(settings, lane, Postman(session, settings.webhook_url, settings.webhook_secret, clock), delays_s)
            await sink.run(stop)
    finally:
        await health.close()
