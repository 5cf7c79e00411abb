"""Times as logs write them, to epoch milliseconds UTC and back."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

EARLIEST_MS, LATEST_MS = (
    315_532_800_000,
    4_102_444_800_000,
)  # 1980 and 2100: another time is a mistake of the log, and for the collector too


def checked(at_ms: int) -> int:
    """The same time, or ValueError when it is before 1980 or after 2100."""
    if not EARLIEST_MS <= at_ms < LATEST_MS:
        raise ValueError("not between 1980 and 2100")
    return at_ms


def ms_of(at: datetime, zone: ZoneInfo) -> int:
    """A time without a zone is local to `zone`; where a clock change makes it stand for two moments it is the first."""
    aware = at if at.tzinfo else at.replace(tzinfo=zone)
    return checked(round(aware.timestamp() * 1000))


def iso_of(at_ms: int) -> str:
    """ISO 8601 with milliseconds, in UTC."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def time_of(text: str, form: str, zone: ZoneInfo) -> int:
    """`form` is `iso`, `s` or `ms` (since 1970), or a format of strptime."""
    if form in ("s", "ms"):
        return checked(round(float(text) * (1000 if form == "s" else 1)))
    return ms_of(datetime.fromisoformat(text) if form == "iso" else datetime.strptime(text, form), zone)
