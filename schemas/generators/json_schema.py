"""JSON Schema (2020-12) of events and of topics' lines, from the structures themselves."""

import inspect
import re
from typing import Any

import msgspec

from schemas.events import EventType
from schemas.items import MAX_MONEY
from schemas.journeys import Absorb, Kind, Merge, Refuse, Split, Tick, Unlink
from schemas.meanings import ITEM, PROPERTY
from schemas.topics import Topic, line_type

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
MONEY: Schema = {
    "description": "An amount of money: a number, or text where the sender wants every digit kept.",
    "anyOf": [
        {"type": "number", "minimum": -int(MAX_MONEY), "maximum": int(MAX_MONEY)},
        {"type": "string", "pattern": r"^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?$"},
    ],
}
# Lines of other types in a topic, by the record header `kind`.
KIND_LINES: dict[str, dict[Kind, type[msgspec.Struct]]] = {
    "events": {Kind.TICK: Tick, Kind.UNLINK: Unlink},
    "journeys": {
        Kind.TICK: Tick,
        Kind.MERGE: Merge,
        Kind.ABSORB: Absorb,
        Kind.REFUSE: Refuse,
        Kind.UNLINK: Unlink,
        Kind.SPLIT: Split,
    },
}
_COMMENTED = re.compile(r"^    (\w+): .*?  # (.+)$", re.MULTILINE)


def event_schema(event: EventType) -> Schema:
    """What the properties of one event must be; properties that are not listed are allowed."""
    root, parts = _parts(event.properties)
    for name in event.properties.needs:
        root["properties"][name] = _filled(root["properties"][name])
    for name in event.properties.needs_given:
        root["properties"][name] = _given(root["properties"][name])
    _describe(root, PROPERTY)
    root |= {"title": event.name, "description": event.meaning, "required": [*event.properties.needs, *event.properties.needs_given]}
    return {"$schema": DIALECT, "$id": f"urn:cartwake:event:{event.name}", **root, "$defs": parts}


def line_schema(name: str, line: type[msgspec.Struct]) -> Schema:
    """What one line of a topic must be."""
    root, parts = _parts(line)
    _describe(root, _comments(line))
    return {"$schema": DIALECT, "$id": f"urn:cartwake:topic:{name}", **root, "$defs": parts}


def line_types(topic: Topic) -> dict[str, type[msgspec.Struct]]:
    """The types of a topic's lines by name (`journeys`, `journeys.tick`); empty where they are the private state of an agent."""
    if is_private(topic):
        return {}
    others = {f"{topic.name}.{kind}": line for kind, line in KIND_LINES.get(topic.name, {}).items()}
    return {topic.name: line_type(topic), **others}


def is_private(topic: Topic) -> bool:
    """True when only the agent that writes the topic reads it; its lines are then no contract."""
    return not topic.line.startswith("schemas.")


def _parts(line: type[msgspec.Struct]) -> tuple[Schema, dict[str, Schema]]:
    """The type's own schema, and those that it refers to by name."""
    _, found = msgspec.json.schema_components([line], ref_template="#/$defs/{name}")
    found = msgspec.json.decode(msgspec.json.encode(found).replace(b"KnownItem", b"Item"))  # one thing to readers, see schemas.items
    parts = {name: _cleaned(part) for name, part in sorted(found.items())}
    root = parts.pop(line.__name__)
    if "Item" in parts:
        _describe(parts["Item"], ITEM)
    if '#/$defs/Money"' in msgspec.json.encode([root, parts]).decode():
        parts["Money"] = MONEY
    return root, parts


def _cleaned(node: Any) -> Any:
    """The same schema with amounts of money as `Money`, tidy descriptions and without defaults that say nothing."""
    if isinstance(node, list):
        return [_cleaned(item) for item in node]
    if not isinstance(node, dict):
        return node
    if node.get("format") == "decimal":
        return {"$ref": "#/$defs/Money"}
    if isinstance(node.get("description"), str):
        node = {**node, "description": inspect.cleandoc(node["description"])}
    return {key: _cleaned(value) for key, value in node.items() if (key, value) != ("default", None) and (key, value) != ("required", [])}


def _given(schema: Schema) -> Schema:
    """A property's schema once null is no longer allowed."""
    options = [option for option in schema.get("anyOf", [schema]) if option.get("type") != "null"]
    return {key: value for key, value in options[0].items() if key != "default"} if len(options) == 1 else {"anyOf": options}


def _filled(schema: Schema) -> Schema:
    """A property's schema once neither null nor empty is allowed."""
    given = _given(schema)
    least = {"array": "minItems", "string": "minLength", "object": "minProperties"}[given["type"]]
    return {**given, least: max(1, given.get(least, 0))}


def _describe(schema: Schema, meanings: dict[str, str]) -> None:
    for name, part in schema["properties"].items():
        if name in meanings:
            part["description"] = meanings[name]
        elif name.endswith("_at_ms") or name == "now_ms":
            part["description"] = "Epoch milliseconds UTC."


def _comments(line: type[msgspec.Struct]) -> dict[str, str]:
    """What the source says behind each field, the class's own words before those of its bases."""
    found: dict[str, str] = {}
    for owner in line.__mro__:
        if owner.__module__.startswith("schemas."):
            found = {**dict(_COMMENTED.findall(inspect.getsource(owner))), **found}
    return found
