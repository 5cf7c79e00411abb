"""`cartwake up`: the whole of cartwake on this machine, until Ctrl-C."""

from __future__ import annotations

import argparse
import asyncio

from runtime.local.stack import Stack
from runtime.settings import load

HELP = "run the whole of cartwake on this machine until Ctrl-C"
EXAMPLE = "cartwake up\nCARTWAKE_DATA_DIR=/tmp/try cartwake up"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Nothing but the settings."""


def run(args: argparse.Namespace) -> int:
    asyncio.run(Stack(load(args.config)).run())
    return 0
