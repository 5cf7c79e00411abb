"""Where in the warehouse an id can stand: every table and column, read from the database itself, so that a new table is not forgotten."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from erasure.ids import Ask, PersonIds

TABLES = """SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree'
    AND name NOT IN ('migrations', 'erasures') ORDER BY name"""
COLUMNS = """SELECT table, name, type FROM system.columns WHERE database = currentDatabase() AND default_kind NOT IN ('EPHEMERAL', 'ALIAS')
    ORDER BY table, position"""
# Columns that name a person, and in which of the spellings.
NAMING = {
    "person_id": "persons",
    "id": "persons",
    "device_id": "devices",
    "user_id": "users",
    "previous_id": "users",
}
LISTS = {"user_ids": "users", "device_ids": "devices"}
WORD = r"[A-Za-z0-9_\-]"


@dataclass(frozen=True)
class Table:
    """A table with its columns and their types."""

    name: str
    columns: Mapping[str, str]

    @property
    def texts(self) -> list[str]:
        """An expression for each column that can hold text."""
        return [_text(name, kind) for name, kind in self.columns.items() if re.search(r"String|JSON|Map", kind)]

    def condition(self) -> str:
        """What a row of the person fulfils; '' where no column names one."""
        parts = [f"`{name}` IN {{{kind}:Array(String)}}" for name, kind in NAMING.items() if name in self.columns]
        parts += [f"hasAny(`{name}`, {{{kind}:Array(String)}})" for name, kind in LISTS.items() if name in self.columns]
        if self.name == "deliveries":
            parts.append("trigger_id IN {triggers:Array(String)}")
        if self.name == "identities":
            parts.append("arrayExists(id -> endsWith(reason, concat(' by ', id)), {persons:Array(String)})")
        if self.name == "rejected":
            parts += [f"match({column}, {{pattern:String}})" for column in ("raw", "tryBase64Decode(raw)", "message", "message_id")]
        return " OR ".join(parts)


def tables(ask: Ask) -> list[Table]:
    """Every table of the database that holds data of lanes."""
    columns: dict[str, dict[str, str]] = {}
    for table, name, kind in ask(COLUMNS, {}):
        columns.setdefault(table, {})[name] = kind
    return [Table(name, columns[name]) for (name,) in ask(TABLES, {})]


def pattern(ids: PersonIds) -> str:
    """A regular expression (RE2) that finds any of the bare ids as a word of its own."""
    bare = sorted({each[2:] for each in ids.persons}, key=lambda each: (-len(each), each))
    return f"(?:^|[^A-Za-z0-9_\\-])(?:{'|'.join(map(re.escape, bare))})(?:$|[^A-Za-z0-9_\\-])"


def _text(name: str, kind: str) -> str:
    if kind.startswith("AggregateFunction"):
        return f"toString(finalizeAggregation(`{name}`))"
    return f"toJSONString(`{name}`)" if kind.startswith(("JSON", "Array", "Tuple", "Map")) else f"toString(`{name}`)"
