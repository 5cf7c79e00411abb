"""What cartwake and the peers all compute, in one shape: the ground on which their outputs are compared.

- `identities`: the person that each anonymous one became
- `sessions`: when each session of a device began (so their number), by device
- `carts`: status, value, when abandoned, order and whether recovered, by person, cart id and opening time
- `funnel_levels`: the level of each person
- `triggers`: when each cart's abandonment fired
- `segments`: the churn tier that a person is in at the end, and since when
"""

from __future__ import annotations

from collections.abc import Iterable

from bench.outputs import Key, Outputs, Row

Tables = dict[str, dict[Key, Row]]


def of_cartwake(outputs: Outputs) -> Tables:
    now = outputs.person_now
    return {
        "identities": {key: {"person": row["person_id"]} for key, row in outputs.valid("identities").items()},
        "sessions": {(row["device_id"], row["started_at_ms"]): {} for row in outputs.valid("sessions").values()},
        "carts": {
            (now(row["person_id"]), row.get("cart_id", ""), row["opened_at_ms"]): _cart(row) for row in outputs.valid("carts").values()
        },
        "funnel_levels": {key: {"level": row["level"]} for key, row in outputs.valid("funnel_levels").items()},
        "triggers": {(now(row["person_id"]), row.get("cart_id", ""), row["fired_at_ms"]): {} for row in outputs.valid("triggers").values()},
        "segments": {
            (now(row["person_id"]), row["value"]): {"since": row["entered_at_ms"]}
            for row in outputs.valid("segments").values()
            if "left_at_ms" not in row
        },
    }


def _cart(row: Row) -> Row:
    return {
        "status": row["status"],
        "value": round(float(row.get("value", 0)), 2),
        "abandoned": row.get("abandoned_at_ms"),
        "order": row.get("order_id", ""),
        "recovered": row.get("recovered", False),
    }


def of_peer(rows: Iterable[Row]) -> Tables:
    """From a peer's result rows; of each key the last one counts."""
    last: dict[tuple[str, str], Row] = {(row["table"], row["key"]): row for row in rows}
    persons = {row["id"]: row["person_id"] for (table, _), row in last.items() if table == "identities"}
    found: Tables = {name: {} for name in ("identities", "sessions", "carts", "funnel_levels", "triggers", "segments")}
    for (table, key), row in last.items():
        person = persons.get(row.get("person_id", ""), row.get("person_id", ""))
        if table == "identities":
            found[table][(key,)] = {"person": row["person_id"]}
        elif table == "sessions":
            found[table][(row["device_id"], row["started"])] = {}
        elif table == "carts":
            names = {"status": "status", "value": "value", "abandoned": "abandoned", "order": "order_id", "recovered": "recovered"}
            found[table][(person, row["cart_id"], row["opened"])] = {name: row[field] for name, field in names.items()}
        elif table == "funnel_levels" and not row.get("deleted"):
            found[table][(person,)] = {"level": row["level"]}
        elif table == "triggers":
            found[table][(person, row["cart_id"], row["fired"])] = {}
        elif table == "segments" and row["left"] is None:
            found[table][(person, row["tier"])] = {"since": row["entered"]}
    return found
