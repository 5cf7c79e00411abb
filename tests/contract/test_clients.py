"""Clients that people use ask the same questions and get the same answers: clickhouse-connect, curl, SQLAlchemy, Node, JDBC.

Against the embedded warehouse; against a ClickHouse server with CARTWAKE_TEST_CLICKHOUSE=host:port (and CARTWAKE_WAREHOUSE_USER and
_PASSWORD of a user who may make users): take a server of its own, since the user `analyst` and its profile are made there.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import uuid
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import clickhouse_connect
import pytest
import sqlalchemy
from clickhouse_connect.driver.exceptions import DatabaseError

from runtime.analyst import CHANGEABLE
from runtime.local.testing import local_warehouse
from runtime.settings import Settings, load
from sinks.clickhouse import connect
from sinks.migrate import migrate
from sinks.tables import INSERT_SETTINGS
from tests.contract.client_lab import Answer, Login, ask_curl, ask_jdbc, ask_node
from tests.contract.questions import AT_MS, EVENTS, ITEMS, LANE, QUESTIONS, REFUSED, Question, check

pytestmark = pytest.mark.timeout(180)
PASSWORD = "only & reads%20"
LIMITS = {"CARTWAKE_ANALYST_PASSWORD": PASSWORD, "CARTWAKE_ANALYST_MAX_S": "2", "CARTWAKE_ANALYST_MEMORY_MIB": "100"}
NODE_FORMATS = [
    "JSON",
    "JSONStrings",
    "JSONCompact",
    "JSONCompactStrings",
    "JSONColumnsWithMetadata",
    "JSONObjectEachRow",
    "JSONEachRow",
    "JSONStringsEachRow",
    "JSONCompactEachRow",
    "JSONCompactStringsEachRow",
]
NODE_TEXTS = ["CSV", "CSVWithNames", "CSVWithNamesAndTypes", "TabSeparated", "TabSeparatedRaw", "TabSeparatedWithNames", "CustomSeparated"]
needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="no curl")


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A warehouse with rows and an analyst. The settings are those of who writes."""
    database = {"CARTWAKE_WAREHOUSE_DATABASE": f"db_{uuid.uuid4().hex[:8]}"}
    server = os.environ.get("CARTWAKE_TEST_CLICKHOUSE", "")
    if server:
        host, _, port = server.rpartition(":")
        made = load(env={**os.environ, **LIMITS, **database, "CARTWAKE_WAREHOUSE_HOST": host, "CARTWAKE_WAREHOUSE_PORT": port})
        asyncio.run(_fill(made))
        yield made
        return
    with local_warehouse(tmp_path_factory.mktemp("warehouse"), env={**LIMITS, "CARTWAKE_WAREHOUSE_PASSWORD": "writes"}) as running:
        where = {"CARTWAKE_WAREHOUSE_HOST": running.host, "CARTWAKE_WAREHOUSE_PORT": str(running.port)}
        made = load(env={**LIMITS, **database, **where, "CARTWAKE_WAREHOUSE_PASSWORD": "writes"})
        asyncio.run(_fill(made))
        yield made


async def _fill(settings: Settings) -> None:
    await migrate(settings)
    rows = [{"lane": LANE, "occurred_at_ms": AT_MS, "items": ITEMS, **row} for row in EVENTS]
    columns = sorted({name for row in rows for name in row})
    async with connect(settings) as warehouse:
        await warehouse.insert("events", columns, "\n".join(map(json.dumps, rows)).encode(), INSERT_SETTINGS)


@pytest.fixture
def analyst(settings: Settings) -> Login:
    return Login(settings.warehouse_host, settings.warehouse_port, settings.warehouse_database, "analyst", PASSWORD)


@pytest.fixture
def writer(analyst: Login, settings: Settings) -> Login:
    return replace(analyst, user=settings.warehouse_user, password=settings.warehouse_password)


def client_of(login: Login, **options: Any) -> Any:
    return clickhouse_connect.get_client(
        host=login.host, port=login.port, database=login.database, username=login.user, password=login.password, **options
    )


def all_well(answers: list[Answer]) -> None:
    assert len(answers) == len(QUESTIONS)
    for question, answer in zip(QUESTIONS, answers, strict=True):
        assert "rows" in answer, (question.name, answer)
        check(question, answer["rows"])


def all_refused(answers: list[Answer]) -> None:
    codes = [164 if answer.get("code") == 497 else answer.get("code") for answer in answers]
    assert dict(zip(REFUSED, codes, strict=True)) == REFUSED


@pytest.mark.parametrize("compress", [False, "lz4", "zstd", "gzip"])
def test_clickhouse_connect(analyst: Login, compress: str | bool) -> None:
    client = client_of(analyst, compress=compress)
    all_well([{"rows": client.query(each.sql, parameters=each.parameters).result_rows} for each in QUESTIONS])
    client.close()


def test_clickhouse_connect_is_told_why(analyst: Login) -> None:
    client = client_of(analyst)
    for sql, code in REFUSED.items():
        with pytest.raises(DatabaseError, match=r"code:? (164|497)\b" if code == 164 else rf"code:? {code}\b"):
            client.command(sql)
    with pytest.raises(DatabaseError, match="516"):
        client_of(replace(analyst, password="wrong"))
    client.close()


