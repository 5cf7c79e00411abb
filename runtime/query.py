"""Asks the warehouse, for the command line's summaries. Blocking: inside a loop, call it in a thread."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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

<<<<<<< HEAD
    return clickhouse_connect.get_client(
        host=host, port=port, database=database, username=user, password=password, autogenerate_session_id=False
    )
=======
    return clickhouse_connect.get_client(host=host, port=port, database=database, autogenerate_session_id=False)


def stream(settings: Settings, sql: str, parameters: Mapping[str, Any] | None = None) -> Iterator[tuple[Any, ...]]:
    """The same rows block by block, for answers that are better not held whole. The connection is free once the last was taken."""
    client = _client(settings.warehouse_host, settings.warehouse_port, settings.warehouse_database)
    with client.query_rows_stream(sql, parameters=dict(parameters or {})) as rows:
        for row in rows:
            yield tuple(row)
>>>>>>> b0cb681 (cartwake reconcile: live results against the same computed anew from the stored events, in SQL views and a fold of carts; an emptied cart can be told from one that nobody spoke of)
