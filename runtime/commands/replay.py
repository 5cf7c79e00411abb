"""`cartwake replay`: rebuild state from history, in a lane of its own."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from replays.csv_columns import CsvOptions
from replays.files import InputError
from replays.formats import LONDON, NAMES, format_of
from replays.job import Job, replay
from replays.job import load as load_file
from replays.rebuild import command as rebuilding
from replays.report import Report, as_text
from replays.rows import Format
from replays.summary import Summary
from replays.times import time_of
from runtime.lanes import LaneError, check_name, close_lane, open_lane, refuse_used
from runtime.local.control import Control, ControlError
from runtime.local.stack import Stack, base_specs
from runtime.send import SendError
from runtime.settings import Settings, ensure_secrets, load, to_env

HELP = "rebuild state from history, in a lane of its own"
EXAMPLE = """cartwake replay events.csv.gz --format rees46 --json
cartwake replay log.csv --format csv --column event=action --column time=ts --map-event buy=purchase --time-format s
cartwake replay --from-warehouse --lane live --into shadow --swap"""
# What the lane's worker takes from this command's settings; all else is the stack's.
RULES = """abandon_idle_s attribution_window_s cart_expiry_s session_idle_s session_max_s lateness_s dedup_window_s funnel_name funnel_steps
    funnel_window_s funnel_horizon_s churn_tiers_s""".split()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, nargs="?", help="the log, plain or gzip")
    parser.add_argument("--format", choices=NAMES, help="what kind of log it is")
    parser.add_argument("--lane", help="name of the lane; one that has been used is refused (default: replay-FORMAT-TIME)")
    rebuilding.add_arguments(parser)
    parser.add_argument("--data-dir", help="data folder; a stack that runs on it is used, else one runs for as long as the replay takes")
    parser.add_argument("--json", action="store_true", help="print the summary as one JSON document")
    parser.add_argument("--send", action="store_true", help="deliver what fires to the webhook; without it a replay sends nothing")
    parser.add_argument("--limit", type=int, metavar="N", help="only the first N rows of the file")
    parser.add_argument("--batch-events", type=int, default=500, metavar="N", help="most events in a request (default: 500)")
    parser.add_argument("--until", metavar="TIME", help="move the clock on to this time at the end (ISO 8601; default: the last event's)")
    parser.add_argument("--funnel-steps", metavar="A,B", help="steps of the live funnel in this lane (default: the setting)")
    parser.add_argument("--write-key", help="write key to send with (default: the first one whose source is `server`)")
    parser.add_argument("--timezone", metavar="ZONE", help=f"zone of times that name none (csv: UTC, online-retail: {LONDON})")
    options = parser.add_argument_group("csv only")
    options.add_argument("--column", action="append", default=[], metavar="FIELD=COLUMN", help="which column is what; may be repeated")
    options.add_argument("--map-event", action="append", default=[], metavar="NAME=EVENT", help="what an event is called here")
    options.add_argument("--time-format", default="iso", help="iso, s, ms (since 1970) or a format of strptime (default: iso)")
    options.add_argument("--currency", default="", help="currency of all amounts, such as EUR")
    options.add_argument("--delimiter", default=",", help="what separates the columns; `tab` for a tab")
    options.add_argument("--no-header", action="store_true", help="the file has no header: columns are numbers from 1")


def run(args: argparse.Namespace) -> int:
    try:
        settings = _settings(args)
        if rebuilding.is_wanted(args):
            return rebuilding.run(settings, args)
        job = _job(args, settings)
        summary = asyncio.run(_run(settings, job, args.send))
    except (InputError, LaneError, SendError, ValueError) as error:
        print(f"cartwake: {error}", file=sys.stderr)
        return 1
    print(msgspec.json.encode(summary).decode() if args.json else as_text(summary))
    return 1 if summary.problems else 0


async def _run(settings: Settings, job: Job, webhooks: bool) -> Summary:
    """On the stack that runs, else on one of its own."""
    async with AsyncExitStack() as stack:
        report = stack.enter_context(Report())
        loaded = stack.enter_context(await load_file(settings, job, report))
        if not await asyncio.to_thread(_stack_runs, settings):
            await stack.enter_async_context(Stack(settings, base_specs(settings)))
        await asyncio.to_thread(refuse_used, settings, job.lane)
        stack.push_async_callback(asyncio.to_thread, close_lane, settings, job.lane, webhooks=webhooks)
        await asyncio.to_thread(open_lane, settings, job.lane, env=_worker_env(settings), webhooks=webhooks)
        return await replay(settings, job, loaded, report)


def _worker_env(settings: Settings) -> dict[str, str]:
    rules = {f"CARTWAKE_{rule.upper()}" for rule in RULES}
    return {name: text for name, text in to_env(settings).items() if name in rules} | {"CARTWAKE_REPLAYED": "1"}


def _stack_runs(settings: Settings) -> bool:
    try:
        return bool(Control(settings.data_dir).status())
    except ControlError:
        return False


def _settings(args: argparse.Namespace) -> Settings:
    settings = load(args.config)
    if args.data_dir:
        settings = replace(settings, data_dir=args.data_dir)
    if args.funnel_steps:
        settings = replace(settings, funnel_steps=[step.strip() for step in args.funnel_steps.split(",")])
    return ensure_secrets(settings)


def _job(args: argparse.Namespace, settings: Settings) -> Job:
    if args.send and not settings.webhook_url:
        raise ValueError("--send needs to know where to: set webhook_url (CARTWAKE_WEBHOOK_URL)")
    if args.file is None or args.format is None:
        raise InputError("say which file, and its --format (or --from-warehouse, --from-topic)")
    if not args.file.is_file():
        raise InputError(f"{args.file}: no such file")
    if args.batch_events < 1 or (args.limit is not None and args.limit < 1):
        raise ValueError("--batch-events and --limit must be at least 1")
    lane = args.lane or f"replay-{args.format}-{time.strftime('%Y%m%d%H%M%S', time.gmtime())}"
    check_name(lane)
    return Job(
        path=args.file,
        spec=_format(args),
        lane=lane,
        write_key=args.write_key or _server_key(settings),
        limit=args.limit,
        batch_events=min(args.batch_events, settings.max_batch_events),
        until_ms=time_of(args.until, "iso", ZoneInfo("UTC")) if args.until else 0,
    )


def _server_key(settings: Settings) -> str:
    keys = settings.write_keys
    return next((key for key, source in keys.items() if source == "server"), next(iter(keys)))


def _format(args: argparse.Namespace) -> Format:
    try:
        zone = ZoneInfo(args.timezone) if args.timezone else None
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f"--timezone {args.timezone}: no such zone") from error
    delimiter = "\t" if args.delimiter in ("tab", "\\t") else args.delimiter
    if len(delimiter) != 1:
        raise ValueError(f"--delimiter {args.delimiter!r} is not one character")
    options = CsvOptions(
        columns=_pairs("--column", args.column),
        events=_pairs("--map-event", args.map_event),
        time_format=args.time_format,
        zone=zone or ZoneInfo("UTC"),
        currency=args.currency,
        delimiter=delimiter,
        header=not args.no_header,
    )
    return format_of(args.format, zone, options)


def _pairs(option: str, given: list[str]) -> dict[str, str]:
    pairs = [one.partition("=") for one in given]
    wrong = [name for name, equals, value in pairs if not (name and equals and value)]
    if wrong:
        raise ValueError(f"{option} {wrong[0]}: write NAME=VALUE")
    return {name: value for name, _, value in pairs}
