"""`python -m streams worker --lane LANE`: one worker of a lane's stream. Start as many as there are partitions, at most.

`python -m streams finish --lane LANE`, while no worker of the lane runs: applies what is left in its inputs, and ends.
"""

import argparse
import asyncio
import logging
import os
import sys

from faust import Worker as FaustWorker

from runtime.http import serve_health
from runtime.logging import setup
from runtime.settings import SettingsError, ensure_secrets, load
from streams import garbage
from streams.agents.setups import INPUT, Setups
from streams.app import Worker
from streams.finish import finish
from streams.policies import policy_of

log = logging.getLogger(__name__)
EXAMPLES = "examples: python -m streams worker --lane live; python -m streams finish --lane live --agent journey"
_CRASH_GRACE_S = 2.0  # time to log


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m streams", description=__doc__, epilog=EXAMPLES)
    parser.add_argument("command", choices=["worker", "finish"])
    parser.add_argument("--lane", default="live", help="the lane to work on (default: live)")
    parser.add_argument("--agent", choices=list(INPUT), help="finish: this agent's input only (default: all)")
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
    setup(f"{args.command}-{args.lane}", settings.log_level)
    garbage.set_up()
    replayed = os.environ.get("CARTWAKE_REPLAYED", "") == "1"
    setups = Setups(settings, args.lane, policy_of(settings, args.lane, replayed=replayed))
    if args.command == "finish":
        count = asyncio.run(finish(setups, [args.agent] if args.agent else list(INPUT)))
        log.info("at rest lane=%s records=%s", args.lane, count)
        return 0
    return _work(setups, args.metrics_port)


def _work(setups: Setups, metrics_port: int) -> int:
    settings = setups.settings
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    worker = Worker(setups)
    loop.run_until_complete(serve_health(metrics_port, lambda: worker.assigned is not None, host=settings.metrics_host))
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
