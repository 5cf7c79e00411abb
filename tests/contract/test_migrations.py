"""The warehouse's tables are what the stream's lines are."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import re
import uuid
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

import msgspec
import pytest

from runtime.settings import Settings
from schemas.items import Item
from schemas.topics import Topic, line_type, row_columns, table_topics
from sinks.document import read_headers
from sinks.migrate import HOME, Migration, MigrationError, migrate, pending, read_migrations, read_views, statements

pytestmark = pytest.mark.timeout(120)


class Database:
    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def rows(self, sql: str, body: bytes = b"") -> list[dict[str, Any]]:
        where = {"database": self.settings.warehouse_database, "query": sql, "output_format_json_quote_64bit_integers": "0"}
        url = f"http://{self.settings.warehouse_host}:{self.settings.warehouse_port}/?{urlencode(where)}"
        with urlopen(url, body, timeout=30) as answer:
            return [json.loads(line) for line in answer.read().splitlines()]

    def insert(self, table: str, rows: list[dict[str, Any]]) -> None:
        columns = ", ".join(dict.fromkeys(name for row in rows for name in row))
        self.rows(f"INSERT INTO {table} ({columns}) FORMAT JSONEachRow", "\n".join(map(json.dumps, rows)).encode())


@pytest.fixture(scope="module")
def database(warehouse: tuple[str, int]) -> Iterator[Database]:
    name = f"db_{uuid.uuid4().hex[:8]}"
    settings = dataclasses.replace(Settings(), warehouse_host=warehouse[0], warehouse_port=warehouse[1], warehouse_database=name)
    assert asyncio.run(migrate(settings)) == [f"{each.number:04d}_{each.name}" for each in read_migrations()]
    yield Database(settings)


def columns(database: Database, table: str) -> dict[str, dict[str, Any]]:
    where = f"database = currentDatabase() AND table = '{table}'"
    sql = f"SELECT name, type, default_kind, comment FROM system.columns WHERE {where} FORMAT JSONEachRow"
    return {row["name"]: row for row in database.rows(sql)}


@pytest.mark.parametrize("topic", table_topics(), ids=lambda topic: topic.table)
def test_a_table_takes_every_field_of_its_lines_and_no_other(database: Database, topic: Topic) -> None:
    found = columns(database, topic.table)
    times = {name.removesuffix("_ms") for name, row in found.items() if row["default_kind"] == "EPHEMERAL"}
    insertable = {name for name, row in found.items() if row["default_kind"] != "MATERIALIZED" and name not in times}
    assert insertable == set(row_columns(topic))
    assert all(found[name]["type"] in ("DateTime64(3, 'UTC')", "Nullable(DateTime64(3, 'UTC'))") for name in times)
    assert [name for name, row in found.items() if not row["comment"]] == []


@pytest.mark.parametrize("topic", table_topics(), ids=lambda topic: topic.table)
def test_a_field_left_out_is_the_default_of_the_line(database: Database, topic: Topic) -> None:
    """Lines omit what is default, so the column must have the same one."""
    database.rows(f"INSERT INTO {topic.table} ({', '.join(row_columns(topic))}) FORMAT JSONEachRow", b'{"lane":"defaults"}')
    [row] = database.rows(f"SELECT * FROM {topic.table} WHERE lane = 'defaults' FORMAT JSONEachRow")
    for field in msgspec.structs.fields(line_type(topic)):
        if field.default is msgspec.NODEFAULT or field.name.endswith("_at_ms"):
            continue
        wanted = msgspec.to_builtins(field.default)
        if field.name in ("items", "cart_items"):
            wanted = []
        elif field.default == Decimal(0):
            wanted = 0
        assert row[field.name] == wanted, field.name


def test_every_table_remembers_tokens(database: Database) -> None:
    tables = [topic.table for topic in table_topics()]
    rows = database.rows("SELECT name, create_table_query AS sql FROM system.tables WHERE database = currentDatabase() FORMAT JSONEachRow")
    made = {row["name"]: row["sql"] for row in rows}
    assert [name for name in tables if "non_replicated_deduplication_window = 10000" not in made[name]] == []
    replacing = {topic.table for topic in table_topics() if "version" in row_columns(topic)}
    assert replacing == {name for name in tables if "ReplacingMergeTree" in made[name]}
    deleting = {topic.table for topic in table_topics() if "is_deleted" in row_columns(topic)}
    assert deleting == {name for name in tables if "ReplacingMergeTree(version, is_deleted)" in made[name]}


def test_doing_it_again_does_nothing(database: Database) -> None:
    assert asyncio.run(migrate(database.settings)) == []
    assert len(database.rows("SELECT number FROM migrations FORMAT JSONEachRow")) == len(read_migrations())


def test_shares_keep_their_rows_when_they_get_versions(database: Database) -> None:
    """Also when the migration is done twice, because a crash came before the ledger's line."""
    name = f"{database.settings.warehouse_database}_old"
    database.rows(f"CREATE DATABASE {name}")
    old = Database(dataclasses.replace(database.settings, warehouse_database=name))
    migrations = read_migrations()
    number = next(each.number for each in migrations if each.name == "share_versions")
    for statement in [sql for each in migrations[: number - 1] for sql in statements(each.sql)]:
        old.rows(statement)
    row = {"lane": "t", "share_id": "a", "kind": "order", "person_id": "d:1", "message_id": "m", "value": "1.5"}
    old.insert("shares", [{**row, "occurred_at_ms": 1_700_000_000_000}])
    for statement in statements(migrations[number - 1].sql) * 2:
        old.rows(statement)
    ask = "SELECT share_id, toUnixTimestamp64Milli(occurred_at) AS at_ms, value, version FROM shares FINAL FORMAT JSONEachRow"
    assert old.rows(ask) == [{"share_id": "a", "at_ms": 1_700_000_000_000, "value": 1.5, "version": 0}]
    old.insert("shares", [{**row, "share_id": "b", "occurred_at_ms": 1_700_000_000_000, "version": 1}])
    assert [each["share_id"] for each in old.rows(ask)] == ["b"]


