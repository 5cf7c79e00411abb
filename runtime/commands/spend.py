"""`cartwake spend import FILE.csv`: what was paid for advertising, for the warehouse's views of cost and return."""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from runtime.settings import Settings, load
from sinks.clickhouse import WarehouseAway, WarehouseError
from sinks.spend import write_spend
from sinks.spend_file import SpendFile, SpendFileError, read_spend

HELP = "bring what was paid for advertising into the warehouse"
EXAMPLE = """cartwake spend import ads-2026-03.csv
cartwake spend import ads-2026-03.csv --lane spring --json"""
MOST_SHOWN = 20  # rejected lines on a terminal; --json has all


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=["import"], help="a day and campaign of the file takes the place of what was there")
    parser.add_argument(
        "file",
        type=Path,
        metavar="FILE.csv",
        help="header: day, channel, cost, currency; if known campaign_source, campaign_medium, campaign_name, clicks, impressions",
    )
    parser.add_argument("--lane", default="live", metavar="L", help="lane to compare it with (default: live)")
    parser.add_argument("--json", action="store_true", help="print the summary as one JSON document, with every rejected line")


def run(args: argparse.Namespace) -> int:
    """0: all lines are in; 1: some were rejected, the others are in, or nothing could be done."""
    settings = load(args.config)
    try:
        found = _read(args.file)
        asyncio.run(_write(settings, args.lane, found, args.file.name))
    except (SpendFileError, OSError) as error:
        print(f"cartwake: {args.file}: {error}", file=sys.stderr)
        return 1
    except (WarehouseAway, WarehouseError) as error:
        print(f"cartwake: {error}; nothing is lost: import the file again", file=sys.stderr)
        return 1
    _tell(args, found)
    return 1 if found.rejects else 0


def _read(path: Path) -> SpendFile:
    """On a terminal, with a bar: of bytes, as nobody knows the lines."""
    with Progress(console=Console(stderr=True), disable=not sys.stderr.isatty()) as bar, path.open("rb") as raw:
        task = bar.add_task(f"reading {path.name}", total=path.stat().st_size)
        text = io.TextIOWrapper(raw, encoding="utf-8-sig", newline="")
        return read_spend(text, lambda _: bar.update(task, completed=raw.tell()))


async def _write(settings: Settings, lane: str, found: SpendFile, name: str) -> None:
    await write_spend(settings, lane, found.rows, time.time_ns() // 1_000_000, name)


def _tell(args: argparse.Namespace, found: SpendFile) -> None:
    summary = {"file": str(args.file), "lane": args.lane, "lines": found.lines, "rows": len(found.rows), "added_up": found.added_up}
    if args.json:
        print(json.dumps({**summary, "rejected": [reject._asdict() for reject in found.rejects]}))
        return
    print(
        f"{len(found.rows)} rows in lane {args.lane}, from {found.lines} lines" + (f", {found.added_up} added up" if found.added_up else "")
    )
    for line, column, message in found.rejects[:MOST_SHOWN]:
        print(f"  line {line}{f', column {column}' if column else ''}: {message}", file=sys.stderr)
    if found.rejects:
        print(f"{len(found.rejects)} lines were not taken; correct them and import the file again", file=sys.stderr)
