"""The sink's side of Kafka: reads what is committed with its metadata, and commits fenced by the group's generation."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import CommitFailedError, IllegalGenerationError, IllegalStateError
from aiokafka.structs import OffsetAndMetadata

from runtime.settings import Settings
from runtime.topics import admin_of
from sinks.committed import RETRY_S, committed

MAX_FETCH_BYTES = 16 << 20
MAX_PARTITION_FETCH_BYTES = 1 << 20  # packed: several times that in memory, beyond what the sink means to hold
UNKNOWN_GENERATION = -1


class Fenced(Exception):
    """The partitions belong to someone else now. Drop what you hold; the next assignment says where to go on."""


class Owner(Protocol):
    """Who is told about partitions."""

    async def prepare(self, keys: Sequence[TopicPartition]) -> None:
        """These will be ours. Called before what is committed is read: shut out whoever had them."""

    async def take(self, committed: Mapping[TopicPartition, OffsetAndMetadata]) -> None:
        """These are all partitions that are ours from now on, each with what is committed."""

    async def drop(self) -> None:
        """None is ours any more. When this returns, nothing of them may be under way."""


class Intake(ConsumerRebalanceListener):  # type: ignore[misc]
    """Reads topics in a consumer group. `getmany` returns nothing between `drop` and `take`."""

    def __init__(self, settings: Settings, group: str, topics: Sequence[str], owner: Owner) -> None:
        self._group, self._topics, self._owner = group, topics, owner
        self._bootstrap = settings.kafka_bootstrap
        self.epoch = 0  # grows with each rebalance
        self._is_settled = False
        self._failure: Exception | None = None
        self._admin = AIOKafkaAdminClient(bootstrap_servers=self._bootstrap)
        self.consumer = AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap,
            group_id=group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            fetch_max_bytes=MAX_FETCH_BYTES,
            max_partition_fetch_bytes=MAX_PARTITION_FETCH_BYTES,
            session_timeout_ms=6_000,
            heartbeat_interval_ms=1_500,
            fetch_max_wait_ms=100,
        )

    async def start(self) -> None:
        await self._admin.start()
        await self.consumer.start()
        _fence(self.consumer)
        self.consumer.subscribe(self._topics, listener=self)

    async def close(self) -> None:
        """Leave the group."""
        await self.consumer.stop()
        await self._admin.close()

    async def getmany(self, timeout_ms: int, most: int | None = None) -> dict[TopicPartition, list[Any]]:
        """At most that many records; others that were fetched stay packed."""
        batches: dict[TopicPartition, list[Any]] = await self.consumer.getmany(timeout_ms=timeout_ms, max_records=most)
        if self._failure:  # aiokafka only logs what a listener raises
            raise self._failure
        return batches if self._is_settled else {}

    async def commit(self, offsets: Mapping[TopicPartition, tuple[int, str]]) -> None:
        """Commit offsets with metadata. Raises Fenced."""
        if not offsets:
            return
        try:
            await self.consumer.commit({key: OffsetAndMetadata(offset, text) for key, (offset, text) in offsets.items()})
        except (CommitFailedError, IllegalStateError) as error:
            raise Fenced(str(error)) from error

    async def position(self, key: TopicPartition) -> int:
        """The offset that is read next, past the ends of transactions."""
        return int(await self.consumer.position(key))

    def end(self, key: TopicPartition) -> int:
        """Where the partition's readable records end, as far as is known; 0 if it is not ours or was not read yet."""
        return int(self.consumer.last_stable_offset(key) or 0) if key in self.consumer.assignment() else 0

    def pause_only(self, full: set[TopicPartition]) -> int:
        """Read nothing from these for now, and everything else; how many those are."""
        assigned = self.consumer.assignment()
        paused, wanted = self.consumer.paused(), full & assigned
        self.consumer.pause(*(wanted - paused))
        self.consumer.resume(*((paused - wanted) & assigned))
        return len(wanted)

    async def on_partitions_revoked(self, revoked: Sequence[TopicPartition]) -> None:
        self._is_settled = False
        self.epoch += 1
        await self._owner.drop()

    async def on_partitions_assigned(self, assigned: Sequence[TopicPartition]) -> None:
        try:
            await self._take(assigned)
        except Exception as error:
            self._failure = error

    async def _take(self, assigned: Sequence[TopicPartition]) -> None:
        await self._owner.prepare(assigned)
        offsets = await committed(self._admin, self._group, assigned) if assigned else {}
        new = [key for key in assigned if key not in offsets]
        begins = await self.consumer.beginning_offsets(new) if new else {}
        offsets |= {key: OffsetAndMetadata(offset, "") for key, offset in begins.items()}
        await self._owner.take(offsets)
        for key, value in offsets.items():  # what was fetched while we asked is fetched again
            self.consumer.seek(key, value.offset)
        self._is_settled = True


def _fence(consumer: AIOKafkaConsumer) -> None:
    """Refuse commits that Kafka would take though they are stale: of an assignment that has changed since, and of an expelled consumer,

    which has forgotten its generation: a commit without one is accepted while the group is empty.
    """
    coordinator = consumer._coordinator
    commit = coordinator._do_commit_offsets

    async def fenced(assignment: object, offsets: object) -> None:
        if coordinator.generation == UNKNOWN_GENERATION or assignment is not consumer._subscription.subscription.assignment:
            raise IllegalGenerationError(coordinator.group_id)
        await commit(assignment, offsets)

    coordinator._do_commit_offsets = fenced


async def topic_ids(bootstrap: str, topics: Sequence[str]) -> dict[str, str]:
    """Kafka's own id of each topic; waits until all exist. A topic that was deleted and made again has another one."""
    while True:
        found = await asyncio.to_thread(_describe, bootstrap, topics)
        if len(found) == len(topics):
            return found
        await asyncio.sleep(RETRY_S)


def _describe(bootstrap: str, topics: Sequence[str]) -> dict[str, str]:
    with admin_of(bootstrap) as admin:
        present = sorted(set(admin.list_topics()) & set(topics))
        return {entry["name"]: str(entry["topic_id"]) for entry in admin.describe_topics(present)} if present else {}
