"""Erases one person: first the list that keeps them out, then every row, then a look at every table until nothing comes after."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from erasure.ids import Ask, PersonIds, ids_of_person
from erasure.places import Table, pattern, tables
from schemas.suppression import id_hash

ROUNDS = 5
NEWS_S = 3.0  # sinks read the list at least this often: rows written after that are none of the person
AT_ONCE = 10_000
TRIGGERS = "SELECT DISTINCT trigger_id FROM triggers WHERE person_id IN {persons:Array(String)}"
Do = Callable[[str, Mapping[str, Any]], None]
Watch = Callable[[str], None]


@dataclass(frozen=True)
class Erased:
    """`deleted`: rows by table; `left`: rows of other persons by `table.column` in whose text an id still stands."""

    ids: tuple[str, ...]
    deleted: dict[str, int]
    left: dict[str, int]

    def as_json(self) -> dict[str, Any]:
        return {"well": not self.left, **asdict(self)}


class Eraser:
    """`ask` reads, `do` writes; both block. `salt` keys the hashes."""

    def __init__(self, ask: Ask, do: Do, salt: str, watch: Watch = lambda text: None, news_s: float = NEWS_S) -> None:
        self._ask, self._do, self._salt, self._watch, self._news_s = ask, do, salt, watch, news_s

    def erase(self, person: str, ids: PersonIds | None = None) -> Erased:
        """Everything of the person, in all lanes. Again on somebody erased: nothing is found, nothing is wrong."""
        ids = ids or ids_of_person(self._ask, person)
        self.suppress(ids)
        places, deleted = tables(self._ask), dict[str, int]()
        for number in range(ROUNDS):
            gone = self._delete_all(places, ids)
            for table, rows in gone.items():
                deleted[table] = deleted.get(table, 0) + rows
            if number and not gone:  # a round behind the sinks' news found nothing more
                break
            time.sleep(self._news_s)
        return Erased(ids.persons, deleted, self.search(ids, places))

    def search(self, ids: PersonIds, places: list[Table] | None = None) -> dict[str, int]:
        """Rows by `table.column` in which any of the ids stands as a word, in every table's every column of text."""
        found: dict[str, int] = {}
        for table in places or tables(self._ask):
            self._watch(f"look through {table.name}")
            if not table.texts:
                continue
            counts = ", ".join(f"countIf(match({text}, {{pattern:String}}))" for text in table.texts)
            (row,) = self._ask(f"SELECT {counts} FROM `{table.name}`", {"pattern": pattern(ids)})
            found |= {f"{table.name}.{text.split('`')[1]}": rows for text, rows in zip(table.texts, row, strict=True) if rows}
        return found

    def suppress(self, ids: PersonIds) -> None:
        """From now on nobody stores anything that names them."""
        hashes = [id_hash(each, self._salt) for each in ids.persons]
        self._do("INSERT INTO erasures (id_hash) SELECT arrayJoin({hashes:Array(String)})", {"hashes": hashes})

    def _delete_all(self, places: list[Table], ids: PersonIds) -> dict[str, int]:
        """Rows that were deleted, by table. Each deletion is waited for."""
        triggers = [trigger for (trigger,) in self._ask(TRIGGERS, {"persons": list(ids.persons)})]
        parameters: dict[str, Any] = {"persons": list(ids.persons), "users": ids.users, "devices": ids.devices}
        parameters |= {"triggers": triggers, "pattern": pattern(ids)}
        gone: dict[str, int] = {}
        for table in places:
            condition = table.condition()
            if not condition:
                continue
            ((rows,),) = self._ask(f"SELECT count() FROM `{table.name}` WHERE {condition}", _used(parameters, condition))
            if rows:
                self._watch(f"delete {rows} rows of {table.name}")
                statement = f"ALTER TABLE `{table.name}` DELETE WHERE {condition} SETTINGS mutations_sync = 2"
                self._do(statement, _used(parameters, condition))
                gone[table.name] = rows
        return gone


def _used(parameters: Mapping[str, Any], sql: str) -> dict[str, Any]:
    return {name: value for name, value in parameters.items() if f"{{{name}:" in sql}
