"""The analyst on a ClickHouse server: a settings profile, a user, the right to read. The embedded one knows its users itself."""

from __future__ import annotations

import hashlib
import logging

from runtime.analyst import CHANGEABLE, NAME, limits_of
from runtime.settings import Settings
from sinks.clickhouse import ClickHouse, WarehouseError
from sinks.cluster import for_cluster

log = logging.getLogger(__name__)
PROFILE = "cartwake_analyst"
# A server keeps users in a directory that can be written to; chDB has none.
KEEPS_USERS = "SELECT count() FROM system.user_directories WHERE type != 'users_xml'"
ACCESS_DENIED = 497


def analyst_statements(settings: Settings) -> list[str]:
    """What makes the user, or brings it up to date. Only the password's hash is in the statements, since servers log them."""
    limits = limits_of(settings)
    bounds = [
        "readonly = 1",
        f"max_memory_usage = {limits.memory_bytes} CONST",
        f"max_execution_time = {limits.max_s} MIN 1 MAX {limits.max_s} CHANGEABLE_IN_READONLY",
        f"max_concurrent_queries_for_user = {limits.queries} CONST",
        *(f"{name} CHANGEABLE_IN_READONLY" for name in CHANGEABLE),
    ]
    digest = hashlib.sha256(settings.analyst_password.encode()).hexdigest()
    return [
        f"CREATE SETTINGS PROFILE OR REPLACE {PROFILE} SETTINGS {', '.join(bounds)}",
        f"CREATE USER IF NOT EXISTS {NAME} IDENTIFIED WITH sha256_hash BY '{digest}'",
        f"ALTER USER {NAME} IDENTIFIED WITH sha256_hash BY '{digest}' SETTINGS PROFILE '{PROFILE}'",
        f"GRANT SELECT ON `{settings.warehouse_database}`.* TO {NAME}",
    ]


async def make_analyst(warehouse: ClickHouse, settings: Settings) -> None:
    """Nothing without a password, or where the warehouse keeps no users. Who may not make users is told so, and goes on."""
    if not settings.analyst_password or int(await warehouse.execute(KEEPS_USERS)) == 0:
        return
    try:
        for statement in analyst_statements(settings):
            await warehouse.execute(for_cluster(statement, settings.warehouse_cluster))
    except WarehouseError as error:
        if error.code != ACCESS_DENIED:
            raise
        log.warning("the user %s was not made: %s may not make users (docs/deploy.md)", NAME, settings.warehouse_user)
