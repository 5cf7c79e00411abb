"""Migrated databases, used again: a migration costs a second of the processor, emptying its tables a hundredth."""

from __future__ import annotations

import asyncio
import dataclasses
import uuid
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

from runtime.settings import Settings
from sinks.clickhouse import WarehouseAway, WarehouseError, connect
from sinks.migrate import migrate, read_views

# All that is in a database: its tables and views, each as it would be made.
MADE = "SELECT count(), sum(cityHash64(name, create_table_query)) FROM system.tables WHERE database = currentDatabase()"
_idle: defaultdict[tuple[object, ...], list[tuple[str, bytes]]] = defaultdict(list)


@contextmanager
def database(settings: Settings) -> Iterator[Settings]:
    """These settings, with an empty database of one's own for the time being. What a test has altered is not used again."""
    key = (settings.warehouse_host, settings.warehouse_port, str(read_views(settings)), str(settings.retention_days))
    mine, made = _idle_one(settings, key) or _new_one(settings)
    try:
        yield mine
    finally:
        if asyncio.run(_emptied(mine, made)):
            _idle[key].append((mine.warehouse_database, made))


def _idle_one(settings: Settings, key: tuple[object, ...]) -> tuple[Settings, bytes] | None:
    """One that is still there: another server may have the port by now."""
    while _idle[key]:
        name, made = _idle[key].pop()
        found = dataclasses.replace(settings, warehouse_database=name)
        if asyncio.run(_ask(found, MADE)) == made:
            return found, made
    return None


def _new_one(settings: Settings) -> tuple[Settings, bytes]:
    found = dataclasses.replace(settings, warehouse_database=f"db_{uuid.uuid4().hex[:8]}")
    asyncio.run(migrate(found))
    return found, asyncio.run(_ask(found, MADE))


async def _emptied(settings: Settings, made: bytes) -> bool:
    """Whether it can be used again; if not, it is dropped."""
    name = settings.warehouse_database
    if await _ask(settings, MADE) == made:
        await _ask(settings, f"TRUNCATE ALL TABLES FROM {name} NOT LIKE 'migrations'")
        return True
    await _ask(settings, f"DROP DATABASE IF EXISTS {name}")
    return False


async def _ask(settings: Settings, sql: str) -> bytes:
    """The answer; nothing from a server that is gone, or lacks the database."""
    try:
        async with connect(settings) as warehouse:
            return await warehouse.execute(sql)
    except (WarehouseAway, WarehouseError):
        return b""
