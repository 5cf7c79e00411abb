"""`cartwake bench`: measure this checkout on this machine, beside other engines, and check that all came to the same result."""

from __future__ import annotations

import argparse
import importlib
import json
import logging
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from rich.console import Console
from rich.table import Table

from runtime.local.testing import ServiceError
from runtime.settings import load

HELP = "measure the stream engine, the sink, the collector, the warehouse or the browser SDK on this machine"
EXAMPLE = """cartwake bench streams
cartwake bench streams --events 100000 --no-peers --json
cartwake bench streams --only throughput --only limit
cartwake bench sink --json
cartwake bench collector --events 200000 --json
cartwake bench sink --events 100000 --only throughput
cartwake bench queries --json
cartwake bench queries --events 1000000 --only funnel
cartwake bench page --json"""

# What can be measured, and the module that does it: PARTS, `wanted`, `run`, BenchError.
REPORTS = {
    "streams": "bench.report",
    "sink": "bench.sink_report",
    "collector": "bench.collector_report",
    "queries": "bench.queries_report",
    "page": "bench.page_report",
}
EVENTS = {"queries": 10_000_000, "page": 1_000}
DEFAULT_EVENTS = 500_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=list(REPORTS), help="what to measure")
    parser.add_argument(
        "--events",
        type=int,
        metavar="N",
        help="events of the simulator (default: 500000; queries: 10000000), or left of an outage (page: 1000)",
    )
    parser.add_argument("--partitions", type=int, default=8, metavar="P", help="partitions of each topic (default: 8)")
    parser.add_argument(
        "--peers",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="compare with Faust and Quix Streams; what they need is installed beside the feeds at the first time (default: yes)",
    )
    parser.add_argument("--only", action="append", default=[], metavar="PART", help="measure this part alone; may be given several times")
    parser.add_argument("--json", action="store_true", help="print the figures as one JSON document")
    parser.add_argument("--cache", type=Path, metavar="DIR", help="where made events are kept (default: bench/ in the data folder)")


def run(args: argparse.Namespace) -> int:
    """0 when all outputs are equal, 1 when they differ or something could not be measured, 2 for an unknown part."""
    report = _report(args.what)
    if report is None:
        return _say("the benchmarks run from a checkout of cartwake: they are no part of the package", 1)
    unknown = sorted(set(args.only) - set(report.PARTS))
    if unknown:
        return _say(f"{', '.join(unknown)}: no such part; there are {', '.join(report.PARTS)}", 2)
    events = EVENTS.get(args.what, DEFAULT_EVENTS) if args.events is None else args.events
    if events < 1 or args.partitions < 1:
        return _say("--events and --partitions must be at least 1", 2)
    logging.getLogger("aiokafka").setLevel(logging.ERROR)  # a topic that was just made has no leader yet: it tries again
    cache = args.cache or Path(load(args.config).data_dir) / "bench"
    try:
        found = report.run(events, args.partitions, cache, _progress, report.wanted(args.only, args.peers))
    except (ServiceError, report.BenchError) as error:
        return _say(str(error), 1)
    print(json.dumps(found)) if args.json else _draw(args.what, found)
    return 0 if found.get("outputs_equal", True) else 1


def _report(what: str) -> ModuleType | None:
    try:
        return importlib.import_module(REPORTS[what])
    except ModuleNotFoundError as error:
        if error.name not in ("bench", REPORTS[what]):
            raise
        return None


def _progress(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _say(text: str, code: int) -> int:
    print(f"cartwake: {text}", file=sys.stderr)
    return code


def _draw(what: str, found: dict[str, Any]) -> None:
    table = Table(title=f"cartwake bench {what}", title_justify="left")
    table.add_column("figure")
    table.add_column("value", justify="right")
    for name, value in found.items():
        if isinstance(value, dict):
            for inner, each in value.items():
                table.add_row(f"{name}.{inner}", _spelled(each))
        else:
            table.add_row(name, _spelled(value))
    Console().print(table)


def _spelled(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, (int, float)) else str(value)
