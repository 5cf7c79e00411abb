"""What every client asks of the same tables, and what the right answer is. Parameters are spelled as ClickHouse does: `{name:Type}`."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

PARAMETER = re.compile(r"\{(\w+):[^}]+\}")
LANE = "clients"
AT = datetime(2023, 11, 14, 22, 13, 20, 123_000, tzinfo=UTC)
AT_MS = 1_700_000_000_123
# Text that is trouble in URLs, JSON, TSV and SQL literals alike.
TRICKY = 'it\'s "50 %" & more\\ ü €'
LONG = 60_000

EVENTS: list[dict[str, Any]] = [
    {"message_id": "a", "event": "view_item", "person_id": "u:1", "search_term": TRICKY},
    {"message_id": "b", "event": "purchase", "person_id": "u:1", "value": "12.50", "currency": "EUR", "props": {"size": "XL"}},
    {"message_id": "c", "event": "purchase", "person_id": "u:2", "value": "0.25", "currency": "EUR", "late": True},
]
ITEMS = [{"product_id": "p1", "quantity": 1}, {"product_id": "p2", "quantity": 3}]


@dataclass(frozen=True)
class Question:
    name: str
    sql: str
    rows: list[list[Any]]
    parameters: dict[str, Any] = field(default_factory=dict)

    def positional(self) -> tuple[str, list[Any]]:
        """With `?`, as JDBC wants it."""
        return PARAMETER.sub("?", self.sql), [self.parameters[name] for name in PARAMETER.findall(self.sql)]

    def named(self) -> str:
        """With `:name`, as SQLAlchemy wants it."""
        return PARAMETER.sub(r":\1", self.sql)


QUESTIONS = [
    Question("arithmetic", "SELECT {n:UInt32} + 1 AS a, {s:String} AS b", [[42, TRICKY]], {"n": 41, "s": TRICKY}),
    Question(
        "types",
        "SELECT occurred_at, late, value, items.product_id AS products, props.size::String AS size, client_at, event"
        " FROM events WHERE lane = {lane:String} AND message_id = {id:String}",
        [[AT, False, Decimal("12.5"), ["p1", "p2"], "XL", None, "purchase"]],
        {"lane": LANE, "id": "b"},
    ),
    Question(
        "groups",
        "SELECT event, count() AS n, sum(value) AS total FROM events WHERE lane = {lane:String} GROUP BY event ORDER BY event",
        [["purchase", 2, Decimal("12.75")], ["view_item", 1, None]],
        {"lane": LANE},
    ),
    Question(
        "text",
        "SELECT message_id FROM events WHERE lane = {lane:String} AND search_term = {text:String}",
        [["a"]],
        {"lane": LANE, "text": TRICKY},
    ),
    Question("view", "SELECT count() AS n FROM events_resolved WHERE lane = {lane:String}", [[3]], {"lane": LANE}),
    Question("nothing", "SELECT message_id, value FROM events WHERE lane = {lane:String}", [], {"lane": "nobody's"}),
    Question("many", "SELECT number, toString(number) AS text FROM numbers(60000)", [[n, str(n)] for n in range(LONG)]),
]
# What the analyst is refused, with ClickHouse's code; 164 (only reads) stands for 497 (has no right to), too.
REFUSED = {
    "SELECT * FROM nosuch": 60,
    "SELECT nosuch FROM events": 47,
    "SELEKT 1": 62,
    "INSERT INTO events (lane) VALUES ('x')": 164,
    "ALTER TABLE events DELETE WHERE 1": 164,
    "DROP TABLE events": 164,
    "SELECT file('/etc/hostname')": 164,
    "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')": 164,
    "DESCRIBE TABLE s3('http://127.0.0.1:1/bucket/file.csv', 'CSV')": 164,
    "CREATE TABLE mine (x UInt8) ENGINE = Memory": 164,
    "SELECT count() FROM numbers(1000000000000) WHERE NOT ignore(cityHash64(number))": 159,
    "SELECT length(groupArray(number)) FROM numbers(100000000)": 241,
}


def same(wanted: Any, got: Any) -> bool:
    """Whether a client's value is the wanted one, in whatever of its types it came."""
    if wanted is None:
        return got in (None, "ᴺᵁᴸᴸ", "\\N")
    if isinstance(wanted, bool):
        return str(got).lower() in (("true", "1") if wanted else ("false", "0"))
    if isinstance(wanted, (int, Decimal)):
        return Decimal(str(got)) == wanted
    if isinstance(wanted, datetime):
        found = datetime.fromisoformat(str(got))
        return (found if found.tzinfo else found.replace(tzinfo=UTC)) == wanted
    if isinstance(wanted, list):
        return wanted == (ast.literal_eval(got) if isinstance(got, str) else list(got))
    return bool(wanted == got)


def check(question: Question, rows: list[Any]) -> None:
    assert len(rows) == len(question.rows), question.name
    for wanted, got in zip(question.rows, rows, strict=True):
        assert len(wanted) == len(got)
        for one, other in zip(wanted, got, strict=True):
            assert same(one, other), (question.name, one, other)
