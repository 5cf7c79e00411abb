"""Give a session its own settings and database back after a request that brought others."""

from dataclasses import dataclass

from chdb.state.sqlitelike import Connection

from runtime.local.warehouse.engine import quote, quote_name
from runtime.local.warehouse.request import Request


@dataclass(frozen=True, slots=True)
class Memory:
    """What a session had before the request: its own values of the settings the request brings, and its database."""

    settings: dict[str, str]
    database: str


def remember(handle: Connection, names: list[str]) -> Memory:
    listed = ", ".join(quote(name) for name in names)
    rows = _rows(handle, f"SELECT name, hex(value) FROM system.settings WHERE changed AND name IN ({listed})")
    return Memory({name: bytes.fromhex(value).decode() for name, value in rows}, _rows(handle, "SELECT currentDatabase()")[0][0])


def give_back(handle: Connection, memory: Memory, request: Request, verb: str) -> None:
    """What the statement itself changed (by SET or USE) stays."""
    statements = [f"DROP TEMPORARY TABLE IF EXISTS {quote_name(table.name)}" for table in request.external]
    if verb != "SET":
        statements += [f"SET {name} = {_value(memory, name)}" for name in ("log_comment", *request.settings)]
    if request.database and verb != "USE":
        statements.append(f"USE {quote_name(memory.database)}")
    for sql in statements:
        try:
            handle.query(sql, "TabSeparated")
        except RuntimeError:  # an unknown setting was refused on its way in: nothing to give back
            continue


def _value(memory: Memory, name: str) -> str:
    return quote(memory.settings[name]) if name in memory.settings else "DEFAULT"


def _rows(handle: Connection, sql: str) -> list[list[str]]:
    return [line.split("\t") for line in bytes(handle.query(sql, "TabSeparated").bytes() or b"").decode().splitlines()]
