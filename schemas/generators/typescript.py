"""The JS SDK's types: an interface for each event's properties, the union of their names, and the map from one to the other."""

from typing import Any

from schemas.events import CATALOGUE, EventType
from schemas.generators.json_schema import event_schema
from schemas.generators.wording import Wording, type_name, type_text

WORDING = Wording(
    string="string", integer="number", number="number", boolean="boolean", null="null", array="{}[]", mapping="Record<string, {}>"
)
HEAD = """\
// Generated from schemas/ by `python -m schemas.generate`; do not edit.

/** An amount of money: a number, or text where every digit is to be kept. */
export type Money = number | string;
"""


def typescript() -> str:
    """The text of sdk/js/src/events.gen.ts."""
    base = event_schema(CATALOGUE["page_view"])
    blocks = [HEAD, _interface("Item", base["$defs"]["Item"]), _interface("Properties", base)]
    blocks += [_event(event) for event in CATALOGUE.values()]
    blocks += [_event_map(), "export type EventName = keyof EventMap;\n", _names()]
    return "\n".join(blocks)


def _interface(name: str, schema: dict[str, Any]) -> str:
    about = {"Properties": "All properties an event may carry; others are kept as they are."}.get(name, schema["description"])
    fields = "".join(_field(field, part, field in schema.get("required", [])) for field, part in schema["properties"].items())
    return f"/** {about} */\nexport interface {name} {{\n{fields}  [other: string]: unknown;\n}}\n"


def _field(name: str, schema: dict[str, Any], needed: bool) -> str:
    return f"  /** {schema['description']} */\n  {name}{'' if needed else '?'}: {type_text(schema, WORDING)};\n"


def _event(event: EventType) -> str:
    schema = event_schema(event)
    name = f"{type_name(event.name)}Properties"
    if not schema["required"]:
        return f"/** {event.meaning} */\nexport type {name} = Properties;\n"
    fields = "".join(_field(field, schema["properties"][field], True) for field in schema["required"])
    return f"/** {event.meaning} */\nexport interface {name} extends Properties {{\n{fields}}}\n"


def _event_map() -> str:
    fields = "".join(f"  {name}: {type_name(name)}Properties;\n" for name in CATALOGUE)
    return f"/** The properties of every event of the catalogue. */\nexport interface EventMap {{\n{fields}}}\n"


def _names() -> str:
    names = "".join(f'  "{name}",\n' for name in CATALOGUE)
    return f"export const EVENT_NAMES: readonly EventName[] = [\n{names}];\n"
