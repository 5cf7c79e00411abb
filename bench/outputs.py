"""What a stream has said at the end: the latest valid row of each key, in terms that do not depend on how it came to it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import orjson

Row = dict[str, Any]
Key = tuple[Any, ...]

KEYS = {
    "identities": ("id",),
    "sessions": ("session_id",),
    "carts": ("episode_id",),
    "funnel_levels": ("person_id",),
    "segments": ("person_id", "segment", "value", "entered_at_ms"),
    "triggers": ("trigger_id",),
}
# A row's version says how many batches touched it; `decision` and `reason` of a trigger, whether they split a late event from its time.
_HOW_NOT_WHAT = ("version", "merged_at_ms", "lane", "decision", "reason")


class Outputs:
    """`add` lines of result topics in the order of their partitions; then compare."""

    def __init__(self) -> None:
        self.latest: dict[str, dict[Key, Row]] = defaultdict(dict)
        self.counts: dict[str, int] = defaultdict(int)  # lines of topics whose rows never change
        self.doubled = 0  # versions that were written twice: what exactly-once forbids

    def add(self, topic: str, lines: Iterable[bytes]) -> None:
        fields = KEYS.get(topic)
        for line in lines:
            self.counts[topic] += 1
            if fields is not None:
                self.add_row(topic, fields, orjson.loads(line))

    def add_row(self, topic: str, fields: tuple[str, ...], row: Row) -> None:
        key = tuple(row[field] for field in fields)
        held = self.latest[topic].get(key)
        if held is not None and held["version"] == row["version"]:
            self.doubled += 1
        if held is None or held["version"] < row["version"]:
            self.latest[topic][key] = row

    def valid(self, topic: str) -> dict[Key, Row]:
        """The rows that were not taken back. A trigger that became void fired in one order of arrival and never in another."""
        return {key: row for key, row in self.latest[topic].items() if not row.get("is_deleted") and row.get("status") != "void"}

    def person_now(self, person_id: str) -> str:
        """Rows of long ago keep the id that their person had then: `identities` knows the present one."""
        row = self.latest["identities"].get((person_id,))
        return str(row["person_id"]) if row else person_id

    def comparable(self) -> dict[str, dict[Key, Row]]:
        """All tables, without what another split into batches would change."""
        found: dict[str, dict[Key, Row]] = {}
        for topic in KEYS:
            rows = {
                key: {name: value for name, value in row.items() if name not in _HOW_NOT_WHAT} for key, row in self.valid(topic).items()
            }
            for row in rows.values():
                row["person_id"] = self.person_now(row["person_id"])
            found[topic] = rows
        stays = found["segments"]  # stays that are over are told as far as was known then: only who is in a segment now has one answer
        found["segments"] = {key: row for key, row in stays.items() if "left_at_ms" not in row}
        return found


def differences(ours: dict[str, dict[Key, Row]], theirs: dict[str, dict[Key, Row]], most: int = 5) -> tuple[int, list[str]]:
    """How many keys differ, and the first of each table in words."""
    number, words = 0, []
    for table in sorted(ours.keys() | theirs.keys()):
        left, right = ours.get(table, {}), theirs.get(table, {})
        wrong = [key for key in left.keys() | right.keys() if left.get(key) != right.get(key)]
        number += len(wrong)
        words += [f"{table} {key}: {_changed(left.get(key), right.get(key))}" for key in sorted(wrong, key=repr)[:most]]
    return number, words


def _changed(left: Row | None, right: Row | None) -> str:
    if left is None or right is None:
        return f"only {'the second' if left is None else 'the first'} has {left or right}"
    return ", ".join(
        f"{name} {left.get(name)!r} or {right.get(name)!r}"
        for name in sorted(left.keys() | right.keys())
        if left.get(name) != right.get(name)
    )
