import pytest

from runtime.local.warehouse.errors import WarehouseError
from runtime.local.warehouse.statement import parse


@pytest.mark.parametrize(
    ("sql", "head", "form", "data"),
    [
        (b"INSERT INTO t FORMAT JSONEachRow\n{}\n", "INSERT INTO t ", "JSONEachRow", b"{}\n"),
        (b"insert into t (a, b) format TSV 1\t2", "insert into t (a, b) ", "TSV", b"1\t2"),
        (b"INSERT INTO t FORMAT CSV;\r\n1,2", "INSERT INTO t ", "CSV", b"1,2"),
        (b"INSERT INTO t SETTINGS a = 'FORMAT x' FORMAT Native", "INSERT INTO t SETTINGS a = 'FORMAT x' ", "Native", b""),
        (b"/* FORMAT x */ INSERT INTO `FORMAT` FORMAT TSV\n1", "/* FORMAT x */ INSERT INTO `FORMAT` ", "TSV", b"1"),
        (b"-- VALUES\nINSERT INTO t VALUES (1, 'FORMAT TSV 2')", "-- VALUES\nINSERT INTO t ", "Values", b" (1, 'FORMAT TSV 2')"),
        (b"INSERT INTO d.values VALUES (1)", "INSERT INTO d.values ", "Values", b" (1)"),
        (b"INSERT INTO FUNCTION file('x', 'CSV') FORMAT CSV\n1", "INSERT INTO FUNCTION file('x', 'CSV') ", "CSV", b"1"),
        (b"INSERT INTO TABLE t FORMAT JSONEachRow\xff", "INSERT INTO TABLE t ", "JSONEachRow", b"\xff"),
    ],
)
def test_an_insert_is_split_where_its_rows_begin(sql: bytes, head: str, form: str, data: bytes) -> None:
    found = parse(sql)
    assert (found.sql, found.format, found.data) == (head, form, data)


@pytest.mark.parametrize(
    "sql", [b"INSERT INTO t SELECT 1", b"INSERT INTO t (SELECT 1)", b"INSERT INTO t WITH 1 AS x SELECT x", b"INSERT INTO t"]
)
def test_an_insert_without_rows_of_its_own_runs_as_it_is(sql: bytes) -> None:
    found = parse(sql)
    assert (found.verb, found.sql, found.data) == ("INSERT", sql.decode(), None)


@pytest.mark.parametrize(
    ("sql", "form"),
    [
        (b"SELECT 1", None),
        (b"SELECT 1 FORMAT JSON", "JSON"),
        (b"SELECT 1 format TSV ;  -- done", "TSV"),
        (b"SELECT 1 FORMAT CSV SETTINGS max_threads = 1", "CSV"),
        (b"SELECT 'a FORMAT JSON'", None),
        (b"SELECT `FORMAT JSON` FROM t /* FORMAT CSV */", None),
        (b"SELECT 'it''s \\' FORMAT JSON'", None),
        (b"SELECT * FROM (SELECT 1 AS format) WHERE x", None),
        (b"SELECT $tag$ FORMAT JSON $tag$", None),
    ],
)
def test_the_format_of_a_query_is_found_outside_strings_and_comments(sql: bytes, form: str | None) -> None:
    assert parse(sql).format == form


def test_statements_are_known_by_their_verb() -> None:
    assert parse(b"SELECT 1").reads
    assert parse(b"(SELECT 1) UNION ALL SELECT 2").reads
    assert parse(b"CREATE TABLE t (x UInt8) ENGINE = Memory").writes
    assert not parse(b"CREATE TEMPORARY TABLE t (x UInt8)").writes
    assert parse(b"SELECT count() FROM t GROUP BY x WITH TOTALS").has_totals


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        (b"", 62),
        (b" -- nothing\n", 62),
        (b"SELECT 1; SELECT 2", 62),
        (b"SELECT 1 INTO OUTFILE 'x'", 358),
        (b"INSERT INTO t FROM INFILE 'x' FORMAT CSV", 78),
        (b"SELECT '\xff'", 62),
        (b"SELECT 'a" + b"\\'" * 100_000, 62),
    ],
)
def test_what_a_server_refuses_is_refused(sql: bytes, code: int) -> None:
    with pytest.raises(WarehouseError) as raised:
        parse(sql)
    assert raised.value.code == code


def test_a_long_insert_is_not_read_to_its_end() -> None:
    rows = b'{"a": "\'; FORMAT"}\n' * 200_000
    assert parse(b"INSERT INTO t FORMAT JSONEachRow\n" + rows).data == rows
