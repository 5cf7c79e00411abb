"""Take one ClickHouse statement apart: its verb, its FORMAT clause, and where the inline data of an INSERT begins."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from runtime.local.warehouse.errors import WarehouseError

_TOKEN = re.compile(
    rb"""(?P<space>\s+|--[^\n]*|\#[ !][^\n]*|/\*.*?(?:\*/|\Z))
       |(?P<text>'[^'\\]*(?:(?:\\.|'')[^'\\]*)*'|\$(?P<tag>\w*)\$.*?\$(?P=tag)\$)
       |(?P<name>"[^"\\]*(?:(?:\\.|"")[^"\\]*)*"|`[^`\\]*(?:(?:\\.|``)[^`\\]*)*`)
       |(?P<word>[A-Za-z_][A-Za-z0-9_]*|[0-9][0-9A-Za-z_]*)
       |(?P<mark>.)""",
    re.DOTALL | re.VERBOSE,
)
_DATA_START = re.compile(rb"[ \t\f]*;?[ \t\f]*(?:\r?\n)?")
READING = frozenset(("SELECT", "WITH", "FROM", "SHOW", "DESCRIBE", "DESC", "EXISTS", "EXPLAIN", "CHECK", "("))
WRITING = frozenset(
    "INSERT CREATE ALTER DROP TRUNCATE RENAME OPTIMIZE ATTACH DETACH UPDATE DELETE EXCHANGE UNDROP GRANT REVOKE KILL SYSTEM"
    " MOVE BACKUP RESTORE".split()
)


@dataclass(frozen=True, slots=True)
class Token:
    kind: str
    value: bytes
    start: int
    end: int
    depth: int

    @property
    def word(self) -> str:
        return self.value.decode("ascii").upper() if self.kind == "word" else ""


@dataclass(frozen=True, slots=True)
class Statement:
    """`sql` runs as it is; where `data` is not None, it is an INSERT whose rows, in `format`, are `data` (and what else the body holds).

    `FROM INFILE` may stand at `source_at` of its `sql`: before its SETTINGS, if it has any.
    """

    verb: str
    sql: str
    format: str | None = None
    data: bytes | None = None
    has_totals: bool = False
    is_temporary: bool = False
    source_at: int = 0

    @property
    def reads(self) -> bool:
        return self.verb in READING

    @property
    def writes(self) -> bool:
        return self.verb in WRITING and not self.is_temporary


def tokens(source: bytes) -> Iterator[Token]:
    """The tokens of a statement without white space and comments, each with the depth of brackets it stands at."""
    depth = 0
    for found in _TOKEN.finditer(source):
        kind = found.lastgroup if found.lastgroup != "tag" else "text"
        if kind == "space" or kind is None:
            continue
        value = found.group()
        if kind == "mark" and value in b"'\"`":
            raise WarehouseError(62, "SYNTAX_ERROR", f"Syntax error: the quote at position {found.start() + 1} is never closed.")
        if value in b")]}" and kind == "mark":
            depth = max(0, depth - 1)
        yield Token(kind, value, found.start(), found.end(), depth)
        if value in b"([{" and kind == "mark":
            depth += 1


def parse(source: bytes) -> Statement:
    """Raises WarehouseError 62 for an empty text or several statements, 358 and 78 where a file of the server would be used."""
    walk = tokens(source)
    first = next(walk, None)
    if first is None:
        raise WarehouseError(62, "SYNTAX_ERROR", "Syntax error: failed at position 1 (end of query): . Empty query.")
    if first.word == "INSERT":
        return _parse_insert(source, walk)
    return _parse_other(source, first, walk)


def _parse_insert(source: bytes, walk: Iterator[Token]) -> Statement:
    before, settings_at = "", len(source)
    for token in walk:
        word = token.word if token.depth == 0 else ""
        is_name = before in ("INTO", "TABLE", ".") and word not in ("TABLE", "FUNCTION")
        before = token.value.decode("ascii", "replace").upper() if token.kind in ("word", "mark") else ""
        if is_name or not word:
            continue
        if word == "FORMAT" and (name := next(walk, None)) is not None and name.kind == "word":
            start = _DATA_START.match(source, name.end)
            end = start.end() if start else name.end
            return _with_data(source[: token.start], settings_at, name.value.decode(), source[end:])
        if word == "VALUES":
            return _with_data(source[: token.start], settings_at, "Values", source[token.end :])
        if word == "SETTINGS":
            settings_at = min(settings_at, token.start)
        if word in ("SELECT", "WITH", "WATCH"):
            return Statement("INSERT", _text(source))
        if word == "INFILE":
            raise WarehouseError(78, "UNKNOWN_TYPE_OF_QUERY", "Query has infile and was sent directly to the server.")
    return Statement("INSERT", _text(source))


def _with_data(sql: bytes, settings_at: int, form: str, data: bytes) -> Statement:
    return Statement("INSERT", _text(sql), form, data, source_at=len(_text(sql[:settings_at])))


def _parse_other(source: bytes, first: Token, walk: Iterator[Token]) -> Statement:
    form: str | None = None
    has_totals = ended = temporary = False
    previous = before_that = first
    for token in walk:
        if ended:
            raise WarehouseError(
                62, "SYNTAX_ERROR", f"Syntax error (Multi-statements are not allowed): failed at position {token.start + 1}."
            )
        ended = token.value == b";" and token.kind == "mark"
        if previous.word == "FORMAT" and previous.depth == 0 and token.kind == "word" and before_that.value != b".":
            form = token.value.decode()
        has_totals = has_totals or token.word in ("TOTALS", "EXTREMES")
        temporary = temporary or (token.word == "TEMPORARY" and previous is first)
        if previous.word == "INTO" and token.word == "OUTFILE":
            raise WarehouseError(358, "INTO_OUTFILE_NOT_ALLOWED", "INTO OUTFILE is not allowed.")
        before_that, previous = previous, token
    return Statement(first.word or first.value.decode("utf-8", "replace"), _text(source), form, None, has_totals, temporary)


def _text(source: bytes) -> str:
    try:
        return source.decode()
    except UnicodeDecodeError as error:
        raise WarehouseError(62, "SYNTAX_ERROR", f"Syntax error: the statement is not UTF-8 (byte {error.start}).") from None
