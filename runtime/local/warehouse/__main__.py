"""The warehouse as a process. Passwords come by the settings (CARTWAKE_ANALYST_PASSWORD ...): a command line can be read by anybody."""

import argparse
import asyncio
import faulthandler
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

import uvloop
from aiohttp import web

from runtime.local.warehouse import watchdog
from runtime.local.warehouse.access import User, users_of
from runtime.local.warehouse.engine import Engine
from runtime.local.warehouse.lock import FolderInUseError, FolderLock
from runtime.local.warehouse.server import Server
from runtime.settings import SettingsError, load

FINISH_S = 5.0
END_S = 10.0
EXPIRE_EVERY_S = 5.0
MAX_LINE_BYTES = 1 << 20


def arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m runtime.local.warehouse", description=__doc__)
    parser.add_argument("--path", type=Path, required=True, help="folder of the data; made if missing")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=18123, help="0 takes a free one, told by the line `ready`")
    parser.add_argument("--memory-mib", type=int, default=2048, help="memory of the engine, all queries together")
    parser.add_argument("--handles", type=int, default=4, help="statements that run at a time; more wait")
    return parser.parse_args(argv)


async def serve(options: argparse.Namespace, users: Mapping[str, User]) -> None:
    engine = Engine(options.path, options.memory_mib, options.handles)
    watchdog.arm()
    server = Server(engine, options.host, users)
    runner = web.AppRunner(
        server.app(),
        access_log=None,
        auto_decompress=False,
        handler_cancellation=True,
        max_line_size=MAX_LINE_BYTES,
        max_field_size=MAX_LINE_BYTES,
    )
    await runner.setup()
    site = web.TCPSite(runner, options.host, options.port, shutdown_timeout=1.0)
    await site.start()
    port = runner.addresses[0][1]
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    tasks = [asyncio.create_task(watchdog.watch(engine.probe)), asyncio.create_task(_expire(server))]
    print(f"ready http://{options.host}:{port}", flush=True)
    await stop.wait()
    await server.drain(FINISH_S)
    for task in tasks:
        task.cancel()
    faulthandler.dump_traceback_later(END_S, exit=True)
    await runner.cleanup()
    server.sessions.close()
    engine.close()
    faulthandler.cancel_dump_traceback_later()


async def _expire(server: Server) -> None:
    while True:
        await asyncio.sleep(EXPIRE_EVERY_S)
        server.sessions.expire()


def main(argv: list[str]) -> int:
    options = arguments(argv)
    try:
        users = users_of(load())
        lock = FolderLock(options.path)
    except (FolderInUseError, SettingsError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    with lock:
        uvloop.run(serve(options, users))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
