"""The Python SDK's types: a TypedDict for the properties of each event, and the names of all events."""

from typing import Any

from schemas.events import CATALOGUE
from schemas.generators.json_schema import Schema, event_schema
from schemas.generators.wording import Wording, type_name, type_text

WORDING = Wording(
    string="str", integer="int", number="float", boolean="bool", null="None", array="Sequence[{}]", mapping="Mapping[str, {}]"
)
HEAD = '''\
"""The events of the catalogue and their properties. Generated from schemas/ by `python -m schemas.generate`; do not edit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Literal, TypedDict, Union

# An amount of money: text or a Decimal keeps every digit.
Money = Union[Decimal, float, str]  # noqa: UP007
'''


def python_types() -> str:
    """The text of sdk/python/src/cartwake/events_gen.py."""
    shapes = {event.properties.__name__: event_schema(event) for event in CATALOGUE.values()}
    item = shapes["Properties"]["$defs"]["Item"]
    blocks = [HEAD, _typed_dict("Item", item, item["description"])]
    blocks += [_typed_dict(name, schema, _about(schema)) for name, schema in shapes.items()]
    blocks.append(_aliases())
    return "\n\n".join(blocks) + _names()


def _about(schema: Schema) -> str:
    needs = " and ".join(f"`{name}`" for name in schema.get("required", []))
    return f"Properties of an event that needs {needs}." if needs else "All properties an event may carry; others are kept as they are."


def _typed_dict(name: str, schema: Schema, about: str) -> str:
    """One TypedDict; where fields are needed, a second one holds them, because older Pythons know no `Required`."""
    needed = {field: part for field, part in schema["properties"].items() if field in schema.get("required", [])}
    optional = {field: part for field, part in schema["properties"].items() if field not in needed}
    if not needed:
        return f'class {name}(TypedDict, total=False):\n    """{about}"""\n\n{_fields(optional)}'
    base = f"class _{name}Needs(TypedDict):\n{_fields(needed)}"
    return f'{base}\n\nclass {name}(_{name}Needs, total=False):\n    """{about}"""\n\n{_fields(optional)}'


def _fields(parts: dict[str, Any]) -> str:
    return "".join(f"    {name}: {type_text(part, WORDING)}\n" for name, part in parts.items())


def _aliases() -> str:
    lines = [f"{type_name(event.name)} = {event.properties.__name__}  # {event.meaning}\n" for event in CATALOGUE.values()]
    return "".join(line for line in lines if not _same(line))


def _same(line: str) -> bool:
    """True for an alias that names itself: the shape is the event's already."""
    left, _, right = line.partition(" = ")
    return left == right.split()[0]


def _names() -> str:
    names = "".join(f'    "{name}",\n' for name in CATALOGUE)
    return f"\nEventName = Literal[\n{names}]\n"
