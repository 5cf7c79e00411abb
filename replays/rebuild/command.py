"""The part of `cartwake replay` that rebuilds: --from-warehouse, --from-topic, --swap and --drop-old."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from functools import partial

from replays.rebuild.run import Plan, Rebuild, Rebuilt
from replays.rebuild.swap import Swap, SwapError
from runtime.lanes import LaneError, check_name
from runtime.local.control import ControlError
from runtime.local.progress import Progress
from runtime.query import command, query
from runtime.send import SendError
from runtime.settings import Settings
from runtime.stop import stopped_by_signals


def add_arguments(parser: argparse.ArgumentParser) -> None:
    options = parser.add_argument_group(
        "instead of a file: derived tables anew from a lane's own events, in a shadow lane; nothing is sent"
    )
    options.add_argument("--from-warehouse", action="store_true", help="from the table `events` of --lane (default: live)")
    options.add_argument("--from-topic", action="store_true", help="from its topic `events`, while that is kept from its beginning on")
    options.add_argument("--into", metavar="LANE", help="name of the shadow lane (default: LANE-TIME)")
    options.add_argument(
        "--swap",
        action="store_true",
        help="put the shadow's rows in the lane's place, if the events are the same; the lane may run, and stands still meanwhile",
    )
    options.add_argument("--drop-old", action="store_true", help="drop what the last --swap left, with the shadow lane named by --into")


def is_wanted(args: argparse.Namespace) -> bool:
    return bool(args.from_warehouse or args.from_topic or args.drop_old)


def run(settings: Settings, args: argparse.Namespace) -> int:
    """0 when all is well; 1 when the events are not the same, or it could not go on."""
    from clickhouse_connect.driver.exceptions import Error as WarehouseError

    lane = args.lane or "live"
    try:
        if args.drop_old:
            return _drop(settings, lane, args.into or "")
        into = args.into or f"{lane}-{time.strftime('%Y%m%d%H%M%S', time.gmtime())}"
        check_name(into)
        plan = Plan(lane, into, "topic" if args.from_topic else "warehouse", args.swap)
        found = asyncio.run(_rebuild(Rebuild(settings, plan, partial(Progress(), "rebuild"))))
    except (LaneError, SwapError, SendError, ControlError, WarehouseError) as error:
        print(f"cartwake: {error}", file=sys.stderr)
        return 1
    print(json.dumps(found.as_json()) if args.json else _text(found))
    return 1 if found.problems else 0


async def _rebuild(rebuild: Rebuild) -> Rebuilt:
    async with stopped_by_signals():
        return await rebuild.run()


def _drop(settings: Settings, lane: str, shadow: str) -> int:
    check_name(shadow)
    dropped = Swap(partial(query, settings), partial(command, settings), lane, shadow).drop_old()
    print(f"dropped {', '.join(dropped) or 'no table'}, and the rows of the lane {shadow}")
    return 0


def _text(found: Rebuilt) -> str:
    rows: list[tuple[str, ...]] = [("table", "before", "rebuilt", "only before", "only rebuilt")]
    rows += [(each.table, *(f"{n:,}" for n in (each.before, each.rebuilt, each.only_before, each.only_rebuilt))) for each in found.tables]
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    lines = ["  ".join(f"{cell:>{width}}" for cell, width in zip(row, widths, strict=True)) for row in rows]
    end = (
        f"the rows of {found.into} have taken the place of {found.lane}'s, which stood still for {found.stood_still_s} s"
        if found.swapped
        else f"rebuilt in the lane {found.into}"
    )
    return "\n".join([*lines, *found.problems, f"{end}; {found.elapsed_s} s"])
