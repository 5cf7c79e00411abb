"""A property's JSON Schema as a type in another language."""

from typing import Any

import msgspec


class Wording(msgspec.Struct, frozen=True, kw_only=True):
    """How a language names each type; `{}` stands for the type inside."""

    string: str
    integer: str
    number: str
    boolean: str
    null: str  # '' leaves it out
    array: str
    mapping: str
    money: str = "Money"
    item: str = "Item"


def type_text(schema: dict[str, Any], wording: Wording) -> str:
    """The type in the words of a language. Raises KeyError for a schema that no wording covers: extend `Wording` then."""
    if "anyOf" in schema:
        parts = [type_text(part, wording) for part in schema["anyOf"]]
        return " | ".join(part for part in parts if part)
    if "$ref" in schema:
        return {"Item": wording.item, "Money": wording.money}[schema["$ref"].rpartition("/")[2]]
    if schema["type"] == "array":
        return wording.array.format(type_text(schema["items"], wording))
    if schema["type"] == "object":
        return wording.mapping.format(type_text(schema["additionalProperties"], wording))
    names = {"string": wording.string, "integer": wording.integer, "number": wording.number}
    return {**names, "boolean": wording.boolean, "null": wording.null}[schema["type"]]


def type_name(event: str) -> str:
    """`add_to_cart` -> `AddToCart`."""
    return "".join(part.capitalize() for part in event.split("_"))
