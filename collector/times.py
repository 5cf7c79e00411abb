"""Times as clients write them, to epoch milliseconds UTC."""

from datetime import UTC, datetime
from functools import lru_cache

from collector.limits import EARLIEST_MS, LATEST_MS, TIME_MAX_CHARS

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_S = 86_400
_SECONDS_BELOW = 100_000_000_000  # as seconds the year 5138, as milliseconds the year 1973
_EPOCH_MIN_DIGITS = 9  # 20240131 is a date


def to_ms(value: str | int | float) -> int | None:
    """ISO 8601 (without a zone: UTC), or epoch seconds or milliseconds as a number or as text; None if it is no time."""
    at_ms = _from_text(value) if isinstance(value, str) else _from_number(value)
    return at_ms if at_ms is not None and EARLIEST_MS <= at_ms < LATEST_MS else None


# Of a time that a client says again and again: when it sent each of a batch's events.
said_ms = lru_cache(maxsize=1024)(to_ms)


def _from_number(value: int | float) -> int | None:
    if not abs(value) < LATEST_MS:  # a NaN is not below it either
        return None
    return round(value * 1000) if abs(value) < _SECONDS_BELOW else round(value)


def _from_text(text: str) -> int | None:
    if len(text) > TIME_MAX_CHARS:
        return None
    text = text.strip()
    if text[4:5] != "-" and len(text) >= _EPOCH_MIN_DIGITS and text.replace(".", "", 1).isdecimal():
        return _from_number(float(text)) if len(text) < 32 else None
    try:
        at = datetime.fromisoformat(text[:-4] if text[-4:] == " UTC" else text)
    except ValueError:
        return None
    passed = (at if at.tzinfo is not None else at.replace(tzinfo=UTC)) - _EPOCH
    return (passed.days * _DAY_S + passed.seconds) * 1000 + passed.microseconds // 1000
