"""What any ClickHouse client relies on; at the end, the process itself is killed and stopped."""

import asyncio
import json
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import clickhouse_connect
import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError
from clickhouse_connect.driver.external import ExternalData

from runtime.local.testing import LocalWarehouse, local_warehouse
from tests.contract.warehouse_wire import Wire

TABLE = "(id UInt64, sku String, price Decimal(18, 4)) ENGINE = MergeTree ORDER BY id SETTINGS non_replicated_deduplication_window = 1000"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalWarehouse]:
    with local_warehouse(tmp_path_factory.mktemp("warehouse")) as running:
        yield running


@pytest.fixture
def wire(server: LocalWarehouse) -> Wire:
    return Wire(server.host, server.port)


@pytest.fixture
def client(server: LocalWarehouse) -> Iterator[Client]:
    made = clickhouse_connect.get_client(host=server.host, port=server.port)
    yield made
    made.close()


@pytest.fixture
def table(client: Client) -> str:
    client.command("DROP TABLE IF EXISTS items")
    client.command(f"CREATE TABLE items {TABLE}")
    return "items"


def rows(count: int, first: int = 0) -> bytes:
    return b"".join(b'{"id":%d,"sku":"s%d","price":"1.2500"}\n' % (number, number % 7) for number in range(first, first + count))


@pytest.mark.parametrize("path", ["/ping", "/", "/replicas_status", "/healthz", "/readyz"])
def test_it_says_that_it_is_there(wire: Wire, path: str) -> None:
    answer = wire.ask("GET", path)
    assert (answer.status, answer.body) == (200, b"Ok.\n")


def test_a_query_comes_in_the_url_in_the_body_or_in_both(wire: Wire) -> None:
    assert wire.ask("GET", "/?query=SELECT+1").body == b"1\n"
    assert wire.ask("POST", "/", b"SELECT 2").body == b"2\n"
    assert wire.ask("POST", "/?query=SELECT+1", b"+ 2").body == b"3\n"
    assert wire.ask("HEAD", "/?query=SELECT+1").status == 200


def test_the_headers_of_an_answer(wire: Wire) -> None:
    answer = wire.ask("POST", "/?query_id=mine&default_format=JSONCompact", b"SELECT number FROM numbers(1000) LIMIT 3")
    summary = json.loads(answer.headers["X-ClickHouse-Summary"])
    assert answer.headers["X-ClickHouse-Query-Id"] == "mine"
    assert answer.headers["X-ClickHouse-Format"] == "JSONCompact"
    assert answer.headers["Content-Type"].startswith("application/json")
    assert answer.headers["X-ClickHouse-Timezone"]
    assert summary["result_rows"] == "3"
    assert int(summary["elapsed_ns"]) > 0
    assert json.loads(answer.body)["rows"] == 3


@pytest.mark.parametrize(
    ("sql", "status", "code", "name"),
    [
        ("SELECT * FROM nosuch", 404, 60, "UNKNOWN_TABLE"),
        ("SELECT * FROM nosuch.t", 404, 81, "UNKNOWN_DATABASE"),
        ("SELECT nosuch", 404, 47, "UNKNOWN_IDENTIFIER"),
        ("SELECT 1 +", 400, 62, "SYNTAX_ERROR"),
        ("", 400, 62, "SYNTAX_ERROR"),
        ("SELECT 1; SELECT 2", 400, 62, "SYNTAX_ERROR"),
        ("SELECT toUInt8('x')", 400, 6, "CANNOT_PARSE_TEXT"),
        ("SELECT 'a' + 1", 500, 43, "ILLEGAL_TYPE_OF_ARGUMENT"),
        ("SELECT 1 SETTINGS nosuch = 1", 404, 115, "UNKNOWN_SETTING"),
        ("SELECT {a:UInt8}", 500, 456, "UNKNOWN_QUERY_PARAMETER"),
        ("INSERT INTO nosuch FORMAT TSV\n1", 404, 60, "UNKNOWN_TABLE"),
        ("SELECT sleep(3) SETTINGS max_execution_time = 0.2", 408, 159, "TIMEOUT_EXCEEDED"),
        ("SELECT 1 FORMAT Nosuch", 404, 73, "UNKNOWN_FORMAT"),
        ("SELECT toUInt8(unhex('fffe7b'))", 400, 6, "CANNOT_PARSE_TEXT"),  # what it quotes is no text
    ],
)
def test_errors_are_told_as_a_server_does(wire: Wire, sql: str, status: int, code: int, name: str) -> None:
    answer = wire.ask("POST", "/", sql.encode())
    assert (answer.status, answer.headers["X-ClickHouse-Exception-Code"]) == (status, str(code))
    assert answer.body.startswith(f"Code: {code}. DB::Exception: ".encode())
    assert f"({name}) (version ".encode() in answer.body


