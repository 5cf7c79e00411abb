"""`cartwake erase`: a person asks to be forgotten."""

from __future__ import annotations

import argparse
import getpass
import json
import sys
import time
from functools import partial

from erasure import jobs
from erasure.desk import Desk, DeskClosed
from erasure.erase import Eraser
from erasure.ledger import Ledger
from erasure.perform import perform
from runtime.local.progress import Progress
from runtime.query import command, query
from runtime.settings import Settings, ensure_secrets, load

HELP = "remove a person from the warehouse, the streams' state and Kafka, and keep them out"
EXAMPLE = "cartwake erase --person u:customer-9\ncartwake erase --person d:3f0c9d1e-8a57-4b43-9c1f-6f2f4c1d7a10 --json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--person", required=True, metavar="ID", help="any id of the person: u:<user>, d:<device>, or a bare id, taken as both"
    )
    parser.add_argument("--warehouse-only", action="store_true", help="leave the streams' state and Kafka as they are")
    parser.add_argument(
        "--patience-s", type=float, default=3600.0, help="how long readers that are behind, and Kafka's compaction, are waited for"
    )
    parser.add_argument("--json", action="store_true", help="print what was done as one JSON document")


def run(args: argparse.Namespace) -> int:
    """0: nothing of the person is left; 1: something is, and where was said; 2: the warehouse or Kafka could not be asked."""
    from aiokafka.errors import KafkaError as ReadError
    from clickhouse_connect.driver.exceptions import Error as WarehouseError
    from kafka.errors import KafkaError

    settings = ensure_secrets(load(args.config))
    try:
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


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
