"""`python -m reconcile --lane live --metrics-port 18183`: reconciles the lane every day. By hand: `cartwake reconcile`."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
import time

from reconcile.daily import run_daily
from runtime import logging as logs
from runtime.settings import Settings, SettingsError, load


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m reconcile", description=__doc__)
    parser.add_argument("--lane", default="live", help="the lane (default: live)")
    parser.add_argument("--metrics-port", type=int, default=0, help="port of /metrics, /healthz and /readyz (default: any)")
    options = parser.parse_args()
    try:
        settings = load()
    except SettingsError as error:
        print(f"reconcile: {error}", file=sys.stderr)
        return 1
    logs.setup(f"reconcile-{options.lane}", settings.log_level)
    asyncio.run(_until_signal(settings, options.lane, options.metrics_port))
    return 0


async def _until_signal(settings: Settings, lane: str, metrics_port: int) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await run_daily(settings, lane, metrics_port, stop, time.time)


if __name__ == "__main__":
    raise SystemExit(main())
