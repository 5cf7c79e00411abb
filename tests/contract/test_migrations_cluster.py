"""ClickHouse's own parser on what a cluster is told, and retention on real tables. No cluster is run: chDB has no Keeper."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import re
import uuid
from collections.abc import Iterator

import pytest

from runtime.settings import Settings
from sinks.clickhouse import connect
from sinks.cluster import for_cluster
from sinks.migrate import LEDGER, migrate, read_migrations, read_views, statements
from sinks.retention import AGES
from sinks.users import analyst_statements

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def settings(warehouse: tuple[str, int]) -> Iterator[Settings]:
    base = Settings(warehouse_host=warehouse[0], warehouse_port=warehouse[1], warehouse_database=f"db_{uuid.uuid4().hex[:8]}")
    asyncio.run(migrate(base))
    yield base


def ask(settings: Settings, sql: str, **params: str) -> str:
    async def answer() -> bytes:
        async with connect(settings) as warehouse:
            return await warehouse.execute(sql, params)

    return asyncio.run(answer()).decode()


def parsed(settings: Settings, statement: str) -> str:
    """As the engine writes what it has understood. It raises for what it cannot parse."""
    return str(json.loads(ask(settings, "SELECT formatQuery({s:String}) AS s FORMAT JSONEachRow", s=_quotable(statement)))["s"])


def _quotable(text: str) -> str:
    """The value of a parameter is read as TSV."""
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")


def test_the_engine_reads_every_statement_as_meant(settings: Settings) -> None:
    ddl = [each for migration in read_migrations() for each in statements(migration.sql)]
    ddl += [each for _, sql in read_views(settings) for each in statements(sql)]
    ddl += [LEDGER.strip(), *analyst_statements(dataclasses.replace(settings, analyst_password="x"))]
    for statement in ddl:
        alone, shared = parsed(settings, statement), parsed(settings, for_cluster(statement, "shop"))
        if statement.startswith("INSERT"):
            assert shared == alone
            continue
        assert shared.count("ON CLUSTER shop") == 1
        undone = re.sub(r" ON CLUSTER shop", "", shared).replace("ENGINE = Replicated", "ENGINE = ")
        undone = re.sub(r", replicated_deduplication_window_seconds = \d+", "", undone)
        assert undone.replace("replicated_dedup", "non_replicated_dedup") == alone


def test_the_window_in_seconds_is_a_setting_that_the_engine_has(settings: Settings) -> None:
    sql = "SELECT count() FROM system.merge_tree_settings WHERE name IN ({a:String}, {b:String})"
    assert ask(settings, sql, a="replicated_deduplication_window", b="replicated_deduplication_window_seconds") == "2\n"


def test_rows_past_their_age_go_and_a_stay_that_lasts_has_none(settings: Settings) -> None:
    aged = dataclasses.replace(settings, retention_days=dict.fromkeys(AGES, 30))
    asyncio.run(migrate(aged))
    ask(settings, "INSERT INTO rejected (lane, received_at) VALUES ('t', now() - toIntervalDay(40)), ('t', now() - toIntervalDay(20))")
    ask(settings, "INSERT INTO segments (lane, person_id, left_at) VALUES ('t', 'old', now() - toIntervalDay(40)), ('t', 'lasts', NULL)")
    for table in ("rejected", "segments"):
        ask(settings, f"OPTIMIZE TABLE {table} FINAL")
    assert ask(settings, "SELECT count() FROM rejected WHERE lane = 't'") == "1\n"
    assert ask(settings, "SELECT person_id FROM segments WHERE lane = 't'") == "lasts\n"
    limited = "SELECT count() FROM system.tables WHERE database = currentDatabase() AND engine_full LIKE '%TTL%'"
    assert ask(settings, limited) == f"{len(AGES)}\n"
    asyncio.run(migrate(aged))  # changes nothing, and must not fail
    asyncio.run(migrate(settings))
    assert ask(settings, limited) == "0\n"
