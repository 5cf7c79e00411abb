"""`cartwake chaos`: kill, pause and restart everything under load, then compare what is left with the truth."""

from __future__ import annotations

import argparse
import asyncio
import logging
import shutil
import sys
import tempfile
import time
from pathlib import Path

from chaos.report import Report
from chaos.run import Plan, Run
from chaos.stage import NoPortsError, throw_away
from chaos.wrecker import NotBackError
from runtime.lanes import LaneError
from runtime.local.process import StartError
from runtime.local.progress import Progress
from runtime.send import SendError
from runtime.settings import load
from runtime.stop import stopped_by_signals

HELP = "kill, pause and restart everything under load, then compare with the truth"
EXAMPLE = "cartwake chaos --seconds 60\ncartwake chaos --seconds 600 --seed 7 --json"
SHOPPERS_A_SECOND = 8
SECONDS_A_DAY, FEWEST_DAYS, MOST_DAYS = 5, 9, 40


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seconds", type=float, default=60.0, help="how long things go wrong (default: 60)")
    parser.add_argument("--seed", type=int, default=1, help="another seed, other faults and shoppers (default: 1)")
    parser.add_argument("--shoppers", type=int, help=f"how many come by themselves (default: {SHOPPERS_A_SECOND} for each second)")
    parser.add_argument("--days", type=int, help=f"simulated days (default: one in {SECONDS_A_DAY} seconds, {FEWEST_DAYS} to {MOST_DAYS})")
    parser.add_argument("--json", action="store_true", help="print the result as one JSON document")
    parser.add_argument("--keep", action="store_true", help="keep the data and the logs; they are kept anyway when something is wrong")


def run(args: argparse.Namespace) -> int:
    plan = Plan(
        seconds=args.seconds,
        seed=args.seed,
        shoppers=args.shoppers or max(20, int(args.seconds * SHOPPERS_A_SECOND)),
        days=args.days or round(min(MOST_DAYS, max(FEWEST_DAYS, args.seconds / SECONDS_A_DAY))),
    )
    logging.getLogger().addHandler(logging.NullHandler())  # clients say on stderr whom they did not reach: that is what this is about
    folder = Path(tempfile.mkdtemp(prefix="cartwake-chaos-"))
    try:
        report = asyncio.run(_run(args, plan, folder))
    except KeyboardInterrupt:
        shutil.rmtree(folder)
        raise
    except (LaneError, NotBackError, NoPortsError, SendError, StartError) as error:
        print(f"cartwake: {error}\nlogs and data are kept in {folder}", file=sys.stderr)
        return 1
    if report.well and not args.keep:
        shutil.rmtree(folder)
    else:
        report.kept = str(folder)
    print(report.as_json() if args.json else report.as_text())
    return 0 if report.well else 1


async def _run(args: argparse.Namespace, plan: Plan, folder: Path) -> Report:
    async with stopped_by_signals():
        return await Run(throw_away(load(args.config), folder), plan, time.time, Progress()).run()