def test_settings_last_for_one_query_even_if_it_fails(wire: Wire) -> None:
    ask = b"SELECT getSetting('max_threads')"
    before = wire.ask("POST", "/", ask).body
    assert wire.ask("POST", "/?max_threads=17", ask).body == b"17\n"
    assert wire.ask("POST", "/?max_threads=17", b"SELECT nosuch").status == 404
    assert wire.ask("POST", "/", ask).body == before
    assert wire.ask("POST", "/?nosuch=1", b"SELECT 1").headers["X-ClickHouse-Exception-Code"] == "115"


def test_the_database_comes_by_url_or_header_and_lasts_for_one_query(wire: Wire) -> None:
    ask = b"SELECT currentDatabase()"
    assert wire.ask("POST", "/?database=system", ask).body == b"system\n"
    assert wire.ask("POST", "/", ask, {"X-ClickHouse-Database": "system"}).body == b"system\n"
    assert wire.ask("POST", "/?database=nosuch", ask).headers["X-ClickHouse-Exception-Code"] == "81"
    assert wire.ask("POST", "/", b"USE system").status == 200
    assert wire.ask("POST", "/", ask).body == b"default\n"


def test_get_writes_nothing(wire: Wire, table: str) -> None:
    for sql in (f"INSERT INTO {table} VALUES (1, 'a', 1)", "CREATE TABLE other (x UInt8) ENGINE = Memory", f"DROP TABLE {table}"):
        answer = wire.ask("GET", "/?query=" + quote(sql))
        assert (answer.status, answer.headers["X-ClickHouse-Exception-Code"]) == (500, "164")
        assert wire.ask("GET", "/?session_id=ro&query=" + quote(sql)).headers["X-ClickHouse-Exception-Code"] == "164"
    assert wire.ask("GET", "/?max_threads=1&query=SELECT+1").body == b"1\n"
    assert wire.ask("POST", "/?readonly=1", f"DROP TABLE {table}".encode()).headers["X-ClickHouse-Exception-Code"] == "164"


def test_users(wire: Wire) -> None:
    assert wire.ask("GET", "/?query=SELECT+1&user=default&password=").status == 200
    for path, headers in (
        ("/?query=SELECT+1&user=x", {}),
        ("/?query=SELECT+1", {"X-ClickHouse-User": "default", "X-ClickHouse-Key": "no"}),
    ):
        answer = wire.ask("GET", path, None, headers)
        assert (answer.status, answer.headers["X-ClickHouse-Exception-Code"]) == (403, "516")
    assert wire.ask("POST", "/", b"SELECT 1", {"Origin": "http://shop.example"}).status == 403


def test_parameters(client: Client) -> None:
    values = {"a": ["x'y", "z\t\\"], "n": 7, "t": "items", "z": None}
    answer = client.query(
        "SELECT {a:Array(String)}, {n:UInt8}, tupleElement({t:Identifier}, 1), {z:Nullable(String)} FROM (SELECT tuple(5) AS items)",
        parameters=values,
    )
    assert answer.result_rows == [(["x'y", "z\t\\"], 7, 5, None)]


def test_rows_come_back_as_they_went_in(client: Client, table: str) -> None:
    client.insert(table, [[1, "a", 1], [2, "ü'\t\n", 2]], column_names=["id", "sku", "price"])
    assert client.query(f"SELECT id, sku FROM {table} ORDER BY id").result_rows == [(1, "a"), (2, "ü'\t\n")]
    assert client.query(f"SELECT id FROM {table} WHERE 0").result_rows == []
    assert client.query(f"SELECT id FROM {table} LIMIT 0").column_names == ("id",)


