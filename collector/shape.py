"""How deep an event is nested and how many keys it has: few bytes can be many of either, and each costs all the way to the end."""

from typing import Any

from collector.call import Call
from collector.limits import DEPTH_MAX, KEY_MAX_CHARS, KEYS_MAX
from collector.rejection import Rejection
from schemas.reasons import RejectReason

_SMALL = KEYS_MAX * len(b'"":0,')  # bytes that hold no more keys than that
_FIELDS = ("properties", "traits", "context")


def check(call: Call, raw: bytes | None) -> Rejection | None:
    """Which limit the call is beyond.

    The bytes of the event answer for nearly all: no more brackets or colons than the limits allow. `raw` is None where the values are
    not in the bytes as they stand.
    """
    if call.properties and max(map(len, call.properties)) > KEY_MAX_CHARS:
        return _long_key("properties")
    if call.traits and max(map(len, call.traits)) > KEY_MAX_CHARS:
        return _long_key("traits")
    if raw is not None and len(raw) - len(raw.translate(None, b"{[")) <= DEPTH_MAX and (len(raw) <= _SMALL or raw.count(b":") <= KEYS_MAX):
        return None
    for field in _FIELDS:
        depth, keys = measured(getattr(call, field))
        if depth > DEPTH_MAX:
            return Rejection(RejectReason.TOO_COMPLEX, f"{field}: nested deeper than {DEPTH_MAX} levels", field)
        if keys > KEYS_MAX:
            return Rejection(RejectReason.TOO_COMPLEX, f"{field}: {keys} keys; the limit is {KEYS_MAX}", field)
    return None


def _long_key(field: str) -> Rejection:
    return Rejection(RejectReason.TOO_COMPLEX, f"{field}: a key has more than {KEY_MAX_CHARS} characters", field)


def measured(value: Any) -> tuple[int, int]:
    """(levels of objects and lists, keys of all objects together). Looks no further than one level below the limit."""
    depth, keys = 0, 0
    level = [value] if isinstance(value, (dict, list)) else []
    while level and depth <= DEPTH_MAX:
        depth += 1
        below: list[Any] = []
        for each in level:
            if isinstance(each, dict):
                keys += len(each)
                below += [inner for inner in each.values() if isinstance(inner, (dict, list))]
            else:
                below += [inner for inner in each if isinstance(inner, (dict, list))]
        level = below
    return depth, keys
