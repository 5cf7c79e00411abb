"""JSON as bytes: with orjson where it is installed, else with the standard library; both write the same things."""

from __future__ import annotations

import importlib
import json
import math
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Any, Callable, Union
from uuid import UUID

Time = Union[datetime, int]


def _plain(value: Any) -> Any:
    """What JSON has no word for: money keeps every digit as text."""
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, (Decimal, UUID, date)):
        return str(value)
    if isinstance(value, (set, frozenset)):
        return list(value)
    raise TypeError(f"cartwake cannot send a {type(value).__name__}")


def _finite(value: Any) -> Any:
    """The same with null for numbers that JSON does not have."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, (list, tuple)) else value


def _standard(value: Any) -> bytes:
    try:
        return json.dumps(value, default=_plain, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
    except ValueError:
        return json.dumps(_finite(value), default=_plain, separators=(",", ":"), allow_nan=False).encode()


def _fast() -> Callable[[Any], bytes]:
    try:
        orjson: Any = importlib.import_module("orjson")
    except ImportError:
        return _standard

    def dumps(value: Any) -> bytes:
        try:
            return bytes(orjson.dumps(value, default=_plain, option=orjson.OPT_PASSTHROUGH_DATETIME))
        except TypeError:  # an integer beyond 64 bits, or a key that is no text
            return _standard(value)

    return dumps


dumps = _fast()


def iso(at: Time) -> str:
    """A time as text in UTC. A number is epoch milliseconds; a datetime has to say its zone."""
    if not isinstance(at, datetime):
        at = datetime.fromtimestamp(at / 1000, timezone.utc)
    if at.tzinfo is None:
        raise ValueError("timestamp: a datetime without a time zone could mean any hour; give it one, e.g. datetime.now(timezone.utc)")
    return at.astimezone(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
