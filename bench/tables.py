"""What the table `events` costs and gives in other orders and codecs: `python -m bench.tables [EVENTS TIMES [NAME ...]]`.

What came of it: docs/decisions/warehouse-tables.md.

A feed's rows, TIMES times over (other persons, other days), in chDB in this process: nothing but the engine is measured.
"""

from __future__ import annotations

import re
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import chdb

from bench.feed import FeedSpec, feed
from bench.lab import machine, say_on_stderr
from bench.rows import rows_of
from runtime.settings import Settings
from schemas.topics import row_columns, table_topics
from sinks.migrate import read_migrations, statements

COLUMNS = next(row_columns(topic) for topic in table_topics() if topic.table == "events")
ORDER = "ORDER BY (lane, toDate(occurred_at), event, person_id, occurred_at)"
IDS = ("message_id", "person_id", "device_id", "user_id", "order_id", "cart_id", "share_id", "search_term", "target")
Change = Callable[[str], str]
_REPEATS = 5


def _order(order: str) -> Change:
    return lambda sql: sql.replace(ORDER, f"ORDER BY ({order})")


def _codec(names: tuple[str, ...], codec: str) -> Change:
    """The columns' comments are followed by the codec."""
    return lambda sql: re.sub(rf"(?m)^(    (?:{'|'.join(names)}) String COMMENT '(?:[^']|'')*')(,?)$", rf"\1 CODEC({codec})\2", sql)


# Each against the table as it is.
VARIANTS: dict[str, Change] = {
    "as it is": lambda sql: sql,
    "by event, then day": _order("lane, event, toDate(occurred_at), person_id, occurred_at"),
    "by person": _order("lane, person_id, occurred_at"),
    "by day and person": _order("lane, toDate(occurred_at), person_id, occurred_at"),
    "partitions of a day": lambda sql: sql.replace("toYYYYMM(occurred_at)", "toYYYYMMDD(occurred_at)"),
    "no partitions": lambda sql: sql.replace("PARTITION BY if(late, 0, toYYYYMM(occurred_at))\n", ""),
    "ids ZSTD(1)": _codec(IDS, "ZSTD(1)"),
    "ids ZSTD(3)": _codec(IDS, "ZSTD(3)"),
    "times LZ4": lambda sql: sql.replace("CODEC(DoubleDelta, ZSTD(1))", "CODEC(LZ4)"),
    "times Delta, ZSTD": lambda sql: sql.replace("CODEC(DoubleDelta, ZSTD(1))", "CODEC(Delta, ZSTD(1))"),
    "no bloom filters": lambda sql: re.sub(r",\n    INDEX [^)]*(?=\n\))", "", sql),
}
_STEPS = ", ".join(f"event = '{step}'" for step in Settings().funnel_steps)
QUERIES = {
    "day": "WITH (SELECT toDate(max(occurred_at)) - 2 FROM events WHERE lane = 'copy 2') AS day SELECT event, uniqExact(person_id), count()"
    " FROM events WHERE lane = 'copy 2' AND toDate(occurred_at) = day GROUP BY event",
    "funnel": "SELECT level, count() FROM (SELECT person_id,"
    f" windowFunnel(604800000)(toUInt64(toUnixTimestamp64Milli(occurred_at)), {_STEPS}) AS level"
    " FROM events GROUP BY person_id) GROUP BY level",
    "sales": "SELECT toDate(occurred_at) AS day, currency, count(), sum(value) FROM events WHERE event = 'purchase' GROUP BY day, currency",
    "channels": "SELECT channel, device_type, uniq(person_id), count() FROM events GROUP BY channel, device_type",
    "person": "SELECT event, occurred_at, page_url FROM events"
    " WHERE person_id = (SELECT max(person_id) FROM events WHERE person_id LIKE 'd:%4') ORDER BY occurred_at",
    "order": "SELECT person_id, value FROM events WHERE order_id = (SELECT max(order_id) FROM events)",
}


