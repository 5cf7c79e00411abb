"""Asks the warehouse, for the command line's summaries. Blocking: inside a loop, call it in a thread."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from runtime.settings import Settings


def query(settings: Settings, sql: str, parameters: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
    """The rows of a SELECT; `{name:Type}` in it is filled from `parameters`."""
    who = (settings.warehouse_user, settings.warehouse_password)
    client = _client(settings.warehouse_host, settings.warehouse_port, settings.warehouse_database, *who)
    rows: list[tuple[Any, ...]] = [tuple(row) for row in client.query(sql, parameters=dict(parameters or {})).result_rows]
    return rows


@lru_cache(maxsize=8)
def _client(host: str, port: int, database: str, user: str, password: str) -> Any:
    import clickhouse_connect

    return clickhouse_connect.get_client(
        host=host, port=port, database=database, username=user, password=password, autogenerate_session_id=False
    )