@pytest.mark.parametrize("compress", [False, "lz4", "zstd", "gzip"])
def test_every_block_of_a_packed_insert_arrives(server: LocalWarehouse, table: str, compress: str | bool) -> None:
    client = clickhouse_connect.get_client(host=server.host, port=server.port, compress=compress)
    count = 150_000
    client.insert(table, [range(count), ["s"] * count, [1] * count], column_names=["id", "sku", "price"], column_oriented=True)
    assert client.query(f"SELECT count(), uniqExact(id) FROM {table}").result_rows == [(count, count)]
    assert len(client.query(f"SELECT id, sku FROM {table}").result_rows) == count
    client.close()


@pytest.mark.parametrize("form", ["JSONEachRow", "TSV", "CSV", "Values"])
def test_inserts_take_rows_after_the_statement_or_alone(wire: Wire, table: str, form: str) -> None:
    row = {"JSONEachRow": b'{"id":1,"sku":"a","price":2}\n', "TSV": b"1\ta\t2\n", "CSV": b'1,"a",2\n', "Values": b"(1,'a',2)"}[form]
    head = f"INSERT INTO {table} FORMAT {form}"
    answer = wire.ask("POST", "/?query=" + quote(head) + "&insert_deduplication_token=1", row)
    assert json.loads(answer.headers["X-ClickHouse-Summary"])["written_rows"] == "1"
    assert wire.ask("POST", "/?insert_deduplication_token=2", head.encode() + b"\n" + row).status == 200
    assert wire.ask("POST", "/", f"SELECT count(), sum(price) FROM {table}".encode()).body == b"2\t4\n"


def test_a_bad_row_fails_the_insert(wire: Wire, table: str) -> None:
    answer = wire.ask("POST", f"/?query=INSERT+INTO+{table}+FORMAT+JSONEachRow", rows(10) + b'{"id":"x"}\n')
    assert answer.status == 400
    assert wire.ask("POST", "/", f"SELECT count() FROM {table}".encode()).body == b"0\n"


@pytest.mark.parametrize(
    "line", [b"\xff\xfe{", b'{"id":"\xe4\xb8"}', '{"id":"\u5409\u7965"}'.encode()], ids=["bytes", "half a letter", "letters"]
)
def test_what_is_wrong_with_a_row_is_told_whatever_it_holds(wire: Wire, table: str, line: bytes) -> None:
    """Python has no exception whose message is not UTF-8; 3.11.2 lets the message go without a word."""
    answer = wire.ask("POST", f"/?query=INSERT+INTO+{table}+FORMAT+JSONEachRow", rows(10) + line + b"\n")
    assert (answer.status, answer.headers["X-ClickHouse-Exception-Code"]) == (400, "27")
    assert b"Cannot parse input: " in answer.body and b"(at row 11)" in answer.body
    assert answer.body.decode()
    assert wire.ask("POST", "/", f"SELECT count() FROM {table}".encode()).body == b"0\n"


def test_an_error_of_a_materialized_view_is_told_and_a_repeat_mends_it(wire: Wire, client: Client, table: str) -> None:
    """chDB's streaming insert answers well, and the view's rows are missing."""
    client.command("CREATE OR REPLACE TABLE closed (x UInt8) ENGINE = Memory")
    client.command(f"CREATE OR REPLACE TABLE copies {TABLE}")
    client.command(f"""CREATE MATERIALIZED VIEW copying TO copies AS
        SELECT * FROM {table} WHERE throwIf(materialize((SELECT count() FROM closed)) > 0) = 0""")
    client.command("INSERT INTO closed VALUES (1)")
    at = "/?insert_deduplication_token=one&deduplicate_blocks_in_dependent_materialized_views=1"
    at += f"&query=INSERT+INTO+{table}+FORMAT+JSONEachRow"
    try:
        assert wire.ask("POST", at, rows(10)).headers["X-ClickHouse-Exception-Code"] == "395"
        client.command("TRUNCATE TABLE closed")
        assert [wire.ask("POST", at, rows(10)).status for _ in range(2)] == [200, 200]
        assert client.query(f"SELECT (SELECT count() FROM {table}), (SELECT count() FROM copies)").result_rows == [(10, 10)]
    finally:
        client.command("DROP TABLE copying")


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO items (id) SETTINGS async_insert = 0 VALUES (7)",
        "INSERT INTO items (id) SETTINGS async_insert = 0 FORMAT TSV\n7",
        "INSERT INTO items (id) -- the rows: SETTINGS\nFORMAT CSV\n7\n",
        "INSERT INTO TABLE FUNCTION null('id UInt64') FORMAT TSV 7",
    ],
)
def test_an_insert_may_have_settings_and_comments(wire: Wire, table: str, sql: str) -> None:
    assert wire.ask("POST", "/", sql.encode()).status == 200
    assert wire.ask("POST", "/", f"SELECT id FROM {table}".encode()).body == (b"" if "null" in sql else b"7\n")


