"""What a group has committed, with its metadata; or, while Kafka cannot say, no answer rather than a wrong one."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from aiokafka.structs import OffsetAndMetadata

RETRY_S = 0.2


async def committed(admin: AIOKafkaAdminClient, group: str, keys: Collection[TopicPartition]) -> dict[TopicPartition, OffsetAndMetadata]:
    """Those of the partitions that have an offset; waits for a coordinator that is new or on its way back.

    `consumer.committed` drops the metadata. The admin client drops the error of a whole group ("the coordinator is still loading", after a
    restart or a pause of Kafka): its answer then names no partition, as if nothing had been committed. One that is asked for and
    has no offset is named, with -1; so an answer that leaves any out is none.
    """
    while True:
        try:
            found = await admin.list_consumer_group_offsets(group, partitions=list(keys))
            if found.keys() >= set(keys):
                return {key: value for key, value in found.items() if value.offset >= 0}
        except KafkaError as error:
            if not error.retriable:
                raise
        await asyncio.sleep(RETRY_S)
