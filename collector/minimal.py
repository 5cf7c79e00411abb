"""Minimal mode: only the fields that the setting `fields_allowed` names are kept of an event, and what it cannot be without."""

from collections.abc import Iterable

import msgspec

from runtime.settings import SettingsError
from schemas.collected import Collected

PROPS = "props."
_NEEDED = frozenset({"event", "message_id", "write_key", "device_id", "user_id", "previous_id"})
_STAMPS = frozenset({"client_at_ms", "received_at_ms", "sent_at_ms", "source"})
_CONSENT = frozenset({"purposes", "version", "basis"})
_FIELDS = {field.name: field for field in msgspec.structs.fields(Collected)}
_MAY_GO = tuple(name for name in _FIELDS if name not in _NEEDED | _STAMPS | {"props"})


def allowed(names: Iterable[str]) -> frozenset[str]:
    """The setting as a set. SettingsError for a name that no event has."""
    found = frozenset(names)
    for name in sorted(found):
        if name not in _FIELDS and not (name.startswith(PROPS) and len(name) > len(PROPS)):
            raise SettingsError(f"fields_allowed: {name!r} is no field of an event; own properties are {PROPS}<name>, or props")
    return found


def strip(event: Collected, names: frozenset[str]) -> int:
    """Empty what is not allowed; how many fields that were."""
    dropped = 0
    for name in _MAY_GO:
        if name not in names:
            default = _default_of(name)
            if getattr(event, name) != default:
                setattr(event, name, default)
                dropped += 1
    if event.props and "props" not in names:
        kept = {name: value for name, value in event.props.items() if _may_stay(event.event, name, names)}
        dropped += len(event.props) - len(kept)
        event.props = kept
    return dropped


def _may_stay(event: str, name: str, names: frozenset[str]) -> bool:
    return PROPS + name in names or (event == "consent" and name in _CONSENT)


def _default_of(name: str) -> object:
    return _FIELDS[name].default
