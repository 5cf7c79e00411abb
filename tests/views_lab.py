"""A warehouse of a test's own: rows by hand, or a whole simulated lane with its truth; then ask the views."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from itertools import count, groupby
from typing import Any

import clickhouse_connect
import orjson
from clickhouse_connect.driver.client import Client

from runtime.settings import Settings
from schemas.topics import load_topics, row_columns
from simulator.config import HOUR_MS, SimConfig
from simulator.faults import Arrival
from simulator.timeline import arrivals
from simulator.truth import Rules, Truth
from sinks.tables import INSERT_SETTINGS
from tests.databases import database
from tests.unit.memory_lane import MemoryLane

TOPICS = {topic.table: topic for topic in load_topics() if topic.table}
DAY_MS = 86_400_000
NOON_MS = 1_772_366_400_000  # 2026-03-01T12:00:00Z, a Sunday; times by hand count from here
SIMULATED = SimConfig(seed=4, shoppers=150)


@dataclass
class Lab:
    """One migrated database. A test names a lane of its own, so that tests do not see each other's rows."""

    client: Client
    settings: Settings
    _ids: Iterator[int] = field(default_factory=count)

    def insert(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """As the sink does. Fields as in `schemas/rows.py` (times are `x_at_ms`); what is left out has its default."""
        columns = row_columns(TOPICS[table])
        unknown = {name for row in rows for name in row} - set(columns)
        assert not unknown, f"{table} has no {unknown}"
        body = b"\n".join(orjson.dumps(row, default=str) for row in rows)
        self.client.raw_insert(table, columns, body, INSERT_SETTINGS, "JSONEachRow")

    def events(self, lane: str, *rows: Mapping[str, Any]) -> None:
        """Rows of `events`: `event`, `person_id` and `at_ms` (from NOON_MS) at least; ids and the rest are filled in."""
        self.insert("events", [self._event(lane, row) for row in rows])

    def _event(self, lane: str, row: Mapping[str, Any]) -> dict[str, Any]:
        at_ms = NOON_MS + row["at_ms"]
        person = str(row["person_id"])
        known = {"user_id": person[2:]} if person.startswith("u:") else {"device_id": person[2:]}
        made = {"lane": lane, "write_key": "k", "message_id": f"m{next(self._ids)}", "occurred_at_ms": at_ms, "received_at_ms": at_ms}
        return {**made, **known, **{name: value for name, value in row.items() if name != "at_ms"}}

    def ask(self, sql: str, **parameters: Any) -> list[dict[str, Any]]:
        """Rows as dicts by column name."""
        return list(self.client.query(sql, parameters=parameters).named_results())


@contextmanager
def lab(host: str, port: int, **changed: Any) -> Iterator[Lab]:
    """A database, migrated with `changed` settings; empty, and nobody else's until the end."""
    with database(dataclasses.replace(Settings(), warehouse_host=host, warehouse_port=port, **changed)) as settings:
        name = settings.warehouse_database
        client = clickhouse_connect.get_client(host=host, port=port, database=name, autogenerate_session_id=False)
        try:
            yield Lab(client, settings)
        finally:
            client.close()


@dataclass(frozen=True)
class Simulated:
    """A simulated lane as the stream left it, in memory. `truth.result(final_ms)` is what must be found."""

    truth: Truth
    arrivals: tuple[Arrival, ...]
    lane: MemoryLane
    final_ms: int

    def store(self, lab: Lab, lane: str) -> None:
        """All of its rows, as the sink would have put them there."""
        for table in TOPICS:
            rows = [{**row, "lane": lane} for row in self.lane.rows(table)]
            if rows:
                lab.insert(table, rows)


@cache
def simulated(config: SimConfig = SIMULATED, holdout_percent: float = 0.0) -> Simulated:
    """Plays a simulation through collector and stream in memory; once a process for each config."""
    truth, lane, sent = Truth(Rules(holdout_percent=holdout_percent)), MemoryLane(config.seed, holdout_percent), []
    for number, (at_ms, slot) in enumerate(groupby(arrivals(config), key=lambda arrival: arrival.arrival_ms)):
        batch = list(slot)
        for arrival in batch:
            truth.add(arrival)
        sent += batch
        lane.send([arrival.body for arrival in batch], at_ms)
        if number % 5 == 0:
            lane.tick(at_ms + 1)
    final_ms = config.end_ms + HOUR_MS
    lane.drain(final_ms)
    return Simulated(truth, tuple(sent), lane, final_ms)