def test_a_token_inserts_once(client: Client, table: str) -> None:
    for _ in range(3):
        client.raw_insert(table, insert_block=rows(100_000), fmt="JSONEachRow", settings={"insert_deduplication_token": "t:0:0-9"})
    client.raw_insert(table, insert_block=rows(100_000), fmt="JSONEachRow", settings={"insert_deduplication_token": "t:0:10-19"})
    assert client.command(f"SELECT count() FROM {table}") == 200_000


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "lz4", "zstd", "br", "xz", "bz2"])
def test_answers_are_packed_as_asked(wire: Wire, encoding: str) -> None:
    answer = wire.ask("POST", "/?enable_http_compression=1", b"SELECT number FROM numbers(500000)", {"Accept-Encoding": encoding})
    assert answer.headers["Content-Encoding"] == encoding
    assert answer.unpacked().count(b"\n") == 500_000
    assert "Content-Encoding" not in wire.ask("POST", "/", b"SELECT 1", {"Accept-Encoding": encoding}).headers


def test_native_compression_both_ways(wire: Wire, table: str) -> None:
    packed = wire.native(rows(50_000))
    assert wire.ask("POST", f"/?decompress=1&query=INSERT+INTO+{table}+FORMAT+JSONEachRow", packed).status == 200
    answer = wire.ask("POST", "/?compress=1", f"SELECT id FROM {table}".encode())
    assert wire.native_plain(answer.body).count(b"\n") == 50_000
    assert wire.ask("POST", "/?decompress=1", b"not packed").status == 500


def test_large_answers_come_as_a_stream(wire: Wire) -> None:
    answer = wire.ask("POST", "/", b"SELECT number, toString(number) FROM numbers(2000000)")
    assert answer.headers["Transfer-Encoding"] == "chunked"
    assert answer.body.count(b"\n") == 2_000_000


@pytest.mark.parametrize(
    "form", ["JSON", "JSONCompact", "CSVWithNames", "TSVWithNamesAndTypes", "Native", "RowBinary", "Parquet", "Pretty", "XML"]
)
def test_any_format_is_whole(wire: Wire, form: str) -> None:
    sql = b"SELECT number, toString(number) FROM numbers(200000) FORMAT " + form.encode()
    answer = wire.ask("POST", "/", sql)
    assert answer.headers["X-ClickHouse-Format"] == form
    if form.startswith("JSON"):
        assert json.loads(answer.body)["rows"] == 200_000
    if "WithNames" in form:
        assert answer.body.count(b"toString(number)") == 1


def test_totals_are_kept(wire: Wire) -> None:
    body = wire.ask("POST", "/", b"SELECT number % 2 AS a, count() FROM numbers(5) GROUP BY a WITH TOTALS ORDER BY a").body
    assert body == b"0\t3\n1\t2\n\n0\t5\n"


def test_an_error_in_mid_stream_is_seen(client: Client, wire: Wire) -> None:
    sql = "SELECT throwIf(number = 900000), toString(number) FROM numbers(1000000)"
    with pytest.raises(DatabaseError, match="395"):
        client.query(sql)
    with pytest.raises(ConnectionError):
        wire.ask("POST", "/?enable_http_compression=0", (sql + " SETTINGS max_threads = 1").encode())


