"""`cartwake erase`: a person asks to be forgotten; `--requests`: those who asked in the browser."""

from __future__ import annotations

import argparse
import getpass
import json
import sys
import time
from functools import partial
from typing import Any

from rich.console import Console
from rich.table import Table

from erasure import jobs, requests
from erasure.desk import Desk, DeskClosed
from erasure.erase import Eraser
from erasure.ledger import Ledger
from erasure.perform import perform
from runtime.local.progress import Progress
from runtime.query import command, query
from runtime.settings import Settings, ensure_secrets, load

HELP = "remove a person from the warehouse, the streams' state and Kafka, and keep them out"
EXAMPLE = """cartwake erase --person u:customer-9
cartwake erase --person d:3f0c9d1e-8a57-4b43-9c1f-6f2f4c1d7a10 --json
cartwake erase --requests
cartwake erase --requests --yes --whole-person d:3f0c9d1e-8a57-4b43-9c1f-6f2f4c1d7a10"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    whom = parser.add_mutually_exclusive_group(required=True)
    whom.add_argument("--person", metavar="ID", help="any id of the person: u:<user>, d:<device>, or a bare id, taken as both")
    whom.add_argument("--requests", action="store_true", help="list who asked in the browser (cartwake.erase()) and is still there")
    parser.add_argument("--yes", action="store_true", help="carry out what --requests lists as ready: of devices that are nobody else")
    parser.add_argument(
        "--whole-person",
        action="append",
        default=[],
        metavar="ID",
        help="somebody has made sure who asks: with --requests --yes carry out this held one, too, for all ids; may be given several times",
    )
    parser.add_argument("--warehouse-only", action="store_true", help="leave the streams' state and Kafka as they are")
    parser.add_argument(
        "--patience-s", type=float, default=3600.0, help="how long readers that are behind, and Kafka's compaction, are waited for"
    )
    parser.add_argument("--json", action="store_true", help="print what was done as one JSON document")


def run(args: argparse.Namespace) -> int:
    """0: nothing is left; 1: something is, and where was said, or a request is overdue; 2: could not be asked, or wrong options."""
    from aiokafka.errors import KafkaError as ReadError
    from clickhouse_connect.driver.exceptions import Error as WarehouseError
    from kafka.errors import KafkaError

    settings = ensure_secrets(load(args.config))
    if args.requests and args.warehouse_only:
        print("cartwake: --requests are carried out everywhere, not in the warehouse only", file=sys.stderr)
        return 2
    if not args.requests and (args.yes or args.whole_person):
        print("cartwake: --yes and --whole-person go with --requests", file=sys.stderr)
        return 2
    try:
        if args.requests:
            return _requests(settings, args)
        return (_warehouse_only if args.warehouse_only else _everywhere)(settings, args)
    except (WarehouseError, DeskClosed, KafkaError, ReadError, OSError) as error:
        print(f"cartwake: {error}", file=sys.stderr)
        return 2


def _everywhere(settings: Settings, args: argparse.Namespace) -> int:
    actor = getpass.getuser()
    ids = Desk(settings).ids(args.person)
    asked = jobs.Asked(jobs.new_id(), args.person, ids.persons, actor, _now_ms())
    Ledger(settings).note("erase", args.person, actor, "asked", asked.job_id)
    report, signature = perform(settings, asked, _now_ms, partial(Progress(), "erase"), args.patience_s)
    if args.json:
        print(json.dumps({"report": report, "signature": signature}))
    else:
        print(f"{report['ids']} ids of one person; job {asked.job_id}; signed {signature}")
        print("\n".join(f"  {place:<40} {count:>8} gone" for place, count in report["gone"].items()) or "  nothing was there")
        print("\n".join(f"!! {place}: {count} left" for place, count in report["left"].items()) or "nothing is left")
    return 0 if report["complete"] else 1


def _warehouse_only(settings: Settings, args: argparse.Namespace) -> int:
    say = Progress()
    eraser = Eraser(partial(query, settings), partial(command, settings), settings.erasure_salt, partial(say, "erase"))
    erased = eraser.erase(args.person)
    if args.json:
        print(json.dumps(erased.as_json()))
    else:
        print(f"{len(erased.ids)} ids of one person: {', '.join(erased.ids)}")
        print("\n".join(f"  {table:<20} {rows:>8} rows deleted" for table, rows in erased.deleted.items()) or "  nothing was there")
        print("\n".join(f"!! {place}: {rows} rows of others still name them" for place, rows in erased.left.items()) or "nothing is left")
    return 1 if erased.left else 0


def _requests(settings: Settings, args: argparse.Namespace) -> int:
    now_ms = _now_ms()
    listed = requests.listed(settings)
    try:
        wanted = requests.chosen(listed, args.whole_person)
    except ValueError as error:
        print(f"cartwake: {error}", file=sys.stderr)
        return 2
    reports = [_carry_out(settings, job, args.patience_s) for job in _begun(settings, wanted, now_ms)] if args.yes else []
    due_days = settings.erasure_due_days
    if args.json:
        rows = [each.as_json(now_ms, due_days) for each in listed]
        print(json.dumps({"requests": rows, "carried_out": [each.asker for each in wanted] if args.yes else [], "erasures": reports}))
    elif args.yes:
        print(f"{len(wanted)} requests carried out, {len(listed) - len(wanted)} left")
        for each in reports:
            print("\n".join(f"!! {place}: {count} left" for place, count in each["report"]["left"].items()) or "nothing is left of them")
    else:
        _draw(listed, now_ms, due_days)
    left = [each for each in listed if not (args.yes and each in wanted)]
    is_overdue = any(each.urgency(now_ms, due_days) == "overdue" for each in left)
    return 1 if is_overdue or not all(each["report"]["complete"] for each in reports) else 0


def _begun(settings: Settings, wanted: list[requests.Request], now_ms: int) -> list[jobs.Asked]:
    return requests.begin(settings, wanted, getpass.getuser(), now_ms)


def _carry_out(settings: Settings, job: jobs.Asked, patience_s: float) -> dict[str, Any]:
    """What a process of its own does for a request over HTTP; killed in the middle, the next collector goes on with it."""
    with jobs.taken(settings, job.job_id):
        report, signature = perform(settings, job, _now_ms, partial(Progress(), "erase"), patience_s)
        jobs.forget(settings, job.job_id)
    return {"report": report, "signature": signature}


def _draw(listed: list[requests.Request], now_ms: int, due_days: int) -> None:
    if not listed:
        print("nobody waits to be forgotten")
        return
    table = Table(title="asked in the browser to be forgotten", title_justify="left")
    table.add_column("who asks", no_wrap=True)
    for name in ("age, days", "due in, days", "state", "goes with it"):
        table.add_column(name, overflow="fold")
    for each in listed:
        row = each.as_json(now_ms, due_days)
        mark = f"{each.status}, {row['urgency']}" if row["urgency"] != "open" else each.status
        table.add_row(each.asker, str(row["age_days"]), str(row["due_in_days"]), mark, " ".join(each.also))
    Console().print(table)
    print("ready: `cartwake erase --requests --yes` does it. held: make sure who asks, then add `--whole-person ID` (docs/privacy.md)")


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
