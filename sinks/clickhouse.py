"""ClickHouse over HTTP: statements, and inserts of bytes as they are."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from types import TracebackType

import aiohttp

from runtime.settings import Settings

TIMEOUT_S = 120.0
NO_CODE = 0
PIECE_BYTES = 256 << 10

# Codes of ClickHouse's src/Common/ErrorCodes.cpp that speak of the data in an insert, not of the table or the server.
INPUT_CODES = frozenset(
    {6, 25, 26, 27, 33, 34, 38, 41, 53, 69, 70, 72, 117, 130, 131, 190, 306, 321, 349, 407, 441, 457, 467, 636, 675, 676}
)
INPUT_MARKS = ("(at row ", "while reading the value of key", "RowInputFormat", "ParsingBlockInputFormat")


class WarehouseAway(Exception):
    """No answer, or one that says nothing about the statement. It may have been done: repeat it, with its token."""


class WarehouseError(Exception):
    """The server refused the statement. Repeating helps only if someone mends the table or the server."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class BadInput(WarehouseError):
    """A row of the insert cannot be read as the table's columns. Nothing was written; find the row and leave it out."""


def refusal(code: int, message: str) -> WarehouseError:
    """The exception for a refused statement."""
    is_input = code in INPUT_CODES and any(mark in message for mark in INPUT_MARKS)
    return (BadInput if is_input else WarehouseError)(code, message)


class ClickHouse:
    """One database. Use as `async with`."""

    def __init__(self, host: str, port: int, database: str, user: str = "default", password: str = "") -> None:
        self._url = f"http://{host}:{port}/"
        self._database = database
        self._headers = {"X-ClickHouse-User": user, "X-ClickHouse-Key": password}
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> ClickHouse:
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_S), headers=self._headers)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._session:
            await self._session.close()

    async def execute(self, sql: str, params: Mapping[str, str] | None = None, database: str | None = None) -> bytes:
        """Run one statement; the answer's bytes. `params` fill `{name:Type}`."""
        query = {f"param_{name}": value for name, value in (params or {}).items()}
        return await self._post({**query, "database": self._database if database is None else database}, sql.encode())

    async def insert(self, into: str, columns: Sequence[str], lines: bytes | Sequence[bytes], settings: Mapping[str, str]) -> None:
        """Insert NDJSON as it is, in one piece or in several, which are not copied into one. `into` is a table, or `FUNCTION ...`."""
        names = ", ".join(f"`{name}`" for name in columns)
        sql = f"INSERT INTO {into} ({names}) FORMAT JSONEachRow"
        body = lines if isinstance(lines, bytes) else lines[0] if len(lines) == 1 else _pieces(lines)
        await self._post({"query": sql, "database": self._database, **settings}, body)

    async def _post(self, query: dict[str, str], body: bytes | AsyncIterator[bytes]) -> bytes:
        assert self._session is not None, "use `async with`"
        try:
            async with self._session.post(self._url, params=query, data=body) as response:
                answer = await response.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise WarehouseAway(f"{self._url}: {error or type(error).__name__}") from error
        if response.status == 200:
            return answer
        code, text = int(response.headers.get("X-ClickHouse-Exception-Code", NO_CODE)), answer.decode(errors="replace").strip()
        if code == NO_CODE:
            raise WarehouseAway(f"{self._url}: HTTP {response.status}: {text[:500]}")
        raise refusal(code, text)


async def _pieces(parts: Sequence[bytes]) -> AsyncIterator[bytes]:
    """NDJSON in pieces of some size: a whole range at once would be in memory three times, here, joined, and in the socket's buffer."""
    held: list[bytes] = []
    size = 0
    for part in parts:
        held.append(part)
        size += len(part) + 1
        if size >= PIECE_BYTES:
            yield b"\n".join((*held, b""))
            held, size = [], 0
    if held:
        yield b"\n".join((*held, b""))


def connect(settings: Settings) -> ClickHouse:
    """The configured warehouse."""
    who = (settings.warehouse_user, settings.warehouse_password)
    return ClickHouse(settings.warehouse_host, settings.warehouse_port, settings.warehouse_database, *who)
