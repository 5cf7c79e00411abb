"""What the analyst may ask: looked at before the engine sees it. The engine's own refusals are in tests/contract/test_clients.py."""

from __future__ import annotations

import pytest

from runtime.analyst import Limits
from runtime.local.warehouse import reader, statement
from runtime.local.warehouse.errors import WarehouseError

OUTSIDE = ("file", "url", "s3", "remote", "numbers", "view", "generateRandom")
LIMITS = Limits(memory_bytes=1 << 20, max_s=30, queries=2)


def code_of(sql: str, **parameters: str) -> int:
    """0 if the analyst may ask it."""
    try:
        reader.check(statement.parse(sql.encode()), parameters, OUTSIDE)
    except WarehouseError as error:
        return error.code
    return 0


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT url FROM deliveries",
        "SELECT count() FROM events WHERE page_url = 'file(1)' -- file('x')",
        "WITH 1 AS a SELECT a FROM numbers(3)",
        "SELECT * FROM generateRandom('x UInt8') LIMIT 1",
        "SHOW TABLES",
        "DESCRIBE TABLE events",
        "EXPLAIN SELECT 1",
        "USE cartwake",
        "(SELECT 1) UNION ALL (SELECT 2)",
        "SELECT profile, filename FROM t",
    ],
)
def test_questions_are_asked(sql: str) -> None:
    assert code_of(sql) == 0


@pytest.mark.parametrize("sql", ["INSERT INTO t VALUES (1)", "KILL QUERY WHERE 1", "SYSTEM FLUSH LOGS", "DROP TABLE t", "CHECK TABLE t"])
def test_what_is_no_question_is_refused(sql: str) -> None:
    assert code_of(sql) == 164


def test_a_misspelled_question_is_told_so() -> None:
    assert code_of("SELEKT 1") == 62


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT file('/etc/hostname')",
        "SELECT `file`('/etc/hostname')",
        "SELECT \"file\" /* */ ('/etc/hostname')",
        r"SELECT `f\x69le`('/etc/hostname')",
        "SELECT arrayMap(file, ['/etc/hostname'])",
        "SELECT * APPLY file FROM (SELECT '/etc/hostname')",
        "DESCRIBE TABLE url('http://127.0.0.1/', 'CSV')",
        "SELECT * FROM URL('http://127.0.0.1/', 'CSV')",
        "SELECT * FROM `s3` ('x')",
        "EXPLAIN SELECT * FROM remote('a', system.one)",
    ],
)
def test_nothing_reaches_out_of_the_warehouse(sql: str) -> None:
    assert code_of(sql) == 497


def test_a_parameter_names_no_function() -> None:
    assert code_of("SELECT arrayMap({f:Identifier}, ['/etc/hostname'])", f="file") == 497
    assert code_of("SELECT {f:String}", f="file") == 0


def test_settings_that_shape_an_answer_are_taken_and_others_left_to_the_engine() -> None:
    given = {"max_threads": "2", "max_memory_usage": "0", "readonly": "0", "max_execution_time": "3"}
    allowed, refused = reader.split(given, LIMITS)
    assert allowed == {"max_threads": "2", "max_execution_time": "3", "max_memory_usage": str(1 << 20)}
    assert refused == {"max_memory_usage": "0", "readonly": "0"}
    assert reader.split({}, LIMITS)[0] == {"max_execution_time": "30", "max_memory_usage": str(1 << 20)}


@pytest.mark.parametrize("longest", ["31", "0", "-1", "inf"])
def test_nobody_gives_himself_more_time(longest: str) -> None:
    with pytest.raises(WarehouseError, match="SETTING_CONSTRAINT_VIOLATION"):
        reader.split({"max_execution_time": longest}, LIMITS)
