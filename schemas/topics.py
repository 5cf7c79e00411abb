"""The topics of a lane, read from topics.toml."""

import tomllib
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec

LIVE = "live"
_FILE = Path(__file__).with_name("topics.toml")


class Topic(msgspec.Struct, frozen=True, kw_only=True):
    """One topic: `line` is the dotted name of the type of its lines, `table` the warehouse table its lines fill ('' for none)."""

    name: str
    partitions: int
    config: dict[str, str]
    line: str
    key: str
    writers: tuple[str, ...]
    readers: tuple[str, ...]
    table: str = ""


def load_topics() -> list[Topic]:
    """All topics, in the file's order; `partitions` = 0 means the setting of that name."""
    raw: dict[str, Any] = tomllib.loads(_FILE.read_text())
    defaults = raw["defaults"]
    topics = []
    for name, fields in raw["topics"].items():
        config = {**defaults["config"], **fields.get("config", {})}
        topics.append(msgspec.convert({"partitions": defaults["partitions"], **fields, "name": name, "config": config}, Topic))
    return topics


def lane_topic(lane: str, name: str) -> str:
    """The Kafka name of a lane's topic: the live lane's have no prefix."""
    return name if lane == LIVE else f"{lane}.{name}"


def line_type(topic: Topic) -> type[msgspec.Struct]:
    """The structure of the topic's lines."""
    module, _, name = topic.line.rpartition(".")
    found = getattr(import_module(module), name)
    assert isinstance(found, type)
    return found


def table_topics() -> list[Topic]:
    """The topics whose lines are rows of a table."""
    return [topic for topic in load_topics() if topic.table]


def row_columns(topic: Topic) -> tuple[str, ...]:
    """The names that an INSERT of the topic's lines lists, in the structure's order."""
    return tuple(field.name for field in msgspec.structs.fields(line_type(topic)))
