"""How far each consumer group is behind, asked of Kafka."""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from runtime.topics import admin_of

COORDINATOR_TIMEOUT_S = 10.0


@dataclass(frozen=True)
class Lag:
    """One group on one topic. `committed` counts the partitions that it has committed an offset for."""

    group: str
    topic: str
    lag_records: int
    committed: int


def consumer_lag(bootstrap: str) -> list[Lag]:
    """Every group's lag, in records, by topic."""
    from kafka.admin import OffsetSpec

    with admin_of(bootstrap) as admin:
        groups = sorted(_group_id(group) for group in admin.list_groups())
        offsets = {group: group_offsets(admin, group) for group in groups}
        topics = set(admin.list_topics())  # a group may remember a topic that is gone
        partitions = {partition for committed in offsets.values() for partition in committed if partition.topic in topics}
        ends = admin.list_partition_offsets(dict.fromkeys(partitions, OffsetSpec.LATEST)) if partitions else {}
    return lag_of(offsets, {partition: found.offset for partition, found in ends.items()})


def group_offsets(admin: Any, group: str) -> dict[Any, Any]:
    """A group's committed offsets by partition. Waits for a coordinator that is new or on its way back; KafkaError when it stays away."""
    from kafka.errors import KafkaError

    give_up_s = time.monotonic() + COORDINATOR_TIMEOUT_S
    while True:
        try:
            found: dict[Any, Any] = admin.list_group_offsets(group)[group]
            return found
        except KafkaError as error:
            if not error.retriable or time.monotonic() > give_up_s:
                raise
        time.sleep(0.1)


def lag_of(offsets: dict[str, dict[Any, Any]], ends: dict[Any, int]) -> list[Lag]:
    """Pure: committed offsets of each group, and the partitions' ends."""
    behind: dict[tuple[str, str], list[int]] = defaultdict(list)
    for group, committed in offsets.items():
        for partition, found in committed.items():
            if found.offset >= 0:
                behind[group, partition.topic].append(max(0, ends.get(partition, found.offset) - found.offset))
    return [Lag(group, topic, sum(records), len(records)) for (group, topic), records in sorted(behind.items())]


def _group_id(group: Any) -> str:
    return str(group["group_id"] if isinstance(group, dict) else group[0])