class Variant:
    """One table in a database of its own."""

    def __init__(self, handle: object, name: str, change: Change) -> None:
        self._handle, self.name = handle, name
        base = next(each for each in statements(read_migrations()[0].sql) if each.startswith("CREATE TABLE IF NOT EXISTS events"))
        made = change(base)
        if name != "as it is" and made == base:
            raise ValueError(f"{name} changes nothing: the migration reads otherwise than this file thinks")
        self.ask("CREATE DATABASE v")
        self.ask("USE v")
        self.ask(made)
        for alter in (sql for migration in read_migrations() for sql in statements(migration.sql) if sql.startswith("ALTER TABLE events")):
            if "CODEC" not in alter:  # what this file found is not part of what it starts from
                self.ask(alter)

    def ask(self, sql: str) -> list[list[str]]:
        answer = self._handle.query(sql, "TabSeparated")  # type: ignore[attr-defined]
        return [line.split("\t") for line in bytes(answer.bytes() or b"").decode().splitlines()]

    def fill(self, file: Path, times: int) -> float:
        """Seconds. Each time other persons, orders and messages, some days later."""
        columns = ", ".join(COLUMNS)
        began_s = time.perf_counter()
        self.ask(f"INSERT INTO events ({columns}) FROM INFILE '{file}' FORMAT JSONEachRow")
        first_s = time.perf_counter() - began_s
        stored = [name for name in COLUMNS if not name.endswith("_at_ms")]
        stored += [name.removesuffix("_ms") for name in COLUMNS if name.endswith("_at_ms")]
        for number in range(1, times):
            changed = [_later(name, number) for name in stored]
            self.ask(f"INSERT INTO events ({', '.join(stored)}) SELECT {', '.join(changed)} FROM events WHERE lane = 'bench'")
        self.ask("OPTIMIZE TABLE events FINAL")
        return first_s

    def bytes_a_row(self) -> float:
        parts = "system.parts WHERE active AND database = 'v' AND table = 'events'"
        return float(self.ask(f"SELECT sum(bytes_on_disk) / sum(rows) FROM {parts}")[0][0])

    def milliseconds(self, sql: str) -> float:
        taken = []
        for _ in range(_REPEATS):
            began_s = time.perf_counter()
            self.ask(sql)
            taken.append((time.perf_counter() - began_s) * 1000)
        return min(taken[1:])

    def drop(self) -> None:
        self.ask("DROP DATABASE v SYNC")
        self.ask("USE default")


def _later(name: str, number: int) -> str:
    if name == "lane":
        return f"'copy {number}'"
    if name in ("person_id", "message_id", "device_id", "user_id", "order_id"):
        return f"if({name} = '', '', concat({name}, '{number}'))"
    return f"{name} + toIntervalDay({4 * number})" if name in ("occurred_at", "received_at") else name


def main() -> int:
    events, times = map(int, sys.argv[1:3] if len(sys.argv) > 2 else (240_000, 8))
    wanted = sys.argv[3:] or list(VARIANTS)
    with tempfile.TemporaryDirectory(prefix="cartwake-tables-") as name:
        folder = Path(name)
        file = folder / "rows.json"
        made = feed(FeedSpec(events=events, partitions=4), Path(Settings().data_dir) / "bench", say_on_stderr)
        file.write_bytes(b"\n".join(line for lines in rows_of(made, "bench").values() for line in lines))
        handle = chdb.connect(f"{folder}/data?max_server_memory_usage={4 << 30}")  # type: ignore[no-untyped-call]
        print(f"{events * times:,} rows; {machine()}")
        print("| | bytes a row | rows/s in | " + " | ".join(f"{query} ms" for query in QUERIES) + " |")
        print("|---|" + "---|" * (len(QUERIES) + 2))
        for variant in wanted:
            table = Variant(handle, variant, VARIANTS[variant])
            first_s = table.fill(file, times)
            figures = [f"{table.bytes_a_row():.1f}", f"{events / first_s:,.0f}"]
            figures += [f"{table.milliseconds(sql):.0f}" for sql in QUERIES.values()]
            print(f"| {variant} | " + " | ".join(figures) + " |", flush=True)
            table.drop()
        handle.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
