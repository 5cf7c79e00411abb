"""`cartwake erase`: a person asks to be forgotten."""

from __future__ import annotations

import argparse
import json
import sys
from functools import partial

from erasure.erase import Eraser
from runtime.local.progress import Progress
from runtime.query import command, query
from runtime.settings import ensure_secrets, load

HELP = "remove a person from every table of the warehouse, and keep them out"
EXAMPLE = "cartwake erase --person u:customer-9\ncartwake erase --person d:3f0c9d1e-8a57-4b43-9c1f-6f2f4c1d7a10 --json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--person", required=True, metavar="ID", help="any id of the person: u:<user>, d:<device>, or a bare id, taken as both"
    )
    parser.add_argument("--json", action="store_true", help="print what was done as one JSON document")


def run(args: argparse.Namespace) -> int:
    """0: nothing of the person is left; 1: something is, and where was said; 2: the warehouse could not be asked."""
    from clickhouse_connect.driver.exceptions import Error as WarehouseError

    settings = ensure_secrets(load(args.config))
    say = Progress()
    eraser = Eraser(partial(query, settings), partial(command, settings), settings.erasure_salt, partial(say, "erase"))
    try:
        erased = eraser.erase(args.person)
    except (WarehouseError, OSError) as error:
        print(f"cartwake: {error}", file=sys.stderr)
        return 2
    if args.json:
        print(json.dumps(erased.as_json()))
    else:
        print(f"{len(erased.ids)} ids of one person: {', '.join(erased.ids)}")
        print("\n".join(f"  {table:<20} {rows:>8} rows deleted" for table, rows in erased.deleted.items()) or "  nothing was there")
        print("\n".join(f"!! {place}: {rows} rows of others still name them" for place, rows in erased.left.items()) or "nothing is left")
    return 1 if erased.left else 0
