"""Brings the warehouse up to date: numbered migrations that are missing, in order, then every view as its file says, retention and users.

The same files serve the embedded ClickHouse, a server, and a cluster (sinks/cluster.py).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template

from runtime.settings import Settings
from schemas.events import QUIET
from sinks.clickhouse import ClickHouse, connect
from sinks.cluster import for_cluster
from sinks.retention import check, keep
from sinks.users import make_analyst

HOME = Path(__file__).parent
FILE_NAME = re.compile(r"(\d{4})_(\w+)\.sql")
LEDGER = """
CREATE TABLE IF NOT EXISTS migrations
(
    number UInt16 COMMENT 'Number of the file',
    name String COMMENT 'Its name',
    checksum FixedString(64) COMMENT 'SHA-256 of its text',
    applied_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When it was applied'
)
ENGINE = MergeTree ORDER BY number
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Migrations that this database has'
"""


class MigrationError(RuntimeError):
    """The files and the database do not agree. Stop: the message says which file, and what to do."""


@dataclass(frozen=True)
class Migration:
    """One file of `migrations/`."""

    number: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


def read_migrations(folder: Path = HOME / "migrations") -> list[Migration]:
    """All migrations in order. Raises MigrationError for a name that is none, a gap or a number used twice."""
    found: list[Migration] = []
    for file in sorted(folder.glob("*.sql")):
        match = FILE_NAME.fullmatch(file.name)
        if not match or int(match[1]) != len(found) + 1:
            raise MigrationError(f"{file.name}: expected {len(found) + 1:04d}_<name>.sql; migrations are numbered without gaps")
        found.append(Migration(int(match[1]), match[2], file.read_text(encoding="utf-8")))
    return found


def pending(migrations: Sequence[Migration], applied: dict[int, str]) -> list[Migration]:
    """Those that the database lacks. Raises MigrationError when one that it has was edited, or is unknown here."""
    known = {migration.number: migration for migration in migrations}
    for number, checksum in applied.items():
        if number not in known:
            raise MigrationError(f"the database has migration {number:04d}, which this version of cartwake lacks: use a newer one")
        if known[number].checksum != checksum:
            name = f"{number:04d}_{known[number].name}.sql"
            raise MigrationError(f"migration {name} was edited after it was applied: undo that and add a new one")
    return [migration for migration in migrations if migration.number not in applied]


def statements(sql: str) -> list[str]:
    """The statements of a file: each ends with `;` at the end of a line."""
    code = re.sub(r"(?m)^\s*--.*\n", "", sql)
    return [part.strip() for part in re.split(r";[ \t]*(?:\n|$)", code) if part.strip()]


def read_views(settings: Settings, folder: Path = HOME / "views") -> list[tuple[str, str]]:
    """(file name, SQL) of every view, in order, with the settings that views depend on filled in."""
    values = {
        "funnel_name": _text(settings.funnel_name),
        "funnel_window_ms": str(settings.funnel_window_s * 1000),
        "session_idle_ms": str(settings.session_idle_s * 1000),
        "session_max_ms": str(settings.session_max_s * 1000),
        "attribution_ms": str(settings.attribution_window_s * 1000),
        "churn_tiers": _tiers(settings.churn_tiers_s),
        "funnel_steps": ", ".join(map(_text, settings.funnel_steps)),
        "timezone": _text(settings.business_timezone),
        "abandon_idle_ms": str(settings.abandon_idle_s * 1000),
        "silence_tiers": _thresholds(settings.churn_tiers_s),
        "loyalty_tiers": _thresholds(settings.loyalty_tiers),
        "loyalty_window_s": str(settings.loyalty_window_s),
        "customer_new_s": str(settings.customer_new_s),
        "customer_lost_s": str(settings.customer_lost_s),
        "customer_loyal_orders": str(settings.customer_loyal_orders),
        "quiet_events": ", ".join(map(_text, QUIET)),
        "funnel_conditions": ", ".join(f"event = {_text(step)}" for step in settings.funnel_steps),
    }
    files = sorted(folder.glob("*.sql"), key=lambda file: (int(file.name.split("_")[0]), file.name))
    return [(file.name, Template(file.read_text(encoding="utf-8")).substitute(values)) for file in files]


async def migrate(settings: Settings) -> list[str]:
    """Do all that is missing; the names of the migrations that were applied. Doing it again does nothing."""
    cluster = settings.warehouse_cluster
    check(settings)
    async with connect(settings) as warehouse:
        await warehouse.execute(for_cluster(f"CREATE DATABASE IF NOT EXISTS `{settings.warehouse_database}`", cluster), database="default")
        await warehouse.execute(for_cluster(LEDGER.strip(), cluster))
        missing = pending(read_migrations(), await _applied(warehouse))
        for migration in missing:
            await _apply(warehouse, migration, cluster)
        for _, sql in read_views(settings):
            for statement in statements(sql):
                await warehouse.execute(for_cluster(statement, cluster))
        await keep(warehouse, settings)
        await make_analyst(warehouse, settings)
    return [f"{migration.number:04d}_{migration.name}" for migration in missing]


async def _applied(warehouse: ClickHouse) -> dict[int, str]:
    answer = await warehouse.execute("SELECT number, checksum FROM migrations ORDER BY number FORMAT JSONEachRow")
    rows = [json.loads(line) for line in answer.splitlines()]
    return {int(row["number"]): str(row["checksum"]) for row in rows}


async def _apply(warehouse: ClickHouse, migration: Migration, cluster: str) -> None:
    """The statements are written so that doing them twice is harmless: a crash before the last line repeats them."""
    for statement in statements(migration.sql):
        await warehouse.execute(for_cluster(statement, cluster))
    row = {"number": migration.number, "name": migration.name, "checksum": migration.checksum}
    token = {"insert_deduplication_token": f"migration:{migration.number}"}
    await warehouse.insert("migrations", list(row), json.dumps(row).encode(), token)


def _text(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _tiers(tiers_s: dict[str, int]) -> str:
    """Tier and idle time in ms, the shortest first."""
    ordered = sorted(tiers_s.items(), key=lambda tier: tier[1])
    return "[" + ", ".join(f"({_text(name)}, toInt64({idle_s * 1000}))" for name, idle_s in ordered) + "]"


def _thresholds(tiers: dict[str, int]) -> str:
    """Tiers as pairs of name and threshold, the lowest first."""
    return ", ".join(f"({_text(name)}, {least})" for name, least in sorted(tiers.items(), key=lambda tier: tier[1]))
