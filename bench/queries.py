"""How long every view and every query of the live view takes on a large warehouse, when its pages are warm."""

from __future__ import annotations

import asyncio
import re
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import clickhouse_connect
import psutil
from clickhouse_connect.driver.client import Client

from bench.lab import BenchError, Say
from bench.multiply import LANE, fill
from runtime import figures
from runtime.local.testing import LocalWarehouse, local_warehouse
from runtime.settings import Settings
from sinks.document import read_headers
from sinks.migrate import migrate

MEMORY_MIB = 6144
RUNS = 3
DISK_BYTES_PER_EVENT = 300  # measured: 80 with all that follows from an event, and merges hold old and new parts for some minutes
_DAYS = re.compile(r"from_day = '[^']*'"), re.compile(r"to_day = '[^']*'")
_STEPS = ("view_item", "add_to_cart", "begin_checkout", "purchase")
_WINDOW_MS = 7 * 86_400_000


class Bench:
    """A warehouse that has been filled; each measurement is the best of `RUNS`, in milliseconds, after one that warms it."""

    def __init__(self, client: Client, service: LocalWarehouse, say: Say) -> None:
        self._client, self._service, self._say = client, service, say
        days = client.query(f"SELECT min(toDate(occurred_at)), max(toDate(occurred_at)) FROM events WHERE lane = '{LANE}' AND NOT late")
        self._from, self._to = days.result_rows[0]

    def board(self) -> dict[str, Any]:
        """The queries of the live view (runtime/figures.py), and its view of the last hour."""
        found = {}
        for name in ("EVENTS", "REJECTED", "CARTS", "WEBHOOKS", "FUNNEL"):
            found[name.lower()] = self._best(str(getattr(figures, name)), {"lane": LANE, "steps": 4})
        return {"board_ms": found, "slowest_board_ms": max(found.values())}

    def views(self) -> dict[str, Any]:
        """Each view's example, as its header has it, with all days for those that take a period."""
        found = {}
        for header in read_headers():
            found[header.view] = self._best(self._with_days(header.example))
            self._say(f"{header.view}: {found[header.view]:,.0f} ms")
        return {"view_ms": found, "slowest_view_ms": max(found.values())}

    def funnel(self) -> dict[str, Any]:
        """The view `funnel` of all persons beside the query that an analyst would write: both say how many came to each step."""
        conditions = ", ".join(f"event = '{step}'" for step in _STEPS)
        hand = f"""SELECT level, count() FROM (
            SELECT person_id, windowFunnel({_WINDOW_MS})(toUInt64(toUnixTimestamp64Milli(occurred_at)), {conditions}) AS level
            FROM events_resolved WHERE lane = '{LANE}' AND NOT late AND event IN {_STEPS} GROUP BY person_id) GROUP BY level"""
        view = f"""SELECT step, persons FROM funnel(lane = '{LANE}', from_day = '{self._from}', to_day = '{self._to}',
            steps = {list(_STEPS)}, window_s = {_WINDOW_MS // 1000}, mode = 'ordered', exclude = [], by = '')"""
        ratios = []
        for _ in range(RUNS):  # side by side, so that both have the same neighbours
            hand_ms, view_ms = self._best(hand), self._best(view.replace("SELECT step, persons", "SELECT *"))
            ratios.append((view_ms / hand_ms, view_ms, hand_ms))
        ratio, view_ms, hand_ms = sorted(ratios)[len(ratios) // 2]
        levels = [(int(level), int(persons)) for level, persons in self._client.query(hand).result_rows]
        by_hand = [sum(persons for level, persons in levels if level >= step) for step in range(1, len(_STEPS) + 1)]
        by_view = [int(persons) for _, persons in self._client.query(f"{view} ORDER BY step").result_rows]
        return {
            "funnel_ratio_handwritten": round(ratio, 3),
            "funnel_ms": view_ms,
            "handwritten_ms": hand_ms,
            "funnel_persons": by_view,
            "handwritten_persons": by_hand,
            "outputs_equal": by_view == by_hand,
        }

    def memory(self) -> dict[str, Any]:
        process = psutil.Process(self._service.pid)
        processes = [process, *process.children(recursive=True)]
        return {"warehouse_rss_bytes": sum(each.memory_info().rss for each in processes), "warehouse_memory_mib": MEMORY_MIB}

    def _with_days(self, sql: str) -> str:
        for pattern, day, name in ((_DAYS[0], self._from, "from_day"), (_DAYS[1], self._to, "to_day")):
            sql = pattern.sub(f"{name} = '{day}'", sql)
        return sql

    def _best(self, sql: str, parameters: dict[str, Any] | None = None) -> float:
        def once() -> float:
            began_s = time.perf_counter()
            self._client.raw_query(f"{sql} FORMAT Null", parameters=parameters)
            return (time.perf_counter() - began_s) * 1000

        once()
        return round(min(once() for _ in range(RUNS)), 1)


def measure(folder: Path, events: int, say: Say, parts: tuple[str, ...]) -> dict[str, Any]:
    """Fill a warehouse of its own in `folder`, then ask. Raises BenchError where the disk has too little room."""
    needed, free = events * DISK_BYTES_PER_EVENT, shutil.disk_usage(folder).free
    if free < needed:
        raise BenchError(
            f"{events:,} events need {needed >> 20:,} MiB in {folder}, and {free >> 20:,} are free; set TMPDIR or ask for fewer --events"
        )
    with local_warehouse(folder, memory_mib=MEMORY_MIB) as service:
        settings = replace(Settings(), warehouse_host=service.host, warehouse_port=service.port)
        asyncio.run(migrate(settings))
        client = clickhouse_connect.get_client(
            host=service.host,
            port=service.port,
            database=settings.warehouse_database,
            autogenerate_session_id=False,
            send_receive_timeout=600,
        )
        began_s = time.perf_counter()
        stored = fill(client, events, say)
        say(f"{stored:,} events lie in the warehouse after {time.perf_counter() - began_s:.0f} s")
        bench = Bench(client, service, say)
        asked: dict[str, Callable[[], dict[str, Any]]] = {
            "board": bench.board,
            "views": bench.views,
            "funnel": bench.funnel,
            "memory": bench.memory,
        }
        found: dict[str, Any] = {"events": stored}
        for part in parts:
            found |= asked[part]()
        client.close()
    return found
