"""`python -m sinks.document` writes docs/warehouse.md: every table as the engine has it, every view as its file's header tells it."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from runtime.local.testing import local_warehouse
from runtime.settings import Settings
from sinks.clickhouse import ClickHouse, connect
from sinks.migrate import HOME, migrate
from sinks.view_header import Header, read_header

PAGE = HOME.parent / "docs" / "warehouse.md"
# By the tens of the files' numbers.
CHAPTERS = {
    1: "Identity",
    2: "Tables as they are now",
    3: "Events, orders and persons with their history joined",
    4: "Funnels",
    5: "Traffic",
    6: "Sales",
    7: "Carts and triggers",
    8: "Customers",
    9: "Attribution and spend",
    10: "Shares and group buying",
    11: "Experiments",
    12: "Quality",
    13: "Agreement of live and recomputed numbers",
}
TABLES = """SELECT name, engine, sorting_key, partition_key, comment FROM system.tables
    WHERE database = currentDatabase() AND engine LIKE '%MergeTree' ORDER BY name FORMAT JSONEachRow"""
COLUMNS = """SELECT name, type, comment FROM system.columns
    WHERE database = currentDatabase() AND table = {table:String} AND default_kind != 'EPHEMERAL' ORDER BY position FORMAT JSONEachRow"""
PREFACE = """# The warehouse: tables and views

Made by `python -m sinks.document` from the tables' comments and the headers of `sinks/views/*.sql`; do not edit it here.

- **Lane**: every table and view has `lane`: the run of the stream that a row belongs to. `live` is the real one; a replay or
  the demo has its own. Always ask for one.
- **Days** begin where the setting `business_timezone` says. Times are stored in UTC.
- **Money** is a decimal beside its `currency`; no view adds two currencies up.
- Rows that change carry a `version`: ask the views `<table>_now`, which show the latest version of each.
- A view with parameters is called like a function:
  `SELECT * FROM name(lane = 'live', from_day = '2026-01-01', to_day = '2026-01-31')`; both days count.
"""


@dataclass(frozen=True)
class Column:
    name: str
    type: str
    comment: str


async def page(settings: Settings) -> str:
    """The document's text, from a database that has been migrated."""
    async with connect(settings) as warehouse:
        parts = [PREFACE, "\n## Tables\n"]
        for table in await _rows(warehouse, TABLES):
            columns = await table_columns(warehouse, table["name"])
            parts += _table(table, columns)
        for chapter, headers in chapters(read_headers()).items():
            parts.append(f"\n## {chapter}\n")
            for header in headers:
                parts += _view(header, await view_columns(warehouse, header))
    return "\n".join(parts).rstrip() + "\n"


def read_headers(folder: Path = HOME / "views") -> list[Header]:
    """The header of every view, in the order of creation. Raises HeaderError."""
    files = sorted(folder.glob("*.sql"), key=lambda file: (int(file.name.split("_")[0]), file.name))
    return [read_header(file.name, file.read_text(encoding="utf-8")) for file in files]


def chapters(headers: Sequence[Header]) -> dict[str, list[Header]]:
    """Views by chapter. Raises KeyError for a number that no chapter has."""
    found: dict[str, list[Header]] = {}
    for header in headers:
        found.setdefault(CHAPTERS[header.number // 10], []).append(header)
    return found


async def table_columns(warehouse: ClickHouse, table: str) -> list[Column]:
    rows = await _rows(warehouse, COLUMNS, {"table": table})
    return [Column(row["name"], row["type"], row["comment"]) for row in rows]


async def view_columns(warehouse: ClickHouse, header: Header) -> list[Column]:
    """Columns with the engine's types; what they mean is from the header, or from the table that the view is like."""
    called = f"{header.view}({header.arguments})" if header.parameters else header.view
    rows = await _rows(warehouse, f"DESCRIBE (SELECT * FROM {called}) FORMAT JSONEachRow")
    meanings = {each.name: each.comment for each in await table_columns(warehouse, header.like)} if header.like else {}
    meanings |= header.columns
    return [Column(row["name"], row["type"], meanings.get(row["name"], "")) for row in rows]


async def _rows(warehouse: ClickHouse, sql: str, params: dict[str, str] | None = None) -> list[dict[str, str]]:
    answer = await warehouse.execute(sql, params)
    return [json.loads(line) for line in answer.splitlines()]


def _table(table: dict[str, str], columns: Sequence[Column]) -> list[str]:
    partition = f", partition `{table['partition_key']}`" if table["partition_key"] else ""
    head = [f"\n### `{table['name']}`\n", f"{table['comment']}.\n", f"{table['engine']}, order `{table['sorting_key']}`{partition}.\n"]
    return [*head, *_grid(columns)]


def _view(header: Header, columns: Sequence[Column]) -> list[str]:
    lines = [f"\n### `{header.view}`\n", f"{header.what}\n", f"**Grain:** {header.grain}.\n"]
    if header.parameters:
        lines += ["| Parameter | Type | Meaning |", "|---|---|---|"]
        lines += [f"| `{name}` | `{kind}` | {_cell(meaning)} |" for name, (kind, meaning) in header.parameters.items()] + [""]
    if header.like and not header.columns:
        lines.append(f"**Columns:** those of the table [`{header.like}`](#{header.like}).\n")
    else:
        shown = [each for each in columns if each.name in header.columns] if header.like else columns
        if header.like:
            lines.append(f"**Columns:** those of the table [`{header.like}`](#{header.like}), and\n")
        lines += [*_grid(shown), ""]
    return [*lines, "```sql", header.example, "```\n", f"**Caveats:** {header.caveats}"]


def _grid(columns: Sequence[Column]) -> list[str]:
    rows = [f"| `{each.name}` | `{_cell(each.type)}` | {_cell(each.comment)} |" for each in columns]
    return ["| Column | Type | Meaning |", "|---|---|---|", *rows]


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def main(arguments: Sequence[str]) -> int:
    """Write the page; exit status 2 for arguments it does not know."""
    if arguments:
        print("usage: python -m sinks.document", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder, local_warehouse(Path(folder)) as service:
        settings = replace(Settings(), warehouse_host=service.host, warehouse_port=service.port)
        asyncio.run(migrate(settings))
        PAGE.write_text(asyncio.run(page(settings)), encoding="utf-8")
    print(f"written: {PAGE.relative_to(HOME.parent)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
