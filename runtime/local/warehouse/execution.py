"""Run one parsed request on one handle. Blocking: called in a worker thread."""

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO

from chdb.state.sqlitelike import Connection, StreamingResult

from runtime.analyst import Limits
from runtime.local.warehouse import reader
from runtime.local.warehouse.engine import quote, quote_name
from runtime.local.warehouse.errors import EngineError, WarehouseError
from runtime.local.warehouse.raised import engine_errors
from runtime.local.warehouse.request import External, Request
from runtime.local.warehouse.statement import Statement

STREAMED_FORMATS = frozenset(
    "TABSEPARATED TSV TABSEPARATEDRAW TSVRAW RAW JSONEACHROW JSONLINES NDJSON JSONCOMPACTEACHROW JSONSTRINGSEACHROW"
    " CSV ROWBINARY NATIVE".split()
)
HEAD_BYTES = 1 << 20


@dataclass(slots=True)
class Stats:
    """What X-ClickHouse-Summary tells, as far as it is known when the headers are sent."""

    read_rows: int = 0
    read_bytes: int = 0
    written_rows: int = 0
    written_bytes: int = 0
    result_rows: int = 0
    result_bytes: int = 0
    elapsed_s: float = 0.0


@dataclass(slots=True)
class Answer:
    """`rest` gives the pieces that did not fit into `head`; None when head is all."""

    format: str
    head: bytes = b""
    stats: Stats = field(default_factory=Stats)
    rest: StreamingResult | None = None


def prepare(handle: Connection, request: Request, statement: Statement, limits: Limits | None) -> None:
    """Everything the statement finds around itself: settings, database, the tables that came with it."""
    settings, refused = {"log_comment": request.query_id} | request.settings, dict[str, str]()
    if limits is not None:
        settings, refused = reader.split(settings, limits)
    _set(handle, settings)
    if statement.data is not None:
        for name, value in request.parameters.items():
            _command(handle, f"SET param_{name} = {quote(value)}")
    if request.database:
        _command(handle, f"USE {quote_name(request.database)}")
    for table in request.external:
        _load(handle, table)
    if limits is not None:
        _set(handle, {"readonly": "1"})
        _set(handle, refused)
    elif request.read_only and request.session is None:
        _command(handle, "SET readonly = 2")


def execute(handle: Connection, request: Request, statement: Statement) -> Answer:
    if statement.data is not None:
        return _insert(handle, statement, (statement.data, request.body if request.query else b""))
    form = statement.format or request.default_format or "TabSeparated"
    if statement.reads and form.upper() in STREAMED_FORMATS and not statement.has_totals:
        answer = _stream(handle, statement.sql, form, request.parameters, None if request.wait_end_of_query else HEAD_BYTES)
        if answer is not None:
            return answer
    return _query(handle, statement.sql, form, request.parameters)


def fetch(handle: Connection, rest: StreamingResult, stats: Stats) -> bytes | None:
    """The next piece of an answer, None after the last."""
    with engine_errors(handle):
        piece = rest.fetch()  # type: ignore[no-untyped-call]
    if piece is None:
        return None
    stats.result_rows += piece.rows_read()
    stats.read_rows = max(stats.read_rows, piece.storage_rows_read())
    stats.read_bytes = max(stats.read_bytes, piece.storage_bytes_read())
    stats.elapsed_s = max(stats.elapsed_s, piece.elapsed())
    content = bytes(piece.bytes())
    stats.result_bytes += len(content)
    return content


def _command(handle: Connection, sql: str) -> None:
    with engine_errors(handle):
        handle.query(sql, "TabSeparated")


def _set(handle: Connection, settings: Mapping[str, str]) -> None:
    if settings:
        _command(handle, "SET " + ", ".join(f"{name} = {quote(value)}" for name, value in settings.items()))


def _load(handle: Connection, table: External) -> None:
    name = quote_name(table.name)
    _command(handle, f"DROP TEMPORARY TABLE IF EXISTS {name}")
    _command(handle, f"CREATE TEMPORARY TABLE {name} ({table.structure}) ENGINE = Memory")
    sql = f"INSERT INTO {name}"
    _insert(handle, Statement("INSERT", sql, table.format, b"", source_at=len(sql)), (table.content,))


def _insert(handle: Connection, statement: Statement, pieces: tuple[bytes, ...]) -> Answer:
    """From a file in memory. chDB's `send_insert` needs none, but is silent about a materialised view that fails: rows were lost."""
    at = statement.source_at
    with _file(pieces) as path:
        sql = f"{statement.sql[:at]}\nFROM INFILE {quote(path)} {statement.sql[at:]}\nFORMAT {statement.format}"
        with engine_errors(handle):
            done = handle.query(sql, "TabSeparated")
    rows, size = done.rows_written(), done.bytes_written()
    return Answer(
        "TabSeparated",
        stats=Stats(read_rows=rows, read_bytes=size, written_rows=rows, written_bytes=size, result_rows=rows, elapsed_s=done.elapsed()),
    )


@contextmanager
def _file(pieces: tuple[bytes, ...]) -> Iterator[str]:
    """A path under which these bytes can be read: of memory where the system can do that, else of a file that goes afterwards."""
    if hasattr(os, "memfd_create"):
        with open(os.memfd_create("insert"), "wb", buffering=0) as out:
            _write(out, pieces)
            yield f"/proc/self/fd/{out.fileno()}"
    else:
        with tempfile.NamedTemporaryFile(buffering=0) as out:
            _write(out, pieces)
            yield out.name


def _write(out: IO[bytes], pieces: tuple[bytes, ...]) -> None:
    for piece in pieces:
        left = memoryview(piece)
        while left:
            left = left[out.write(left) :]


def _stream(handle: Connection, sql: str, form: str, parameters: Mapping[str, str], head_bytes: int | None) -> Answer | None:
    """None where chDB cannot stream this statement; it has not run then."""
    try:
        with engine_errors(handle):
            rest = handle.send_query(sql, form, params=dict(parameters))
    except EngineError as error:
        if "Streaming query is not supported" in str(error):
            return None
        raise
    answer = Answer(form)
    head = []
    while head_bytes is None or answer.stats.result_bytes < head_bytes:
        piece = fetch(handle, rest, answer.stats)
        if piece is None:
            break
        head.append(piece)
    else:
        answer.rest = rest
    answer.head = b"".join(head)
    return answer


def _query(handle: Connection, sql: str, form: str, parameters: Mapping[str, str]) -> Answer:
    with engine_errors(handle):
        result = handle.query(sql, form, params=dict(parameters))
    if result.has_error():
        raise WarehouseError(1002, "UNKNOWN_EXCEPTION", str(result.error_message()))
    content = bytes(result.bytes() or b"")
    stats = Stats(
        read_rows=result.storage_rows_read(),
        read_bytes=result.storage_bytes_read(),
        written_rows=result.rows_written(),
        written_bytes=result.bytes_written(),
        result_rows=result.rows_read() or result.rows_written(),
        result_bytes=len(content),
        elapsed_s=result.elapsed(),
    )
    return Answer(form, content, stats)
