"""Everything that is stored on a person, as rows of tables: for the right of access, and to take along (JSON, CSV)."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

from erasure.erase import TRIGGERS
from erasure.ids import Ask, ids_of_person
from erasure.places import pattern, tables


def stored_on(ask: Ask, person: str) -> dict[str, Any]:
    """`ids`, and `tables`: rows by table, each with its columns."""
    ids = ids_of_person(ask, person)
    triggers = [trigger for (trigger,) in ask(TRIGGERS, {"persons": list(ids.persons)})]
    parameters = {"persons": list(ids.persons), "users": ids.users, "devices": ids.devices, "triggers": triggers, "pattern": pattern(ids)}
    found: dict[str, list[dict[str, Any]]] = {}
    for table in tables(ask):
        condition = table.condition()
        if condition:
            columns = list(table.columns)
            read = ", ".join(_readable(name, table.columns[name]) for name in columns)
            used = {name: value for name, value in parameters.items() if f"{{{name}:" in condition}
            rows = [dict(zip(columns, row, strict=True)) for row in ask(f"SELECT {read} FROM `{table.name}` WHERE {condition}", used)]
            if rows:
                found[table.name] = rows
    return {"ids": list(ids.persons), "tables": found}


def as_json(document: dict[str, Any]) -> bytes:
    return json.dumps(document, default=str, ensure_ascii=False).encode()


def as_csv(document: dict[str, Any]) -> bytes:
    """One line a value: table, number of the row in it, column, value. Empty values are left out."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["table", "row", "column", "value"])
    for table, rows in document["tables"].items():
        for number, row in enumerate(rows, 1):
            for column, value in row.items():
                if value not in ("", None, [], {}):
                    plain = json.dumps(value, default=str, ensure_ascii=False) if isinstance(value, (list, dict, tuple)) else str(value)
                    writer.writerow([table, number, column, plain])
    return out.getvalue().encode()


def _readable(name: str, kind: str) -> str:
    if kind.startswith("AggregateFunction"):
        return f"toString(finalizeAggregation(`{name}`))"
    return f"toJSONString(`{name}`)" if kind.startswith("JSON") else f"`{name}`"