def test_sessions_keep_tables_and_settings(wire: Wire) -> None:
    at = "/?session_id=one"
    assert wire.ask("POST", at, b"CREATE TEMPORARY TABLE mine (x UInt8)").status == 200
    assert wire.ask("POST", at, b"INSERT INTO mine VALUES (4)").status == 200
    assert wire.ask("POST", at, b"SET max_threads = 5").status == 200
    assert (
        wire.ask("POST", at + "&max_threads=9&database=system", b"SELECT getSetting('max_threads'), currentDatabase()").body
        == b"9\tsystem\n"
    )
    assert wire.ask("POST", at + "&max_threads=9", b"SELECT nosuch").status == 404
    assert wire.ask("POST", at + "&nosuch=9", b"SELECT 1").headers["X-ClickHouse-Exception-Code"] == "115"
    assert wire.ask("POST", at, b"SELECT getSetting('max_threads'), currentDatabase(), x FROM mine").body == b"5\tdefault\t4\n"
    assert wire.ask("POST", "/?session_id=two", b"SELECT x FROM mine").status == 404
    assert wire.ask("POST", "/?session_id=three&session_check=1", b"SELECT 1").headers["X-ClickHouse-Exception-Code"] == "372"


def test_a_session_serves_one_request_at_a_time_and_expires(wire: Wire) -> None:
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(wire.ask, "POST", "/?session_id=busy&session_timeout=1", b"SELECT sleep(1)")
        time.sleep(0.4)
        assert wire.ask("POST", "/?session_id=busy", b"SELECT 1").headers["X-ClickHouse-Exception-Code"] == "373"
        assert slow.result().status == 200
    time.sleep(1.1)
    assert wire.ask("POST", "/?session_id=busy&session_check=1", b"SELECT 1").headers["X-ClickHouse-Exception-Code"] == "372"


def test_tables_can_come_along(client: Client) -> None:
    data = ExternalData(file_name="wanted.tsv", data=b"1\ta\n2\tb\n", fmt="TSV", structure=["x UInt8", "y String"])
    assert client.query("SELECT y FROM wanted WHERE x = 2", external_data=data).result_rows == [("b",)]


async def test_the_async_client(server: LocalWarehouse) -> None:
    client = await clickhouse_connect.get_async_client(host=server.host, port=server.port)
    answers = await asyncio.gather(*(client.query("SELECT {n:UInt32}", parameters={"n": number}) for number in range(20)))
    assert [answer.result_rows for answer in answers] == [[(number,)] for number in range(20)]
    await client.close()


def test_eight_at_a_time(wire: Wire, table: str) -> None:
    def work(worker: int) -> int:
        for turn in range(12):
            sent = rows(500, first=(worker * 12 + turn) * 500)
            assert wire.ask("POST", f"/?query=INSERT+INTO+{table}+FORMAT+JSONEachRow", sent).status == 200
            assert wire.ask("POST", f"/?max_threads={worker + 1}", b"SELECT getSetting('max_threads')").body == b"%d\n" % (worker + 1)
        return 12 * 500

    with ThreadPoolExecutor(8) as pool:
        total = sum(pool.map(work, range(8)))
    assert wire.ask("POST", "/", f"SELECT count(), uniqExact(id) FROM {table}".encode()).body == b"%d\t%d\n" % (total, total)


def test_who_hangs_up_stops_his_query(server: LocalWarehouse, wire: Wire) -> None:
    with socket.create_connection((server.host, server.port)) as gone:
        sql = b"SELECT sum(sleepEachRow(0.05)) FROM numbers(400) SETTINGS max_block_size = 1, log_queries = 0"
        gone.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(sql) + sql)
        time.sleep(0.5)
        running = b"SELECT count() FROM system.processes WHERE query LIKE '%sleepEachRow%' AND query NOT LIKE '%processes%'"
        assert wire.ask("POST", "/", running).body == b"1\n"
    deadline_s = time.monotonic() + 5
    while wire.ask("POST", "/", running).body != b"0\n":
        assert time.monotonic() < deadline_s
        time.sleep(0.1)


