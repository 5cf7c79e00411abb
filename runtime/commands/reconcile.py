"""`cartwake reconcile`: live results against the same computed anew from the stored events."""

from __future__ import annotations

import argparse
import sys
from datetime import date, datetime, time, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from reconcile.job import job_of
from reconcile.run import EVER, NotAskable, Reconciliation
from runtime.local.progress import Progress
from runtime.query import stream
from runtime.settings import Settings, load

HELP = "compare the live results with the same computed anew from the stored events"
EXAMPLE = "cartwake reconcile\ncartwake reconcile --lane demo --json\ncartwake reconcile --from 2026-11-01 --to 2026-11-07"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--lane", default="live", help="the lane (default: live)")
    parser.add_argument("--from", dest="from_day", type=date.fromisoformat, metavar="DAY", help="first day of the shop's time zone")
    parser.add_argument("--to", dest="to_day", type=date.fromisoformat, metavar="DAY", help="last day; default of both: everything")
    parser.add_argument("--abandon-idle-s", type=int, metavar="S", help="idle time of a cart in this lane (default: the setting)")
    parser.add_argument("--json", action="store_true", help="print the result as one JSON document")


def run(args: argparse.Namespace) -> int:
    """0: they agree; 1: somebody differs without a reason; 2: the warehouse could not be asked."""
    from clickhouse_connect.driver.exceptions import Error as WarehouseError

    settings = load(args.config)
    job = job_of(settings, args.lane, _period_ms(settings, args.from_day, args.to_day), idle_s=args.abandon_idle_s)
    say = Progress()
    try:
        report = Reconciliation(job, partial(stream, settings), partial(say, "reconcile")).run()
    except (NotAskable, WarehouseError, OSError) as error:
        print(f"cartwake: {error}", file=sys.stderr)
        return 2
    print(report.as_json() if args.json else report.as_text())
    return 1 if report.differences else 0


def _period_ms(settings: Settings, first: date | None, last: date | None) -> tuple[int, int]:
    """Both days count, in the shop's zone."""
    zone = ZoneInfo(settings.business_timezone)
    from_ms = _start_ms(first, zone) if first else EVER[0]
    return from_ms, _start_ms(last + timedelta(days=1), zone) if last else EVER[1]


def _start_ms(day: date, zone: ZoneInfo) -> int:
    return int(datetime.combine(day, time(), zone).timestamp() * 1000)
