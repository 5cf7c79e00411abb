"""Plain or gzip files as records of cells, with the bytes each record came from.

A quoted cell may hold line breaks, so a record may be several lines; a quote that is never closed costs its own line, not the rest of
the file.
"""

from __future__ import annotations

import csv
import gzip
import zlib
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, cast

import msgspec

GZIP_MAGIC = b"\x1f\x8b"
BOM = b"\xef\xbb\xbf"
MAX_RECORD_LINES = 100
MAX_RECORD_BYTES = 65_536


class InputError(Exception):
    """The file cannot be read, or is not what it is said to be. Show the message and stop: nothing was sent."""


class Record(msgspec.Struct, frozen=True, gc=False):
    """A row as it stands in the file; with an `error` its cells mean nothing."""

    cells: list[str]
    raw: bytes
    error: str = ""


def records(path: Path, delimiter: str = ",", quoted: bool = True) -> Iterator[Record]:
    """All records of a file."""
    return split(_lines(path), delimiter, quoted)


def split(lines: Iterable[bytes], delimiter: str = ",", quoted: bool = True) -> Iterator[Record]:
    """Lines (each with its line end) as records."""
    source, waiting = iter(lines), deque[bytes]()
    while line := (waiting.popleft() if waiting else next(source, b"")):
        record = parse(line, delimiter, quoted)
        if record is None:
            record = _continued(line, source, waiting, delimiter)
        yield record


def parse(raw: bytes, delimiter: str, quoted: bool) -> Record | None:
    """One record, or None when a quote in it is still open."""
    try:
        text = raw.decode().rstrip("\r\n")
    except UnicodeDecodeError as error:
        return Record([], raw, f"not UTF-8 (byte {error.start + 1} of the row)")
    if not quoted or '"' not in text:
        return Record(text.split(delimiter), raw)
    try:
        return Record(next(csv.reader([text], delimiter=delimiter, strict=True)), raw)
    except csv.Error as error:
        return None if "unexpected end" in str(error) else Record([], raw, f"not CSV: {error}")


def _continued(first: bytes, source: Iterator[bytes], waiting: deque[bytes], delimiter: str) -> Record:
    """The record that goes on over the next lines; where it never closes, those lines go back to be read for themselves."""
    taken: list[bytes] = []
    raw = first
    while len(taken) < MAX_RECORD_LINES and len(raw) < MAX_RECORD_BYTES:
        line = waiting.popleft() if waiting else next(source, b"")
        if not line:
            break
        taken.append(line)
        raw += line
        record = parse(raw, delimiter, True)
        if record is not None and not record.error:
            return record
    waiting.extendleft(reversed(taken))
    return Record([], first, "not CSV: a quote is never closed")


def _lines(path: Path) -> Iterator[bytes]:
    try:
        with _open(path) as source:
            for number, line in enumerate(source):
                yield line.removeprefix(BOM) if number == 0 else line
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"cannot read {path}: {reason}") from error


def _open(path: Path) -> BinaryIO:
    with path.open("rb") as probe:
        packed = probe.read(2) == GZIP_MAGIC
    return cast("BinaryIO", gzip.open(path, "rb") if packed else path.open("rb"))
