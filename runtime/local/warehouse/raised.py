"""What chDB raises, told as ClickHouse tells it, also where its text quotes bytes that are no text."""

from collections.abc import Iterator
from contextlib import contextmanager

from chdb.state.sqlitelike import Connection

from runtime.local.warehouse.errors import EngineError

# The engine keeps the last message of each code, and whose it was: the statement's before this one, or nobody's, where a thread that reads
# rows has raised it. Of those only what is seconds old: an older one has been told to somebody else.
_UNREADABLE = """
    WITH toValidUTF8(last_error_message) AS text,
         (SELECT query_id FROM system.session_query_ids ORDER BY sequence_number DESC LIMIT 1 OFFSET 1) AS failed
    SELECT text LIKE 'Code: %' ? text : format('Code: {}. DB::Exception: {} ({}) (version {})', toString(code), text, name, version())
    FROM system.errors
    WHERE NOT isValidUTF8(last_error_message) AND (query_id = failed OR query_id = '' AND last_error_time >= now() - 10)
    ORDER BY query_id = failed DESC, last_error_time DESC LIMIT 1
"""
_UNKNOWN = "The engine's message is not text."


@contextmanager
def engine_errors(handle: Connection) -> Iterator[None]:
    """Turns what a statement on this handle raises into an EngineError."""
    try:
        yield
    except Exception as error:
        raise EngineError(_text(handle, error)) from error


def _text(handle: Connection, error: Exception) -> str:
    """No exception of Python holds a message that is not UTF-8: newer ones raise that, with the bytes; 3.11.2 (Debian 12) has none."""
    for raised in (error, error.__cause__):
        if isinstance(raised, UnicodeDecodeError):
            return raised.object.decode(errors="replace")
    text = str(error)
    return text if text and not text.endswith("failed: ") else _unreadable(handle)


def _unreadable(handle: Connection) -> str:
    try:
        return bytes(handle.query(_UNREADABLE, "RawBLOB").bytes()).decode() or _UNKNOWN
    except Exception:
        return _UNKNOWN
