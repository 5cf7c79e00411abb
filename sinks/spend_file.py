"""Reads what was paid for advertising from a CSV file. A line that is wrong is told with its number and column; nothing is repaired."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

# Each column with the names it may have; those of the first four must be there.
COLUMNS = {
    "day": ("day", "date"),
    "channel": ("channel",),
    "cost": ("cost", "spend"),
    "currency": ("currency",),
    "campaign_source": ("campaign_source", "utm_source", "source"),
    "campaign_medium": ("campaign_medium", "utm_medium", "medium"),
    "campaign_name": ("campaign_name", "utm_campaign", "campaign"),
    "clicks": ("clicks",),
    "impressions": ("impressions",),
}
NEEDED = ("day", "channel", "cost", "currency")
CHANNELS = ("search", "social", "email", "ads", "referral", "offline", "direct")  # as events have them
MOST_COST = Decimal(10) ** 14
MOST_PLACES, MOST_TEXT, MOST_COUNT = 4, 512, 2**63


class SpendFileError(ValueError):
    """The file as a whole cannot be read. Show the message and stop: nothing was imported."""


class Key(NamedTuple):
    """What a row is paid for."""

    day: date
    channel: str
    campaign_source: str
    campaign_medium: str
    campaign_name: str
    currency: str


@dataclass(slots=True)
class Paid:
    """Sums of all lines of one key; `cost` in the key's currency."""

    cost: Decimal = Decimal(0)
    clicks: int = 0
    impressions: int = 0


class Reject(NamedTuple):
    """A line that was not taken. `line` counts from 1, the header being the first."""

    line: int
    column: str
    message: str


@dataclass
class SpendFile:
    """What a file holds. `lines`: those read, without header and empty ones."""

    rows: dict[Key, Paid] = field(default_factory=dict)
    rejects: list[Reject] = field(default_factory=list)
    lines: int = 0

    @property
    def added_up(self) -> int:
        """Good lines that were added to another one of the same day, campaign and currency."""
        return self.lines - len(self.rejects) - len(self.rows)


class _Wrong(ValueError):
    def __init__(self, column: str, message: str) -> None:
        super().__init__(message)
        self.column = column


def read_spend(lines: Iterable[str], seen: Callable[[int], None] = lambda _: None) -> SpendFile:
    """All lines, the first being the header. `seen(n)` after each: how many were read. Raises SpendFileError."""
    found = SpendFile()
    reader = csv.reader(lines, strict=True)
    try:
        header = next(reader, [])
        columns = _columns(header)
        for line, cells in _cells(reader):
            found.lines += 1
            try:
                _take(found, columns, len(header), cells)
            except _Wrong as wrong:
                found.rejects.append(Reject(line, wrong.column, str(wrong)))
            seen(found.lines)
    except csv.Error as error:
        raise SpendFileError(f"line {reader.line_num}: {error}") from error
    except UnicodeDecodeError as error:
        raise SpendFileError(f"after line {reader.line_num}: not UTF-8") from error
    return found


def _cells(reader: Iterator[list[str]]) -> Iterator[tuple[int, list[str]]]:
    for cells in reader:
        if any(cells):
            yield reader.line_num, [cell.strip() for cell in cells]  # type: ignore[attr-defined]


def _columns(header: list[str]) -> dict[str, int]:
    """Where each column stands."""
    places = {name.strip().lower().replace(" ", "_"): place for place, name in enumerate(header)}
    found = {column: places[name] for column, names in COLUMNS.items() for name in reversed(names) if name in places}
    missing = [column for column in NEEDED if column not in found]
    if missing:
        raise SpendFileError(f"line 1: no column {', '.join(missing)}; it may have {', '.join(COLUMNS)}")
    return found


def _take(found: SpendFile, columns: dict[str, int], width: int, cells: list[str]) -> None:
    if len(cells) != width:
        raise _Wrong("", f"{len(cells)} cells; the header has {width}")
    row = {column: cells[place] for column, place in columns.items()}
    source, medium, name = (_text(row, column) for column in ("campaign_source", "campaign_medium", "campaign_name"))
    key = Key(_day(row), _channel(row), source, medium, name, _currency(row))
    cost, clicks, impressions = _cost(row), _count(row, "clicks"), _count(row, "impressions")
    paid = found.rows.setdefault(key, Paid())
    paid.cost, paid.clicks, paid.impressions = paid.cost + cost, paid.clicks + clicks, paid.impressions + impressions


def _day(row: dict[str, str]) -> date:
    try:
        found = date.fromisoformat(row["day"])
    except ValueError as error:
        raise _Wrong("day", f"{row['day']!r} is no day like 2026-01-31") from error
    if not 1970 <= found.year < 2149:
        raise _Wrong("day", f"{row['day']!r} is not between 1970 and 2148")
    return found


def _channel(row: dict[str, str]) -> str:
    channel = row["channel"].lower()
    if channel not in CHANNELS:
        raise _Wrong("channel", f"{row['channel']!r} is none of {', '.join(CHANNELS)}")
    return channel


def _currency(row: dict[str, str]) -> str:
    code = row["currency"].upper()
    if len(code) != 3 or not code.isascii() or not code.isalpha():
        raise _Wrong("currency", f"{row['currency']!r} is no ISO 4217 code like EUR")
    return code


def _cost(row: dict[str, str]) -> Decimal:
    text = row["cost"]
    try:
        cost = Decimal(text)
    except InvalidOperation as error:
        raise _Wrong("cost", f"{text!r} is no amount like 1234.50") from error
    if not cost.is_finite() or not 0 <= cost < MOST_COST:
        raise _Wrong("cost", f"{text!r} is not an amount from 0 to under {MOST_COST:f}")
    exponent = cost.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -MOST_PLACES:
        raise _Wrong("cost", f"{text!r} has more than {MOST_PLACES} decimal places")
    return cost


def _count(row: dict[str, str], column: str) -> int:
    text = row.get(column) or "0"
    if not text.isascii() or not text.isdigit() or int(text) >= MOST_COUNT:
        raise _Wrong(column, f"{text!r} is no whole number from 0 on")
    return int(text)


def _text(row: dict[str, str], column: str) -> str:
    text = row.get(column, "")
    if len(text) > MOST_TEXT:
        raise _Wrong(column, f"longer than {MOST_TEXT} characters")
    return text
