"""`cartwake up`: the whole of cartwake on this machine, until Ctrl-C."""

from __future__ import annotations

import argparse
import asyncio
from dataclasses import replace

from runtime.local.stack import Stack
from runtime.settings import SettingsError, load

HELP = "run the whole of cartwake on this machine until Ctrl-C"
EXAMPLE = "cartwake up\ncartwake up --workers 2 --collectors 2\nCARTWAKE_DATA_DIR=/tmp/try cartwake up"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--workers", type=int, metavar="N", help="worker processes of each lane (default: the setting `workers`, 1)")

    parser.add_argument("--collectors", type=int, metavar="N", help="collector processes behind its port (default: `collector_workers`, 1)")


def run(args: argparse.Namespace) -> int:
    settings = load(args.config)
    if args.workers is not None:
        if not 1 <= args.workers <= settings.partitions:
            raise SettingsError(f"--workers {args.workers}: at least 1, at most as many as there are partitions ({settings.partitions})")
        settings = replace(settings, workers=args.workers)
    if args.collectors is not None:
        if args.collectors < 1:
            raise SettingsError(f"--collectors {args.collectors}: at least 1")
        settings = replace(settings, collector_workers=args.collectors)
    asyncio.run(Stack(settings).run())
    return 0
