"""`python -m streams worker --lane LANE`: one worker of a lane's stream. Start as many as there are partitions, at most."""

import argparse
import asyncio
import os
import sys

from faust import Worker as FaustWorker

from runtime.http import serve_health
from runtime.logging import setup
from runtime.settings import SettingsError, ensure_secrets, load
from streams import garbage
from streams.app import Worker
from streams.policies import policy_of

_CRASH_GRACE_S = 2.0  # time to log


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m streams", description=__doc__, epilog="example: python -m streams worker --lane live")
    parser.add_argument("command", choices=["worker"])
    parser.add_argument("--lane", default="live", help="the lane to work on (default: live)")
    parser.add_argument("--metrics-port", type=int, default=0, help="port of /metrics, /healthz and /readyz (default: any free one)")
    return parser.parse_args()


async def _end_when_crashed(worker: Worker) -> None:
    """Faust lingers after a crash of its app; the supervisor starts a process that ends, not one that lingers."""
    while not worker.app.crashed:
        await asyncio.sleep(0.5)
    await asyncio.sleep(_CRASH_GRACE_S)
    os._exit(1)


def main() -> int:
    """Run a worker until a signal ends it, or until Kafka is away for too long (exit 1: start it again)."""
    args = _arguments()
    try:
        settings = ensure_secrets(load())
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    setup(f"worker-{args.lane}", settings.log_level)
    garbage.set_up()
    replayed = os.environ.get("CARTWAKE_REPLAYED", "") == "1"
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    worker = Worker(settings, args.lane, policy_of(settings, args.lane, replayed=replayed))
    loop.run_until_complete(serve_health(args.metrics_port, lambda: worker.assigned is not None, host=settings.metrics_host))
    watch = loop.create_task(_end_when_crashed(worker), name="end-when-crashed")
    faust_worker = FaustWorker(
        worker.app, loop=loop, loglevel=settings.log_level, quiet=True, redirect_stdouts=False, override_logging=False
    )
    try:
        faust_worker.execute_from_commandline()
    except SystemExit as done:
        return int(done.code or 0)
    finally:
        watch.cancel()
    return 0


if __name__ == "__main__":
    sys.exit(main())
