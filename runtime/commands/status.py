"""`cartwake status`: what runs, whether it is well, and how far each consumer group is behind."""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import json
from typing import Any

from rich.console import Console
from rich.table import Table

from runtime.local.behind import Behind, ask_behind
from runtime.local.control import Control
from runtime.local.lag import Lag, consumer_lag
from runtime.local.probes import http_get
from runtime.settings import load

HELP = "show the processes, their health, and how far each consumer group is behind"
EXAMPLE = "cartwake status\ncartwake status --json | jq '.processes[].state'"
WELL = ("ready", "done")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """0 when everything is well, 1 when something is not (ControlError when nothing runs)."""
    settings = load(args.config)
    processes = asyncio.run(_with_answers(Control(settings.data_dir).status()))
    kafka_up = any(row["name"] == "kafka" and row["state"] == "ready" for row in processes)
    lags = consumer_lag(settings.kafka_bootstrap) if kafka_up else []
    if args.json:
        print(json.dumps({"processes": processes, "lag": [dataclasses.asdict(lag) for lag in lags]}, indent=2))
    else:
        _draw(processes, lags)
    return 0 if all(row["state"] in WELL and row["health"] in ("ok", "") for row in processes) else 1


async def _with_answers(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each row with `health` (ok, the status of a bad answer, "" where none is asked) and `behind` (what a worker says of its lag)."""

    async def health(url: str) -> str:
        if not url:
            return ""
        status, _ = await http_get(url)
        return "ok" if status == 200 else f"HTTP {status}" if status else "no answer"

    found = await asyncio.gather(*(asyncio.gather(health(row["health_url"]), ask_behind(row["health_url"])) for row in rows))
    return [
        {**row, "health": text, "behind": dataclasses.asdict(behind) if behind else None}
        for row, (text, behind) in zip(rows, found, strict=True)
    ]


def _draw(processes: list[dict[str, Any]], lags: list[Lag]) -> None:
    console = Console()
    table = Table("process", "state", "health", "pid", "restarts", "up", "cpu", "memory", "behind", box=None)
    for row in processes:
        memory = f"{row['rss_bytes'] / 2**20:.0f} MiB" if row["pid"] else ""
        up, cpu = (_duration(row["uptime_s"]), f"{row['cpu_s']:.1f} s") if row["pid"] else ("", "")
        colour = "green" if row["state"] in WELL else "red"
        pid = str(row["pid"] or "")
        restarts, behind = str(row["restarts"] or ""), _told(row["behind"])
        table.add_row(row["name"], f"[{colour}]{row['state']}[/]", row["health"], pid, restarts, up, cpu, memory, behind)
    console.print(table)
    if lags:
        table = Table("consumer group", "records behind (with transactions' markers)", box=None)
        for group in sorted({lag.group for lag in lags}):
            table.add_row(group, _behind([lag for lag in lags if lag.group == group]))
        console.print()
        console.print(table)


def _told(behind: dict[str, Any] | None) -> str:
    """What a worker says of its lag: without transactions' markers, unlike its group's offsets."""
    if behind is None:
        return ""
    told = Behind(**behind)
    return f"{told.lag_records:,} records, {_duration(told.lag_s)}" if told.lag_records else "nothing"


def _behind(lags: list[Lag]) -> str:
    """The topics in which a group has records to read, and how many."""
    waiting = [f"{lag.topic.rpartition('.')[2]} {lag.lag_records}" for lag in lags if lag.lag_records]
    return ", ".join(waiting) or "nothing"


def _duration(seconds: float) -> str:
    minutes, left_s = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {left_s} s" if minutes else f"{left_s} s"
