"""Examples of every event, right and wrong, as messages of Segment's HTTP API; and a line of every topic in topics/."""

from pathlib import Path
from typing import Any

import msgspec

FOLDER = Path(__file__).parent


class Valid(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A message that is taken."""

    about: str
    message: dict[str, Any]


class Invalid(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A message that the catalogue rejects with `field` in the error.

    `beyond_json_schema` says what JSON Schema cannot tell, if it cannot; `collector` what the collector makes of it, where it takes
    the event nevertheless.
    """

    about: str
    field: str
    message: dict[str, Any]
    beyond_json_schema: str = ""
    collector: str = ""


class Examples(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The file `<event>.json`."""

    event: str
    valid: list[Valid]
    invalid: list[Invalid]


def load_examples(event: str) -> Examples:
    """The examples of an event. Raises FileNotFoundError where it has none: write them, every event needs some."""
    return msgspec.json.decode((FOLDER / f"{event}.json").read_bytes(), type=Examples)


def load_line(name: str) -> bytes:
    """The golden line of a topic, as JSON laid out for people."""
    return (FOLDER / "topics" / f"{name}.json").read_bytes()
