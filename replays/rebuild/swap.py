"""Puts a shadow lane's rows in a lane's place, table by table with EXCHANGE TABLES; what was there stays until it is dropped."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

DERIVED = ("identities", "sessions", "carts", "funnel_levels", "segments", "shares", "triggers")
BEFORE = "__before"
NEW = "__new"
SORTING = "SELECT sorting_key FROM system.tables WHERE database = currentDatabase() AND name = {table:String}"
COLUMNS = """SELECT name FROM system.columns WHERE database = currentDatabase() AND table = {table:String}
    AND default_kind NOT IN ('EPHEMERAL', 'ALIAS') ORDER BY position"""
THERE = "SELECT name FROM system.tables WHERE database = currentDatabase() AND endsWith(name, {ending:String})"
HOLDING = """SELECT DISTINCT table FROM system.columns WHERE database = currentDatabase() AND name = 'lane'
    AND table IN (SELECT name FROM system.tables WHERE database = currentDatabase() AND endsWith(engine, 'MergeTree'))"""
# What of a row tells how it came about, not what it says.
OWN = ("lane", "version", "inserted_at", "replayed", "decision", "reason")
TOLD = "WHERE before.old_version > 0 OR new.status = 'fired'"
LACKING = """WHERE lane = {lane:String} AND trigger_id NOT IN (SELECT trigger_id FROM triggers WHERE lane = {shadow:String})"""
EVENT = "message_id, write_key, person_id, occurred_at, received_at, late"
Ask = Callable[[str, Mapping[str, Any]], Iterable[tuple[Any, ...]]]
Do = Callable[[str, Mapping[str, Any]], None]


class SwapError(RuntimeError):
    """The tables are not exchanged. The message says why: show it and stop."""


@dataclass(frozen=True)
class Difference:
    """Rows of a table in both lanes, and how many only one of them has."""

    table: str
    before: int
    rebuilt: int
    only_before: int
    only_rebuilt: int


class Swap:
    """`lane` is to have the rows of `shadow`."""

    def __init__(self, ask: Ask, do: Do, lane: str, shadow: str) -> None:
        self._ask, self._do = ask, do
        self._lanes = {"lane": lane, "shadow": shadow}

    def compare(self) -> list[Difference]:
        """The events, which must be the same, then each derived table."""
        found = [self._difference("events", "events", EVENT)]
        for table in DERIVED:
            columns = [f"`{name}`" for name in self._columns(table) if name not in OWN]
            found.append(self._difference(table, f"(SELECT * FROM {table} FINAL)", ", ".join(columns)))
        return found

    def refuse_leftovers(self) -> None:
        """SwapError while the tables of an earlier exchange are there."""
        if kept := [name for (name,) in self._ask(THERE, {"ending": BEFORE})]:
            raise SwapError(f"{', '.join(kept)}: what an earlier exchange left is still there; drop it first (--drop-old)")

    def exchange(self) -> None:
        """Every derived table. Both lanes are at rest, and have come equally far. Raises SwapError as `refuse_leftovers`."""
        self.refuse_leftovers()
        for table in DERIVED:
            self._prepare(table)
        for table in DERIVED:
            self._do(f"EXCHANGE TABLES {table} AND {table}{NEW}", {})
        for table in DERIVED:
            self._do(f"RENAME TABLE {table}{NEW} TO {table}{BEFORE}", {})

    def _prepare(self, table: str) -> None:
        """The table as it will be: other lanes as they are, this lane as the shadow has it.

        A row keeps the version that it had: the running stream goes on above it. Triggers are facts, since the shop may have heard of them:
        what had been decided of one stays so, and one that the shadow lacks is void. A void one of which the lane never told stays untold.
        """
        ((sorting,),) = self._ask(SORTING, {"table": table})
        keys = [key.strip() for key in sorting.split(",") if key.strip() != "lane"]
        columns = self._columns(table)
        told = [name for name in ("decision", "reason", "replayed") if table == "triggers"]
        kept = ", ".join([*(f"argMax({name}, old.version) AS old_{name}" for name in told), "max(old.version) AS old_version"])
        chosen = {name: f"new.`{name}`" for name in columns}
        chosen |= {"lane": "{lane:String}", "version": "before.old_version"}
        chosen |= {name: f"if(before.old_version = 0, new.`{name}`, before.old_{name})" for name in told}
        names, group = ", ".join(f"`{name}`" for name in columns), ", ".join(f"`{key}`" for key in keys)
        self._do(f"DROP TABLE IF EXISTS {table}{NEW}", {})
        self._do(f"CREATE TABLE {table}{NEW} AS {table}", {})
        insert = f"INSERT INTO {table}{NEW} ({names})"
        settings = "SETTINGS insert_allow_materialized_columns = 1, join_use_nulls = 0"
        others = f"SELECT {names} FROM {table} WHERE lane NOT IN ({{lane:String}}, {{shadow:String}})"
        self._do(f"{insert} {others} {settings}", self._lanes)
        self._do(
            f"""{insert} SELECT {", ".join(chosen[name] for name in columns)}
            FROM (SELECT *, inserted_at FROM {table} FINAL WHERE lane = {{shadow:String}}) AS new
            LEFT JOIN (SELECT {group}, {kept} FROM {table} AS old WHERE lane = {{lane:String}} GROUP BY {group}) AS before
                ON {" AND ".join(f"before.`{key}` = new.`{key}`" for key in keys)}
            {TOLD if table == "triggers" else ""} {settings}""",
            self._lanes,
        )
        if table == "triggers":
            void = ", ".join("'void'" if name == "status" else f"`{name}`" for name in columns)
            self._do(f"{insert} SELECT {void} FROM (SELECT *, inserted_at FROM triggers FINAL {LACKING}) {settings}", self._lanes)

    def drop_old(self) -> list[str]:
        """What an exchange left: the tables, and all other rows of the shadow lane. Their names."""
        dropped = [name for (name,) in self._ask(THERE, {"ending": BEFORE})]
        for name in dropped:
            self._do(f"DROP TABLE `{name}` SYNC", {})
        for (table,) in self._ask(HOLDING, {}):
            self._do(
                f"ALTER TABLE `{table}` DELETE WHERE lane = {{shadow:String}} SETTINGS mutations_sync = 2",
                {"shadow": self._lanes["shadow"]},
            )
        return dropped

    def _difference(self, name: str, table: str, columns: str) -> Difference:
        sql = f"""SELECT sum(a), sum(b), sum(greatest(a, b) - b), sum(greatest(a, b) - a) FROM (
            SELECT {columns}, countIf(lane = {{lane:String}}) AS a, countIf(lane = {{shadow:String}}) AS b
            FROM {table} WHERE lane IN ({{lane:String}}, {{shadow:String}}) GROUP BY {columns})"""
        ((before, rebuilt, only_before, only_rebuilt),) = self._ask(sql, self._lanes)
        return Difference(name, before, rebuilt, only_before, only_rebuilt)

    def _columns(self, table: str) -> list[str]:
        return [name for (name,) in self._ask(COLUMNS, {"table": table})]
