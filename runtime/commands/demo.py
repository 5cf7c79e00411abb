"""`cartwake demo`: a shop full of simulated shoppers, what cartwake sees of it, and whether that is the truth."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from dataclasses import dataclass
from functools import partial
from typing import Any

from reconcile.job import job_of
from reconcile.report import Report
from reconcile.run import Reconciliation
from runtime import showcase
from runtime.compare import Line, as_json, as_text, compare
from runtime.figures import Figures, read_figures
from runtime.lanes import LaneError, drain
from runtime.local.stack import Stack
from runtime.pace import keep_up
from runtime.query import query, stream
from runtime.send import Sender, SendError
from runtime.settings import Settings, load
from runtime.stop import stopped_by_signals
from runtime.view import View
from runtime.webhook_check import check_webhooks
from simulator.config import SimConfig
from simulator.play import Play
from simulator.rules import rules_of
from simulator.truth import Truth

HELP = "a shop full of simulated shoppers, and what cartwake sees of it"
EXAMPLE = "cartwake demo\ncartwake demo --seconds 30 --json\ncartwake demo --keep"
SHOPPERS_A_SECOND = 16
LOOK_EVERY_S = 1.0
SLOT_MS = 3_600_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seconds", type=float, default=30.0, help="how long the time-lapse takes (default: 30)")
    parser.add_argument("--shoppers", type=int, help=f"how many come by themselves (default: {SHOPPERS_A_SECOND} for each second)")
    parser.add_argument("--days", type=int, default=40, help="simulated days (default: 40)")
    parser.add_argument("--seed", type=int, default=1, help="another seed, other shoppers (default: 1)")
    parser.add_argument("--json", action="store_true", help="print the comparison as one JSON document")
    parser.add_argument("--keep", action="store_true", help="keep everything running afterwards, until Ctrl-C")
    parser.add_argument("--data-dir", default="", help="folder that is emptied at the start (default: demo/ in the data folder)")


def run(args: argparse.Namespace) -> int:
    shoppers = args.shoppers or max(1, int(args.seconds * SHOPPERS_A_SECOND))
    config = SimConfig(seed=args.seed, shoppers=shoppers, days=args.days, slot_ms=SLOT_MS)
    try:
        settings = showcase.fresh_settings(load(args.config), args.data_dir)
        return asyncio.run(_demo(settings, config, args))
    except (LaneError, SendError, showcase.FolderError) as error:
        print(f"cartwake: {error}", file=sys.stderr)
        return 1


@dataclass
class Result:
    """What is printed at the end."""

    lines: list[Line]
    seconds: dict[str, float]
    report: Report

    @property
    def equal(self) -> bool:
        return all(line.equal for line in self.lines) and self.report.differences == 0


async def _demo(settings: Settings, config: SimConfig, args: argparse.Namespace) -> int:
    began_s = time.monotonic()
    async with stopped_by_signals(), Stack(settings, showcase.specs(settings)):
        started_s = time.monotonic()
        print(f"everything runs:\n{showcase.places(settings)}", file=sys.stderr, flush=True)
        result = await _show(settings, config, args.seconds)
        result.seconds["start"] = round(started_s - began_s, 1)
        print(_document(result, config) if args.json else _text(result), flush=True)
        if args.keep:
            print(f"it keeps running; Ctrl-C stops it\n{showcase.places(settings)}", file=sys.stderr, flush=True)
            await _until_stopped()
    return 0 if result.equal else 1


async def _show(settings: Settings, config: SimConfig, seconds: float) -> Result:
    """The time-lapse with its view, the drain and the comparison."""
    lane, began_s = showcase.LANE, time.monotonic()
    async with Sender(settings, showcase.WRITE_KEY, lane=lane) as sender:
        waits = partial(keep_up, settings, lane)
        play = Play(config, sender, seconds, Truth(rules_of(settings)), waits)
        with View(settings.funnel_steps) as view:
            watching = asyncio.create_task(_watch(settings, play, view))
            try:
                await play.run()
                played_s = time.monotonic()
                await drain(settings, lane, play.final_ms)
            finally:
                watching.cancel()
                await asyncio.gather(watching, return_exceptions=True)
            await _look(settings, play, view)
    assert play.truth is not None
    ask = partial(query, settings)
    webhooks = await check_webhooks(ask, lane, settings.webhook_url)
    truth = play.truth.result(play.final_ms)
    lines = await asyncio.to_thread(compare, truth, ask, lane)
    answered = sender.sent.accepted + sender.sent.rejected.total()
    lines.insert(0, Line("events that the collector answered", truth["sent"], answered, truth["sent"] == answered))
    report = await asyncio.to_thread(Reconciliation(job_of(settings, lane), partial(stream, settings)).run)
    taken = {"time_lapse": round(played_s - began_s, 1), "drain_and_compare": round(time.monotonic() - played_s, 1)}
    return Result([*lines, *webhooks], taken, report)


async def _watch(settings: Settings, play: Play, view: View) -> None:
    while True:
        await _look(settings, play, view)
        await asyncio.sleep(LOOK_EVERY_S)


async def _look(settings: Settings, play: Play, view: View) -> None:
    figures: Figures = await asyncio.to_thread(read_figures, partial(query, settings), showcase.LANE, len(settings.funnel_steps))
    now_ms = play.now_ms or play.config.start_ms
    view.show(figures, now_ms, play.done, "" if play.done < 1 else "the last timers fire")


async def _until_stopped() -> None:
    """Ctrl-C or SIGTERM is how this is meant to end: the exit code stays the comparison's."""
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        task = asyncio.current_task()
        assert task is not None
        task.uncancel()


def _document(result: Result, config: SimConfig) -> str:
    document: dict[str, Any] = {"equal": result.equal, "lines": as_json(result.lines), "lane": showcase.LANE}
    document["reconcile"] = json.loads(result.report.as_json())
    document |= {"shoppers": config.shoppers, "days": config.days, "seed": config.seed, "seconds": result.seconds}
    return json.dumps(document)


def _text(result: Result) -> str:
    differing = sum(not line.equal for line in result.lines)
    verdict = f"{differing} lines differ" if differing else f"all {len(result.lines)} lines are equal"
    found = result.report.as_text() if result.report.differences else result.report.summary
    return f"{as_text(result.lines)}\n\n{verdict}: the simulator's truth against ClickHouse\n{found}"
