"""Asks the warehouse, for the command line's summaries. Blocking: inside a loop, call it in a thread."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from runtime.settings import Settings


def query(settings: Settings, sql: str, parameters: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
    """The rows of a SELECT; `{name:Type}` in it is filled from `parameters`."""
    rows: list[tuple[Any, ...]] = [tuple(row) for row in _of(settings).query(sql, parameters=dict(parameters or {})).result_rows]
    return rows


def stream(settings: Settings, sql: str, parameters: Mapping[str, Any] | None = None) -> Iterator[tuple[Any, ...]]:
    """The same rows block by block, for answers that are better not held whole. The connection is free once the last was taken."""
    with _of(settings).query_rows_stream(sql, parameters=dict(parameters or {})) as rows:
        for row in rows:
            yield tuple(row)


def raw(settings: Settings, sql: str, parameters: Mapping[str, Any] | None = None) -> bytes:
    """The answer as NDJSON."""
    return bytes(_of(settings).raw_query(sql, parameters=dict(parameters or {}), fmt="JSONEachRow"))


def command(settings: Settings, sql: str, parameters: Mapping[str, Any] | None = None) -> None:
    """Run a statement that answers nothing."""
    _of(settings).command(sql, parameters=dict(parameters or {}))


def _of(settings: Settings) -> Any:
    who = (settings.warehouse_user, settings.warehouse_password)
    return _client(settings.warehouse_host, settings.warehouse_port, settings.warehouse_database, *who)


@lru_cache(maxsize=8)
def _client(host: str, port: int, database: str, user: str, password: str) -> Any:
    import clickhouse_connect

    return clickhouse_connect.get_client(
        host=host, port=port, database=database, username=user, password=password, autogenerate_session_id=False
    )
