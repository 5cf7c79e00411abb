"""How long rows stay: the setting `retention_days` as TTLs of tables. Pure but for `keep`."""

from __future__ import annotations

import json
import re

from runtime.settings import Settings, SettingsError
from sinks.clickhouse import ClickHouse
from sinks.cluster import for_cluster

# The time that a row's age counts from. Tables that are not named here say what is true now, and keep all: identities, clocks ...
AGES = {
    "events": "occurred_at",
    "sessions": "ended_at",
    "carts": "changed_at",
    "segments": "left_at",  # a stay that lasts has no age
    "shares": "occurred_at",
    "orders": "occurred_at",
    "triggers": "fired_at",
    "deliveries": "attempted_at",
    "rejected": "received_at",
}
_TTL = re.compile(r"\bTTL\b(.*?)(?=\bSETTINGS\b|\Z)", re.DOTALL)
_DAYS = re.compile(r"toIntervalDay\((\d+)\)")
ENGINES = "SELECT name, engine_full FROM system.tables WHERE database = currentDatabase() FORMAT JSONEachRow"


def check(settings: Settings) -> dict[str, int]:
    """The setting. Raises SettingsError for a table that has no age, or days below 0."""
    for table, days in settings.retention_days.items():
        if table not in AGES:
            raise SettingsError(f"retention_days: {table} keeps all its rows; a limit can be given for {', '.join(AGES)}")
        if days < 0:
            raise SettingsError(f"retention_days: {table}={days}: days are 0 (keep) or more")
    return settings.retention_days


def statement(table: str, days: int, engine: str) -> str:
    """What brings a table to so many days (0: keep all), '' if it is there. `engine` is system.tables.engine_full."""
    clause = _TTL.search(engine)
    found = _DAYS.search(clause[1]) if clause else None
    now = int(found[1]) if found else 0
    if days == now and (clause is None) == (days == 0):
        return ""
    if days == 0:
        return f"ALTER TABLE {table} REMOVE TTL"
    column = AGES[table]
    age = f"assumeNotNull({column})" if table == "segments" else column
    only = f" DELETE WHERE {column} IS NOT NULL" if table == "segments" else ""
    return f"ALTER TABLE {table} MODIFY TTL toDateTime({age}) + toIntervalDay({days}){only}"


async def keep(warehouse: ClickHouse, settings: Settings) -> None:
    """Give every table the age that the setting says. Rows past it go with the next merge."""
    wanted = check(settings)
    for line in (await warehouse.execute(ENGINES)).splitlines():
        row = json.loads(line)
        if row["name"] in AGES:
            change = statement(row["name"], wanted.get(row["name"], 0), row["engine_full"])
            if change:
                await warehouse.execute(for_cluster(change, settings.warehouse_cluster))