def test_an_edited_migration_is_refused() -> None:
    old, new = Migration(1, "events", "SELECT 1"), Migration(1, "events", "SELECT 2")
    assert pending([old], {}) == [old]
    assert pending([old], {1: old.checksum}) == []
    with pytest.raises(MigrationError, match=r"0001_events.sql was edited"):
        pending([new], {1: old.checksum})
    with pytest.raises(MigrationError, match="use a newer one"):
        pending([old], {1: old.checksum, 2: "x"})


def test_migrations_are_numbered_without_gaps(tmp_path: Path) -> None:
    (tmp_path / "0001_a.sql").write_text("")
    (tmp_path / "0003_b.sql").write_text("")
    with pytest.raises(MigrationError, match="expected 0002_"):
        read_migrations(tmp_path)


def test_statements_end_with_a_semicolon_at_the_end_of_a_line() -> None:
    assert statements("-- a; comment\nSELECT ';' ;\n\nSELECT\n 2;") == ["SELECT ';'", "SELECT\n 2"]


def test_every_view_is_made_and_says_what_it_is(database: Database) -> None:
    rows = database.rows("SELECT name FROM system.tables WHERE database = currentDatabase() AND engine = 'View' FORMAT JSONEachRow")
    assert {row["name"] for row in rows} == {re.sub(r"^\d+_|\.sql$", "", name) for name, _ in read_views(database.settings)}
    for header in read_headers():
        if not header.parameters:  # tests/contract/test_views.py calls the others
            database.rows(f"SELECT * FROM {header.view} LIMIT 1 FORMAT JSONEachRow")
    assert [file.name for file in (HOME / "views").glob("*.sql") if not file.read_text().startswith("-- ")] == []


def test_the_latest_version_is_valid_and_a_deleted_one_is_gone(database: Database) -> None:
    common = {"lane": "versions", "person_id": "d:1", "cart_id": "", "opened_at_ms": 1, "changed_at_ms": 1}
    for version, status, gone in ((2, "ordered", 0), (1, "open", 0)):
        database.insert("carts", [{**common, "episode_id": "a", "version": version, "status": status, "is_deleted": gone}])
    for version, gone in ((1, 0), (2, 1)):
        database.insert("carts", [{**common, "episode_id": "b", "version": version, "status": "open", "is_deleted": gone}])
    found = database.rows("SELECT episode_id, status FROM carts_now WHERE lane = 'versions' FORMAT JSONEachRow")
    assert found == [{"episode_id": "a", "status": "ordered"}]


def test_the_funnel_from_events_follows_merges_and_leaves_out_late_events(database: Database) -> None:
    """d:1 became u:b, and u:b became u:a: the steps of all three are one person's."""
    step = {"lane": "funnel", "write_key": "k"}
    plan = [
        ("d:1", "view_item", 0),
        ("u:b", "add_to_cart", 1),
        ("u:a", "begin_checkout", 2),
        ("d:9", "view_item", 0),
        ("d:9", "add_to_cart", 5),
    ]
    rows = [
        {
            **step,
            "person_id": person,
            "event": event,
            "occurred_at_ms": 1_700_000_000_000 + at,
            "message_id": f"{person}{at}",
            "late": at == 5,
        }
        for person, event, at in plan
    ]
    database.insert("events", rows)
    database.insert("identities", [{"lane": "funnel", "id": "d:1", "person_id": "u:b", "version": 1}])
    database.insert("identities", [{"lane": "funnel", "id": "u:b", "person_id": "u:a", "version": 1}])
    found = database.rows("SELECT person_id, level FROM funnel_from_events WHERE lane = 'funnel' ORDER BY person_id FORMAT JSONEachRow")
    assert found == [{"person_id": "d:9", "level": 1}, {"person_id": "u:a", "level": 3}]
    live = {"lane": "funnel", "funnel": "purchase", "version": 1}
    database.insert("funnel_levels", [{**live, "person_id": "u:a", "level": 3}, {**live, "person_id": "u:x", "level": 1}])
    found = database.rows("SELECT person_id, live_level, level_from_events FROM funnel_differences ORDER BY person_id FORMAT JSONEachRow")
    assert found == [
        {"person_id": "d:9", "live_level": 0, "level_from_events": 1},
        {"person_id": "u:x", "live_level": 1, "level_from_events": 0},
    ]
    then = database.rows(
        "SELECT DISTINCT person_id_then AS then FROM events_resolved WHERE person_id = 'u:a' ORDER BY then FORMAT JSONEachRow"
    )
    assert [row["then"] for row in then] == ["d:1", "u:a", "u:b"]


def test_an_item_always_says_its_quantity() -> None:
    """A member of a Tuple has no DEFAULT: what is left out would be 0 in the warehouse."""
    assert b'"quantity":1' in msgspec.json.encode(Item(product_id="p"))
