"""The ways out of the stream, each a process of its own; `migrate` prepares the warehouse and ends."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Sequence

from runtime import logging as logs
from runtime.settings import SettingsError, ensure_secrets, load
from sinks.clickhouse import WarehouseAway, WarehouseError
from sinks.migrate import MigrationError, migrate
from sinks.schedule import DELAYS_S

EXAMPLES = """examples:
  python -m sinks migrate
  python -m sinks warehouse --lane live --metrics-port 18181
  python -m sinks webhooks --lane live --metrics-port 18182
  python -m sinks webhooks --lane demo --retry-delays-s 1,2,4
  python -m sinks receiver --port 18082
  python -m sinks receiver --port 18082 --fail-first 3 --fail-rate 0.1
"""


def _migrate(_: argparse.Namespace) -> int:
    applied = asyncio.run(migrate(load()))
    print(f"applied {', '.join(applied)}" if applied else "the warehouse is up to date")
    return 0


def _warehouse(options: argparse.Namespace) -> int:
    from sinks.warehouse import run_warehouse

    settings = ensure_secrets(load())
    logs.setup(f"sink-{options.lane}", settings.log_level)
    asyncio.run(_until_signal(lambda stop: run_warehouse(settings, options.lane, options.metrics_port, stop, time.time)))
    return 0


def _webhooks(options: argparse.Namespace) -> int:
    from sinks.webhooks import run_webhooks

    settings = ensure_secrets(load())
    logs.setup(f"webhooks-{options.lane}", settings.log_level)
    asyncio.run(
        _until_signal(lambda stop: run_webhooks(settings, options.lane, options.metrics_port, stop, time.time, options.retry_delays_s))
    )
    return 0


def _receiver(options: argparse.Namespace) -> int:
    from sinks.receiver import run_receiver

    settings = ensure_secrets(load())
    port = settings.receiver_port if options.port is None else options.port
    secret, fail_first, fail_rate = settings.webhook_secret, options.fail_first, options.fail_rate
    asyncio.run(_until_signal(lambda stop: run_receiver(secret, options.host, port, stop, time.time, fail_first, fail_rate)))
    return 0


async def _until_signal(process: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    """Run with an event that SIGTERM and SIGINT set."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await process(stop)


def _delays(text: str) -> tuple[float, ...]:
    return tuple(float(part) for part in text.split(","))


def _parser() -> argparse.ArgumentParser:
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="python -m sinks", description=__doc__, epilog=EXAMPLES, formatter_class=form)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Callable[[argparse.Namespace], int], help_text: str) -> argparse.ArgumentParser:
        examples = "examples:\n" + "\n".join(line for line in EXAMPLES.splitlines() if f"sinks {name}" in line)
        added = commands.add_parser(name, help=help_text, description=help_text, epilog=examples, formatter_class=form)
        added.set_defaults(run=run)
        return added

    command("migrate", _migrate, "bring the warehouse's tables and views up to date")
    warehouse = command("warehouse", _warehouse, "write a lane's rows into the warehouse, each exactly once")
    webhooks = command("webhooks", _webhooks, "deliver a lane's triggers to webhook_url")
    for each in (warehouse, webhooks):
        each.add_argument("--lane", default="live", help="the lane whose topics are read (default: live)")
        each.add_argument("--metrics-port", type=int, default=0, help="port of /metrics, /healthz and /readyz (default: any)")
    webhooks.add_argument(
        "--retry-delays-s", type=_delays, default=DELAYS_S, help="seconds before each further attempt (default: over a day)"
    )
    receiver = command("receiver", _receiver, "receive webhooks and print them, as a shop would")
    receiver.add_argument("--host", default="127.0.0.1")
    receiver.add_argument("--port", type=int, default=None, help="default: the setting receiver_port")
    receiver.add_argument("--fail-first", type=int, default=0, metavar="N", help="answer 503 to the first N requests")
    receiver.add_argument("--fail-rate", type=float, default=0.0, metavar="P", help="answer 503 to this part of the requests, 0 to 1")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except (SettingsError, MigrationError, WarehouseAway, WarehouseError) as error:
        print(f"sinks: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    raise SystemExit(main())
