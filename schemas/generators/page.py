"""docs/events.md: the catalogue, the reasons for rejecting, and the topics, for people."""

import json
from collections.abc import Sequence
from typing import Any

from schemas.events import CATALOGUE, EventType
from schemas.examples import load_examples
from schemas.generators.json_schema import Schema, event_schema, is_private
from schemas.generators.wording import Wording, type_text
from schemas.reasons import MEANING, SUPPRESSED
from schemas.topics import Topic, load_topics

WORDING = Wording(
    string="text",
    integer="whole number",
    number="number",
    boolean="true or false",
    null="",
    array="list of {}",
    mapping="map of text to {}",
    money="[money](#money)",
    item="[item](#items)",
)
INTRO = """\
# Events

<!-- Generated from schemas/ by `python -m schemas.generate`; do not edit. -->

Every event that cartwake knows, what it needs and what it means. JSON Schemas are in `schemas/generated/events/`; more examples, wrong
ones too, in `schemas/examples/`.
Names are Google Analytics 4's where GA4 has one. An event of any other name is kept as `custom`, with its own name in `event_raw`.

This is what is right. The collector takes more, because events that are nearly right are worth keeping: other clients' names, numbers as
text, currencies in small letters; of `page_view`, `screen_view`, `custom` and of traits any properties at all.
"""
MONEY = """\
### Money

A number, or text such as `"129.90"` where every digit is to be kept: up to 14 digits before the point; 4 after it are stored.
All amounts of an event are in its `currency`.
"""


def page() -> str:
    """The text of docs/events.md."""
    base = event_schema(CATALOGUE["page_view"])
    blocks = [INTRO, _index(), "## Properties\n\nAny event may carry them. Properties that are not listed are kept in `props`.\n"]
    blocks += [_properties(base), "### Items\n\nEntries of `items` and `cart_items`.\n", _properties(base["$defs"]["Item"]), MONEY]
    blocks += ["## Each event\n", *(_event(event) for event in CATALOGUE.values()), _reasons(), _topics()]
    return "\n".join(blocks)


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def _needs(event: EventType) -> str:
    given = [f"`{name}` (may be empty)" for name in event.properties.needs_given]
    return ", ".join([*(f"`{name}`" for name in event.properties.needs), *given])


def _index() -> str:
    rows = [(f"[`{name}`](#{name})", event.meaning, _needs(event)) for name, event in CATALOGUE.items()]
    return _table(("Event", "Meaning", "Needs"), rows)


def _properties(schema: Schema) -> str:
    needed = schema.get("required", [])
    rows = []
    for name, part in schema["properties"].items():
        limits = "; ".join(["needed"] * (name in needed) + _limits(part))
        rows.append((f"`{name}`", type_text(part, WORDING), limits, part["description"]))
    return _table(("Property", "Type", "Limits", "Meaning"), rows)


def _limits(schema: dict[str, Any]) -> list[str]:
    """The bounds of a property in words; those of money stand in a paragraph of their own."""
    part = next((option for option in schema.get("anyOf", []) if option.get("type") != "null"), schema)
    if "pattern" in part:
        return [f"matches `{part['pattern']}`"]
    bounds = [("minLength", "maxLength", "characters"), ("minItems", "maxItems", "entries"), ("minimum", "maximum", "")]
    return [f"{part.get(low, 0)} - {part[high]} {unit}".strip() for low, high, unit in bounds if high in part]


def _event(event: EventType) -> str:
    example = load_examples(event.name).valid[0].message
    needs = f"\n\nNeeds {_needs(event)}." if _needs(event) else ""
    return f"### {event.name}\n\n{event.meaning}{needs}\n\n```json\n{json.dumps(example, indent=2, ensure_ascii=False)}\n```\n"


def _reasons() -> str:
    rows = [(f"`{reason}`", meaning) for reason, meaning in MEANING.items()]
    about = "## Why an event is rejected\n\nAll of them stand in the table `rejected`, with the bytes that came.\n\n"
    suppressed = [(f"`{reason}`", meaning) for reason, meaning in SUPPRESSED.items()]
    below = "\n## Why a trigger is not sent\n\nOf the rows of the table `triggers` with the decision `suppress`.\n\n"
    return about + _table(("Code", "Meaning"), rows) + below + _table(("Reason", "Meaning"), suppressed)


def _topics() -> str:
    about = (
        "## Topics\n\nOf the live lane; another lane's are named `<lane>.<topic>`. A record holds one or more lines, see\n"
        "[contracts](contracts.md). Lines of private topics are the state of the agent that writes them and no contract.\n\n"
    )
    head = ("Topic", "A line is", "Key", "Written by", "Read by", "Table", "Kept")
    return about + _table(head, [_topic(topic) for topic in load_topics()])


def _topic(topic: Topic) -> tuple[str, ...]:
    link = f"`{topic.name}`" if is_private(topic) else f"[`{topic.name}`](../schemas/generated/topics/{topic.name}.schema.json)"
    line = f"`{topic.line.rpartition('.')[2]}`" + (" (private)" if is_private(topic) else "")
    return (link, line, topic.key, ", ".join(topic.writers), ", ".join(topic.readers), topic.table and f"`{topic.table}`", _kept(topic))


def _kept(topic: Topic) -> str:
    if topic.config.get("cleanup.policy") == "compact":
        return "last of each key"
    return f"{int(topic.config['retention.ms']) / 86_400_000:g} days"
