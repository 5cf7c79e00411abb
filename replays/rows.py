"""What a row becomes (`Ready` or `Reject`), and the one loop that all formats share.

A format is a `Format`: its columns and a function from a row's cells to a `Draft`. That function raises `RowError` for what it cannot
read; what only the collector can judge (identity, lengths, an event's needs) is left to the collector.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any

import msgspec

from replays.files import MAX_RECORD_BYTES, InputError, Record, records
from replays.times import iso_of
from schemas.reasons import RejectReason

Cells = Mapping[str, str]


class RowError(ValueError):
    """A row cannot be read. Turn it into a `Reject` and go on with the next one."""

    def __init__(self, field: str, message: str, code: RejectReason = RejectReason.INVALID_FIELD) -> None:
        super().__init__(message)
        self.field, self.code = field, code


class Draft(msgspec.Struct, kw_only=True):
    """One event as a format reads it. An empty `message_id` means: the hash of the row."""

    event: str
    at_ms: int
    user_id: str = ""
    device_id: str = ""
    message_id: str = ""
    properties: dict[str, Any] = {}


class Ready(msgspec.Struct, frozen=True, gc=False):
    """A message that can be sent: its time, its row (from 1, the header not counted), the key that its order is kept by, and its JSON."""

    at_ms: int
    row: int
    key: str
    body: bytes


class Reject(msgspec.Struct, frozen=True):
    """A row that no message could be made of."""

    row: int
    code: str
    field: str
    message: str
    raw: bytes


class Format(msgspec.Struct, frozen=True, kw_only=True):
    """How a kind of file is read. With `header` the file names its columns, and `columns` are those it must have.

    Without, a row may have more columns than `columns` where it is `open_ended`; they are called by their number.
    """

    name: str
    columns: tuple[str, ...]
    read: Callable[[Cells], Draft]
    header: bool = True
    delimiter: str = ","
    quoted: bool = True
    open_ended: bool = False


_ENCODER = msgspec.json.Encoder(decimal_format="number")


def read_file(path: Path, spec: Format) -> Iterator[Ready | Reject]:
    """One outcome for each row of the file, in the file's order. Raises `InputError` when it is not such a file."""
    found = records(path, spec.delimiter, spec.quoted)
    columns = _header(path, spec, next(found, None)) if spec.header else spec.columns
    for row, record in enumerate(found, start=1):
        yield outcome(row, record, columns, spec)


def outcome(row: int, record: Record, columns: tuple[str, ...], spec: Format) -> Ready | Reject:
    """What becomes of one row."""
    try:
        draft = spec.read(_cells(row, record, columns, spec.open_ended))
        return _ready(row, draft, draft.message_id or f"{spec.name}-{_digest(record.cells)}")
    except RowError as error:
        return Reject(row, error.code.value, error.field, str(error), record.raw)


def need(cells: Cells, name: str) -> str:
    """The cell's text, or RowError when it is empty."""
    text = cells[name]
    if not text:
        raise RowError(name, f"{name} is empty", RejectReason.MISSING_FIELD)
    return text


def column_name(number: int) -> str:
    """What a column without a name is called."""
    return f"column_{number}"


def _header(path: Path, spec: Format, record: Record | None) -> tuple[str, ...]:
    columns = tuple(name.strip() for name in record.cells) if record else ()
    missing = [name for name in spec.columns if name not in columns]
    if missing or not columns:
        raise InputError(f"{path}: not a {spec.name} file: its first line names no column {', '.join(missing) or 'at all'}")
    return columns


def _cells(row: int, record: Record, columns: tuple[str, ...], open_ended: bool) -> Cells:
    have, want = len(record.cells), len(columns)
    if record.error:
        raise RowError("", f"row {row}: {record.error}")
    if len(record.raw) > MAX_RECORD_BYTES:
        raise RowError("", f"row {row} has {len(record.raw)} bytes, more than {MAX_RECORD_BYTES}", RejectReason.TOO_LARGE)
    if have < want:
        raise RowError(columns[have], f"row {row} has {have} of {want} columns", RejectReason.MISSING_FIELD)
    if have > want and open_ended:
        columns += tuple(map(column_name, range(want + 1, have + 1)))
    elif have > want:
        raise RowError("", f"row {row} has {have} columns, not {want}")
    return dict(zip(columns, record.cells, strict=True))


def _digest(cells: list[str]) -> str:
    return blake2b("\x1f".join(cells).encode(), digest_size=16).hexdigest()


def _ready(row: int, draft: Draft, message_id: str) -> Ready:
    message: dict[str, Any] = {"type": "track", "event": draft.event, "messageId": message_id, "timestamp": iso_of(draft.at_ms)}
    if draft.user_id:
        message["userId"] = draft.user_id
    if draft.device_id:
        message["anonymousId"] = draft.device_id
    message["properties"] = draft.properties
    return Ready(draft.at_ms, row, draft.device_id or draft.user_id, _ENCODER.encode(message))