@pytest.mark.parametrize(
    "request_bytes",
    [b"nonsense\r\n\r\n", b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Encoding: snow\r\nContent-Length: 3\r\n\r\nabc"],
)
def test_bad_requests_do_no_harm(server: LocalWarehouse, wire: Wire, request_bytes: bytes) -> None:
    with socket.create_connection((server.host, server.port), 5) as sent:
        sent.sendall(request_bytes)
        assert sent.recv(64).split()[1] in (b"400", b"500")
    assert wire.ask("GET", "/ping").status == 200


def test_metrics(wire: Wire) -> None:
    wire.ask("POST", "/", b"SELECT nosuch")
    body = wire.ask("GET", "/metrics").body.decode()
    for name in (
        "queries_total",
        "inserts_total",
        "rows_written_total",
        'errors_total{code="47"}',
        "seconds_bucket",
        "rss_bytes",
        "sessions",
    ):
        assert f"cartwake_warehouse_{name}" in body


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl")
def test_curl(server: LocalWarehouse) -> None:
    command = ["curl", "-sS", "--compressed", f"http://{server.host}:{server.port}/?enable_http_compression=1", "--data-binary", "SELECT 1"]
    assert subprocess.run(command, capture_output=True, check=True, timeout=20).stdout == b"1\n"


def test_kill_loses_no_row_that_was_acknowledged(tmp_path: Path) -> None:
    with local_warehouse(tmp_path, 0) as server:
        wire = Wire(server.host, server.port)
        assert wire.ask("POST", "/", f"CREATE TABLE items {TABLE}".encode()).status == 200
        acknowledged: list[int] = []

        def write() -> None:
            for batch in range(100_000):
                at = f"/?insert_deduplication_token=t:{batch}&query=INSERT+INTO+items+FORMAT+JSONEachRow"
                try:
                    if wire.ask("POST", at, rows(200, first=batch * 200)).status != 200:
                        return
                except OSError:
                    return
                acknowledged.append(batch)

        writer = threading.Thread(target=write)
        writer.start()
        time.sleep(1.0)
        server.kill()
        writer.join()
        server.start()
        again = range(max(0, len(acknowledged) - 20), len(acknowledged) + 1)
        for batch in again:
            at = f"/?insert_deduplication_token=t:{batch}&query=INSERT+INTO+items+FORMAT+JSONEachRow"
            assert wire.ask("POST", at, rows(200, first=batch * 200)).status == 200
        total = (len(acknowledged) + 1) * 200
        assert wire.ask("POST", "/", b"SELECT count(), uniqExact(id) FROM items").body == b"%d\t%d\n" % (total, total)


def test_stopping_finishes_what_runs(tmp_path: Path) -> None:
    process, port = _start(tmp_path)
    wire = Wire("127.0.0.1", port)
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(wire.ask, "POST", "/", b"SELECT sleep(1.5)")
        time.sleep(0.4)
        process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        assert wire.ask("POST", "/", b"SELECT 1").status == 503
        assert slow.result().body == b"0\n"
    assert process.wait(10) == 0


def test_a_second_process_on_the_folder_is_told_who_has_it(tmp_path: Path) -> None:
    process, _ = _start(tmp_path)
    second = subprocess.run(_command(tmp_path), capture_output=True, text=True, timeout=30)
    assert second.returncode == 1
    assert f"(pid {process.pid})" in second.stderr and str(tmp_path) in second.stderr
    process.terminate()
    assert process.wait(10) == 0


def test_a_crash_ends_the_process_at_once(tmp_path: Path) -> None:
    process, _ = _start(tmp_path)
    process.send_signal(signal.SIGSEGV)
    assert process.wait(5) == -signal.SIGSEGV


def _command(folder: Path) -> list[str]:
    return [sys.executable, "-m", "runtime.local.warehouse", "--path", str(folder), "--port", "0", "--memory-mib", "512"]


def _start(folder: Path) -> tuple["subprocess.Popen[str]", int]:
    process = subprocess.Popen(_command(folder), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    with process.stdout as out:
        line = out.readline()
    assert line.startswith("ready http://127.0.0.1:")
    return process, int(line.rsplit(":", 1)[1])
