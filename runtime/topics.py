"""Creates the topics of a lane as `schemas/topics.toml` describes them. `python -m runtime.topics --lane live`; safe to run again."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from runtime.settings import Settings, SettingsError, load

HOUR_MS = 3_600_000


@contextmanager
def admin_of(bootstrap: str) -> Iterator[Any]:
    """Kafka's admin client, closed at the end."""
    from kafka import KafkaAdminClient

    admin = KafkaAdminClient(bootstrap_servers=bootstrap.split(","), client_id="cartwake-admin")
    try:
        yield admin
    finally:
        admin.close()


def wanted_topics(settings: Settings, lane: str) -> dict[str, dict[str, Any]]:
    """What the lane needs: Kafka's name of each topic, its partitions and its configuration."""
    from schemas.topics import lane_topic, load_topics

    kept = retention(settings)
    return {
        lane_topic(lane, topic.name): {
            "num_partitions": topic.partitions or settings.partitions,
            "configs": {**topic.config, **kept.get(topic.name, {})},
        }
        for topic in load_topics()
    }


def retention(settings: Settings) -> dict[str, dict[str, str]]:
    """The setting `topic_retention_hours` as Kafka's configuration of topics. Raises SettingsError for a topic that has no such limit."""
    from schemas.topics import load_topics

    limited = [topic.name for topic in load_topics() if "retention.ms" in topic.config]
    for name, hours in settings.topic_retention_hours.items():
        if name not in limited:
            raise SettingsError(f"topic_retention_hours: {name} has no limit of time; a limit can be given for {', '.join(limited)}")
        if hours < 0:
            raise SettingsError(f"topic_retention_hours: {name}={hours}: hours are 0 (as schemas/topics.toml says) or more")
    return {name: {"retention.ms": str(hours * HOUR_MS)} for name, hours in settings.topic_retention_hours.items() if hours}


def create_topics(settings: Settings, lane: str) -> list[str]:
    """Create those that are missing; returns their names. Of one that exists only `topic_retention_hours` is brought up to date."""
    wanted = wanted_topics(settings, lane)
    with admin_of(settings.kafka_bootstrap) as admin:
        present = set(admin.list_topics())
        missing = {name: options for name, options in wanted.items() if name not in present}
        _keep_for(admin, settings, lane, present)
        if missing:
            admin.create_topics(missing)
            admin.wait_for_topics(list(missing))
    return sorted(missing)


def _keep_for(admin: Any, settings: Settings, lane: str, present: set[str]) -> None:
    from kafka.admin import ConfigResource, ConfigResourceType

    from schemas.topics import lane_topic

    wanted = {lane_topic(lane, name): config for name, config in retention(settings).items()}
    changed = [ConfigResource(ConfigResourceType.TOPIC, name, config) for name, config in wanted.items() if name in present]
    if changed:
        admin.alter_configs(changed)


def delete_topics(settings: Settings, lane: str) -> list[str]:
    """Delete all topics of a lane; returns their names. The live lane is refused."""
    if lane == "live":
        raise ValueError("the live lane's topics are not deleted")
    with admin_of(settings.kafka_bootstrap) as admin:
        doomed = sorted(set(admin.list_topics()) & set(wanted_topics(settings, lane)))
        if doomed:
            admin.delete_topics(doomed)
    return doomed


def main() -> int:
    from kafka.errors import KafkaError

    parser = argparse.ArgumentParser(prog="python -m runtime.topics", description=__doc__)
    parser.add_argument("--lane", default="live")
    lane = parser.parse_args().lane
    try:
        made = create_topics(load(), lane)
    except (SettingsError, KafkaError) as error:
        print(f"cartwake: {error}", file=sys.stderr)
        return 1
    print(f"created {len(made)} topics of lane {lane}" + (": " + ", ".join(made) if made else ""))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
