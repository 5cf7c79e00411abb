"""A warehouse with millions of simulated events in some minutes: one simulation by way of the stream's logic, then copies of its rows.

A copy has ids of its own (persons, devices, orders, carts ...) and comes some hours later, so that persons are as many, and merged as
often, as if all of it had been simulated; only the shapes of the single lives come again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import msgspec
import orjson
from clickhouse_connect.driver.client import Client

from bench.feed import FeedSpec, make
from bench.lab import Say
from runtime.settings import Settings
from schemas.collected import Collected
from schemas.journeys import Kind, Tick
from schemas.topics import load_topics, row_columns
from sinks.tables import INSERT_SETTINGS
from streams.memory import MemoryStream
from streams.policies import policy_of

LANE = "live"
BASE_EVENTS = 100_000
DAYS = 40
SHIFT_S = 6 * 3600  # from copy to copy
_TOPICS = {topic.table: topic for topic in load_topics() if topic.table}
# What tells one copy from another: every id of a thing that is not shared between them.
_IDS = frozenset(
    "message_id person_id device_id user_id previous_id cart_id order_id share_id parent_share_id group_buy_id "
    "id session_id episode_id trigger_id".split()
)
_UNSHIFTED = frozenset({"inserted_at"})
_SOURCE = "bench_source"
# A statement makes few and large parts, in memory that a warehouse of 6 GiB has beside its caches.
_COPIES_AT_ONCE = 10
_COPY_SETTINGS = {"min_insert_block_size_rows": 500_000, "min_insert_block_size_bytes": 1 << 30, "max_insert_threads": 2}
_decode = msgspec.json.Decoder(Collected).decode
_decode_tick = msgspec.json.Decoder(Tick).decode


def fill(client: Client, events: int, say: Say) -> int:
    """At least so many events, and all that follows from them; how many there are then. The tables are empty before."""
    base = min(events, BASE_EVENTS)
    for table, lines in _simulated(base, say):
        client.raw_insert(table, row_columns(_TOPICS[table]), lines, INSERT_SETTINGS, "JSONEachRow")
    copies = -(-events // base)
    for table in _TOPICS if copies > 1 else ():
        _copy(client, table, copies)
        say(f"{table}: copied {copies - 1:,} times")
    for table in [*_TOPICS, "orders", "persons"]:
        client.command(f"OPTIMIZE TABLE {table}")  # one merge, as a server would have done by the time somebody asks
    return int(str(client.command(f"SELECT count() FROM events WHERE lane = '{LANE}'")))


def _simulated(events: int, say: Say) -> Iterator[tuple[str, bytes]]:
    """The rows of every table, as the sink would be given them."""
    spec = FeedSpec(events=events, partitions=4, days=DAYS)
    stream = MemoryStream(policy_of(replace(Settings(), partitions=spec.partitions), LANE, replayed=False))
    for record in make(spec, say):
        if record.kind is Kind.EVENT:
            stream.send([_decode(line) for line in record.value.split(b"\n")])
        elif record.partition == 0:  # a tick stands in every partition
            stream.tick(_decode_tick(record.value).now_ms)
            stream.run()
    for hop in range(1, 4):
        stream.tick(spec.final_ms + hop)
        stream.run()
    for table, topic in _TOPICS.items():
        rows = stream.rows[topic.name]
        if rows:
            yield table, b"\n".join(orjson.dumps({**row, "lane": LANE}) for row in rows)


def _copy(client: Client, table: str, copies: int) -> None:
    """Add the copies 1 .. `copies` - 1 of a table's rows, read from a table of their own, so that no copy reads the ones before it."""
    columns = [
        (str(name), str(kind))
        for name, kind in client.query(
            "SELECT name, type FROM system.columns WHERE database = currentDatabase() AND table = {table:String} "
            "AND default_kind IN ('', 'DEFAULT') ORDER BY position",
            parameters={"table": table},
        ).result_rows
    ]
    names = ", ".join(f"`{name}`" for name, _ in columns)
    values = ", ".join(_value(name, kind) for name, kind in columns)
    client.command(f"CREATE TABLE {_SOURCE} ENGINE = MergeTree ORDER BY tuple() AS SELECT {names} FROM {table} WHERE lane = '{LANE}'")
    for first in range(1, copies, _COPIES_AT_ONCE):
        numbers = f"range({first}, {min(first + _COPIES_AT_ONCE, copies)})"
        client.command(
            f"INSERT INTO {table} ({names}) SELECT {values} FROM {_SOURCE} ARRAY JOIN {numbers} AS copy",
            settings=INSERT_SETTINGS | _COPY_SETTINGS,
        )
    client.command(f"DROP TABLE {_SOURCE} SYNC")


def _value(name: str, kind: str) -> str:
    if name in _IDS:
        return f"if(`{name}` = '', '', concat(`{name}`, '~', toString(copy)))"
    if "DateTime64" in kind and name not in _UNSHIFTED:
        return f"`{name}` + toIntervalSecond(copy * {SHIFT_S})"
    return f"`{name}`"
