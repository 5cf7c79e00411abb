"""How the sink talks to one table: insert a range, try lines, quarantine what was refused."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence

import msgspec

from schemas.reasons import RejectReason
from schemas.rows import RejectedRow
from schemas.topics import Topic, load_topics, row_columns
from sinks.buffer import Record, good_lines, lines_of
from sinks.clickhouse import BadInput, ClickHouse
from sinks.erased import Erased
from sinks.faults import reach
from sinks.intent import Intent, Position

# One insert = one block for each table partition: a token then stands for all of it or nothing.
INSERT_SETTINGS = {
    "insert_deduplicate": "1",
    "async_insert": "0",
    "min_insert_block_size_rows": "100000000",
    "min_insert_block_size_bytes": "4294967296",
    "max_insert_block_size": "100000000",
    "max_partitions_per_insert_block": "0",
    "input_format_skip_unknown_fields": "1",  # a line written by a newer version
    "type_json_skip_duplicated_paths": "1",
    "deduplicate_blocks_in_dependent_materialized_views": "1",  # a range that is inserted again fills orders and persons where they lack it
}
MAX_MESSAGE = 500
UNKNOWN_REASON = "refused by the warehouse"
COLUMN_TYPES = "SELECT name, type FROM system.columns WHERE database = currentDatabase() AND table = {table:String} FORMAT JSONEachRow"


class Table:
    """The table that a topic fills."""

    def __init__(self, warehouse: ClickHouse, lane: str, topic: Topic, erased: Erased | None = None) -> None:
        self.name = topic.table
        self._erased = erased
        self._warehouse = warehouse
        self._lane = lane
        self._columns = row_columns(topic)
        self._void = ""

    async def write(self, records: Sequence[Record], intent: Intent, token: str, reasons: Mapping[Position, str]) -> None:
        """Insert a range: its good lines, and a row in `rejected` for each bad one. Doing it again with the token changes nothing."""
        lines = self._kept(good_lines(records, intent))
        if lines:
            await self._insert(self.name, self._columns, lines, token)
        reach("after_good_rows")
        if intent.bad:
            rejects = self._kept([msgspec.json.encode(row) for row in self._rejects(records, intent, reasons)])
            if rejects:
                await self._insert("rejected", row_columns(_REJECTED), rejects, f"{token}:rejected")
            reach("after_rejected_rows")

    def _kept(self, parts: list[bytes]) -> list[bytes]:
        """Without what is about persons who were erased."""
        if self._erased is None or not self._erased.list.hashes:
            return parts
        return [left for left in map(self._erased.list.kept, parts) if left]

    async def check(self, lines: bytes) -> str:
        """'' if the table's columns can hold the lines, else why not. Writes nothing."""
        try:
            await self._warehouse.insert(await self._void_target(), self._columns, lines, INSERT_SETTINGS)
        except BadInput as error:
            return str(error)[:MAX_MESSAGE]
        return ""

    async def _insert(self, table: str, columns: Sequence[str], lines: Sequence[bytes], token: str) -> None:
        await self._warehouse.insert(table, columns, lines, {**INSERT_SETTINGS, "insert_deduplication_token": token})

    async def _void_target(self) -> str:
        if not self._void:
            rows = await self._warehouse.execute(COLUMN_TYPES, {"table": self.name})
            types = {row["name"]: row["type"] for row in map(json.loads, rows.splitlines())}
            structure = ", ".join(f"`{name}` {types[name]}" for name in self._columns)
            self._void = f"FUNCTION null('{structure}')"
        return self._void

    def _rejects(self, records: Sequence[Record], intent: Intent, reasons: Mapping[Position, str]) -> list[RejectedRow]:
        times = {record.offset: record.timestamp_ms for record in records}
        bad = [(position, line) for position, line in lines_of(records) if position in intent.bad]
        return [_reject(self._lane, times[at[0]], line, reasons.get(at, UNKNOWN_REASON), self.name) for at, line in bad]


def _reject(lane: str, at_ms: int, line: bytes, reason: str, table: str) -> RejectedRow:
    try:
        raw, encoding = line.decode(), "utf-8"
    except UnicodeDecodeError:
        raw, encoding = base64.b64encode(line).decode(), "base64"
    code = RejectReason.INTERNAL_ERROR.value
    return RejectedRow(lane=lane, received_at_ms=at_ms, stage="sink", code=code, message=f"{table}: {reason}", raw=raw, encoding=encoding)


_REJECTED = next(topic for topic in load_topics() if topic.name == "rejected")
