"""`cartwake simulate`: send the events of simulated shoppers to a collector, or write them to a file."""

from __future__ import annotations

import argparse
import asyncio
import csv
import json
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from rich.console import Console
from rich.progress import Progress

from runtime.lanes import LaneError, check_name
from runtime.pace import keep_up
from runtime.send import Sender, SendError
from runtime.settings import Settings, ensure_secrets, load
from simulator.config import SimConfig
from simulator.faults import Arrival
from simulator.play import Play, no_wait
from simulator.rules import rules_of
from simulator.spend import Paid, spend_of
from simulator.truth import Truth

HELP = "send the events of simulated shoppers to a collector"
EXAMPLE = """cartwake simulate --shoppers 1000 --days 40 --lane spring --seconds 60 --truth truth.json
cartwake simulate --shoppers 100000 --out events.ndjson"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--shoppers", type=int, default=1000, metavar="N", help="how many come by themselves; shares bring more (default: 1000)"
    )
    parser.add_argument("--days", type=int, default=40, metavar="D", help="simulated days (default: 40)")
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="the same seed gives the same events (default: 1)")
    parser.add_argument("--lane", default="sim", metavar="L", help="lane to send into; its processes must run (default: sim)")
    pace = parser.add_mutually_exclusive_group()
    pace.add_argument("--seconds", type=float, default=0.0, metavar="T", help="spread the days over this time")
    pace.add_argument("--as-fast-as-possible", action="store_true", help="as fast as the collector takes it (default)")
    parser.add_argument("--keep-up", action="store_true", help="wait for the lane's worker and sink whenever they are four days behind")
    parser.add_argument("--url", default="", help="the collector's address (default: from the settings)")
    parser.add_argument("--write-key", default="demo-web", help="write key to send with (default: demo-web)")
    parser.add_argument(
        "--truth", type=Path, metavar="FILE", help="write what the warehouse must say to this file (keeps all events in memory)"
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="write one request a line to this file (NDJSON) instead of sending")
    parser.add_argument("--spend", type=Path, metavar="FILE", help="write what the shop paid for advertising, for `cartwake spend import`")
    parser.add_argument("--json", action="store_true", help="print the summary as one JSON document")


def run(args: argparse.Namespace) -> int:
    settings = ensure_secrets(load(args.config))
    config = SimConfig(seed=args.seed, shoppers=args.shoppers, days=args.days)
    truth = Truth(rules_of(settings)) if args.truth else None
    try:
        check_name(args.lane)
        summary = asyncio.run(_to_file(args, config, truth) if args.out else _to_collector(args, settings, config, truth))
    except (LaneError, SendError) as error:
        print(f"cartwake: {error}", file=sys.stderr)
        return 1
    if args.spend:
        with args.spend.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([Paid._fields, *spend_of(config)])
    if truth is not None:
        args.truth.write_text(json.dumps(truth.result(summary["final_ms"]), indent=1) + "\n", encoding="utf-8")
    print(json.dumps(summary) if args.json else "\n".join(f"{name:<10} {value}" for name, value in summary.items()))
    return 0


class FileWire:
    """Requests as lines: when one arrived, and its events as they were sent (those that are no JSON as a string)."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    async def send(self, messages: Sequence[Arrival], clock_ms: int | None) -> None:
        bodies = b",".join(message.body for message in messages)
        self._file.write(b'{"arrival_ms":%d,"batch":[%b]}\n' % (clock_ms or 0, bodies))

    async def clock(self, now_ms: int) -> None:
        """A file has no clock."""


async def _to_file(args: argparse.Namespace, config: SimConfig, truth: Truth | None) -> dict[str, Any]:
    with args.out.open("wb") as file:
        play = Play(config, FileWire(file), 0.0, truth)
        await _with_bar(play)
    return {"events": play.sent, "final_ms": play.final_ms, "file": str(args.out)}


async def _to_collector(args: argparse.Namespace, settings: Settings, config: SimConfig, truth: Truth | None) -> dict[str, Any]:
    waits = partial(keep_up, settings, args.lane) if args.keep_up else no_wait
    async with Sender(settings, args.write_key, lane=args.lane, url=args.url) as sender:
        play = Play(config, sender, args.seconds, truth, waits)
        await _with_bar(play)
        await sender.clock(play.final_ms)
    sent = sender.sent
    return {"lane": args.lane, "events": play.sent, "accepted": sent.accepted, "rejected": dict(sent.rejected), "final_ms": play.final_ms}


async def _with_bar(play: Play) -> None:
    """Run it; on a terminal, show how far it has come."""
    with Progress(console=Console(stderr=True), disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("simulating", total=1.0)
        running = asyncio.create_task(play.run())
        while not running.done():
            await asyncio.wait([running], timeout=0.2)
            bar.update(task, completed=play.done, description=f"{play.sent:,} events")
        running.result()