@needs_curl
@pytest.mark.parametrize("packed", [False, True])
def test_curl(analyst: Login, packed: bool) -> None:
    all_well([ask_curl(analyst, each, packed=packed) for each in QUESTIONS])


@needs_curl
def test_curl_is_told_why(analyst: Login) -> None:
    all_refused([ask_curl(analyst, Question("", sql, [])) for sql in REFUSED])
    wrong = ask_curl(replace(analyst, password="wrong"), QUESTIONS[0])
    assert wrong["code"] == 516 and "Authentication failed" in wrong["message"]
    assert ask_curl(replace(analyst, user="nobody"), QUESTIONS[0])["code"] == 516


def test_sqlalchemy(analyst: Login) -> None:
    url = sqlalchemy.URL.create("clickhousedb", analyst.user, analyst.password, analyst.host, analyst.port, analyst.database)
    engine = sqlalchemy.create_engine(url)
    with engine.connect() as connection:
        answers = [connection.execute(sqlalchemy.text(each.named()), each.parameters).all() for each in QUESTIONS]
        all_well([{"rows": [list(row) for row in rows]} for rows in answers])
        events = sqlalchemy.Table("events", sqlalchemy.MetaData(), autoload_with=engine)
        counted = sqlalchemy.select(sqlalchemy.func.count()).select_from(events).where(events.c.lane == LANE, events.c.event == "purchase")
        assert connection.execute(counted).scalar() == 2
    assert {"events", "carts", "orders"} <= set(sqlalchemy.inspect(engine).get_table_names())
    engine.dispose()


@pytest.mark.parametrize("packed", [False, True])
def test_node(analyst: Login, packed: bool) -> None:
    asked = [{"sql": each.sql, "parameters": each.parameters, "format": form} for form in NODE_FORMATS for each in QUESTIONS]
    answers = ask_node(analyst, asked, packed)
    assert len(answers) == len(asked)
    for start in range(0, len(answers), len(QUESTIONS)):
        all_well(answers[start : start + len(QUESTIONS)])


def test_node_takes_text_and_is_told_why(analyst: Login) -> None:
    asked = [{"sql": QUESTIONS[2].sql, "parameters": QUESTIONS[2].parameters, "format": form} for form in NODE_TEXTS]
    assert ["12.75" in answer["text"] for answer in ask_node(analyst, asked)] == [True] * len(NODE_TEXTS)
    all_refused(ask_node(analyst, [{"sql": sql, "format": "JSONEachRow"} for sql in REFUSED]))
    [wrong] = ask_node(replace(analyst, password="wrong"), [{"sql": "SELECT 1", "format": "JSON"}])
    assert wrong["code"] == 516


@pytest.mark.parametrize("packing", [{}, {"compress": "0"}, {"client.use_http_compression": "true"}], ids=["native", "plain", "http"])
def test_jdbc(analyst: Login, packing: dict[str, str]) -> None:
    all_well(ask_jdbc(analyst, [each.positional() for each in QUESTIONS], **packing))


def test_jdbc_is_told_why(analyst: Login) -> None:
    all_refused(ask_jdbc(analyst, [(sql, []) for sql in REFUSED]))
    [wrong] = ask_jdbc(replace(analyst, password="wrong"), [("SELECT 1", [])])
    assert wrong["code"] == 516


def test_each_client_writes_as_who_may(writer: Login) -> None:
    client = client_of(writer)
    client.command("CREATE TABLE notes (who String, n UInt32) ENGINE = MergeTree ORDER BY n")
    client.insert("notes", [["connect", 1], ["connect", 2]], column_names=["who", "n"])
    [answer] = ask_node(writer, [{"sql": "notes", "insert": [{"who": "node", "n": 3}]}], packed=True)
    assert answer == {"rows": []}
    [answer] = ask_jdbc(writer, [("INSERT INTO notes (who, n) VALUES (?, ?)", ["jdbc", 4])])
    assert answer == {"rows": []}
    assert client.query("SELECT who, n FROM notes ORDER BY n").result_rows == [("connect", 1), ("connect", 2), ("node", 3), ("jdbc", 4)]
    client.command("DROP TABLE notes")
    client.close()


def test_the_analyst_changes_no_limit_but_what_shapes_an_answer(analyst: Login) -> None:
    def code(**given: str) -> int:
        changes = ", ".join(f"{name} = {value}" for name, value in given.items())
        return int(ask_curl(analyst, Question("", f"SELECT 1 SETTINGS {changes}" if changes else "SELECT 1", [])).get("code", 0))

    assert code() == 0
    for name, value in (
        ("max_memory_usage", "0"),
        ("max_execution_time", "0"),
        ("readonly", "0"),
        ("max_concurrent_queries_for_user", "9"),
    ):
        assert code(**{name: value}) in (164, 452), name


def test_what_the_analyst_may_change_exists(writer: Login) -> None:
    names = ", ".join(f"'{name}'" for name in CHANGEABLE)
    client = client_of(writer)
    assert client.query(f"SELECT count() FROM system.settings WHERE name IN ({names})").result_rows == [(len(CHANGEABLE),)]
    client.close()
