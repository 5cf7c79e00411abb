"""Why one event was not taken; the others of its batch are."""

import re
from typing import NamedTuple

import msgspec

from schemas.reasons import RejectReason

_PATH = re.compile(r" - at `\$\.?(.*?)`$")
_MISSING = re.compile(r"missing required field `(\w+)`")
_NAMED = re.compile(r"^(\w+): (.*)$", re.DOTALL)
_NEEDED = "this event needs it"


class Rejection(NamedTuple):
    """The answer of a step that cannot go on; `field` as the catalogue spells it, '' where it is the whole event."""

    code: RejectReason
    message: str
    field: str = ""


def from_validation(error: msgspec.ValidationError) -> Rejection:
    """What msgspec found wrong, with the field's path: `items[0].price`."""
    text = str(error)
    at = _PATH.search(text)
    path = at[1].replace("[...]", "") if at else ""
    text = text[: at.start()] if at else text
    if missing := _MISSING.search(text):
        field = _join(path, missing[1])
        return Rejection(RejectReason.MISSING_FIELD, f"{field}: this event needs it", field)
    if named := _NAMED.match(text):
        field = _join(path, named[1])
        code = RejectReason.MISSING_FIELD if _NEEDED in named[2] else RejectReason.INVALID_FIELD
        return Rejection(code, f"{field}: {named[2]}", field)
    if not path and text.startswith("Expected `object`"):
        return Rejection(RejectReason.NOT_AN_OBJECT, "The event is no JSON object.")
    return Rejection(RejectReason.INVALID_FIELD, f"{path}: {text}" if path else text, path)


def missing(field: str) -> Rejection:
    return Rejection(RejectReason.MISSING_FIELD, f"{field}: this event needs it", field)


def invalid(field: str, why: str) -> Rejection:
    return Rejection(RejectReason.INVALID_FIELD, f"{field}: {why}", field)


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
