"""`python -m sinks migrate | warehouse | webhooks | receiver`."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence

from runtime import logging as logs
from runtime.settings import SettingsError, load
from sinks.clickhouse import WarehouseAway, WarehouseError
from sinks.migrate import MigrationError, migrate

EXAMPLES = """examples:
  python -m sinks migrate
  python -m sinks warehouse --lane live --metrics-port 18190
  python -m sinks webhooks --lane live --metrics-port 18191
  python -m sinks receiver --port 18082 --fail-first 2
"""


def _migrate(_: argparse.Namespace) -> int:
    applied = asyncio.run(migrate(load()))
    print(f"applied {', '.join(applied)}" if applied else "the warehouse is up to date")
    return 0


def _warehouse(options: argparse.Namespace) -> int:
    from sinks.warehouse import run_warehouse

    settings = load()
    logs.setup(f"sink-{options.lane}", settings.log_level)
    asyncio.run(_until_signal(lambda stop: run_warehouse(settings, options.lane, options.metrics_port, stop)))
    return 0


async def _until_signal(process: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    """Run with an event that SIGTERM and SIGINT set."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await process(stop)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sinks", description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, run, help_text in (
        ("migrate", _migrate, "bring the warehouse's tables and views up to date"),
        ("warehouse", _warehouse, "write a lane's rows into the warehouse, each exactly once"),
    ):
        command = commands.add_parser(name, help=help_text, description=help_text, epilog=_examples(name), formatter_class=_FORM)
        command.set_defaults(run=run)
        if name != "migrate":
            command.add_argument("--lane", default="live", help="the lane whose topics are read (default: live)")
            command.add_argument("--metrics-port", type=int, default=0, help="port of /metrics, /healthz and /readyz (default: any)")
    return parser


_FORM = argparse.RawDescriptionHelpFormatter


def _examples(name: str) -> str:
    return "examples:\n" + "\n".join(line for line in EXAMPLES.splitlines() if f"sinks {name}" in line)


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except (SettingsError, MigrationError, WarehouseAway, WarehouseError) as error:
        print(f"sinks: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    raise SystemExit(main())
