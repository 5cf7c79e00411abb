"""The lanes that Kafka holds, who reads their topics, and how far they have come. Blocking."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from runtime.local.lag import group_offsets
from runtime.settings import Settings
from runtime.topics import admin_of
from schemas.topics import LIVE, Topic, lane_topic, load_topics

STATE = ("identify-state", "journey-state")
ALIVE = frozenset({"Stable", "PreparingRebalance", "CompletingRebalance"})


@dataclass(frozen=True)
class Lane:
    """`is_run`: a worker is at work on it. One that nobody runs holds what it was left with."""

    name: str
    is_run: bool

    def kafka_name(self, topic: str) -> str:
        return lane_topic(self.name, topic)

    def group(self, reader: str) -> str:
        """Kafka's name of a reader of `schemas/topics.toml`."""
        return f"cartwake-{self.name}" if reader in ("identify", "journey") else f"cartwake-{self.name}-{reader}"


def lanes(settings: Settings) -> list[Lane]:
    """Every lane that has topics; the live one first."""
    with admin_of(settings.kafka_bootstrap) as admin:
        present = set(admin.list_topics())
        names = {LIVE} if "journeys" in present else set()
        names |= {name.removesuffix(".journeys") for name in present if name.endswith(".journeys")}
        ordered = sorted(names, key=lambda name: (name != LIVE, name))
        return [Lane(name, _is_run(admin, f"cartwake-{name}")) for name in ordered]


def topics_of(lane: Lane) -> list[Topic]:
    """Those that hold lines; state is apart."""
    return [topic for topic in load_topics() if topic.name not in STATE]


def needed_readers(settings: Settings, lane: Lane, topic: Topic, committed: dict[str, dict[Any, Any]]) -> list[str]:
    """Groups that must have read what is cut off. Of a lane that nobody runs only those that have begun to."""
    found = []
    for group in dict.fromkeys(lane.group(reader) for reader in topic.readers):
        has_begun = any(key.topic == lane.kafka_name(topic.name) for key in committed.get(group, {}))
        is_wanted = lane.name == LIVE and (not group.endswith("-webhooks") or bool(settings.webhook_url))
        if has_begun or is_wanted:
            found.append(group)
    return found


def offsets_of(settings: Settings, groups: Iterable[str]) -> dict[str, dict[Any, int]]:
    """Committed offsets by group and partition."""
    with admin_of(settings.kafka_bootstrap) as admin:
        found = {group: group_offsets(admin, group) for group in groups}
    return {group: {key: each.offset for key, each in offsets.items() if each.offset >= 0} for group, offsets in found.items()}


def partitions(settings: Settings, topics: Iterable[str]) -> list[tuple[str, int]]:
    """(topic, number) of all partitions of those topics that are there."""
    with admin_of(settings.kafka_bootstrap) as admin:
        present = sorted(set(admin.list_topics()) & set(topics))
        described = admin.describe_topics(present) if present else []
    return [(topic["name"], each["partition_index"]) for topic in described for each in topic["partitions"]]


def _is_run(admin: Any, group: str) -> bool:
    described = admin.describe_groups([group])[group]
    state = described.get("group_state") or described.get("state") or ""
    return str(state) in ALIVE
