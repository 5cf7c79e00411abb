"""The process: granian and uvloop around the application, one or several processes behind one port."""

import argparse
import asyncio
import gc
import logging
import os
import resource
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from collector.auth import keys_of
from runtime.address import collector_url
from runtime.logging import setup
from runtime.settings import Settings, SettingsError, ensure_secrets, load, to_env

_WORKER_ENV = "CARTWAKE_COLLECTOR_WORKER"
_METRICS_ENV = "PROMETHEUS_MULTIPROC_DIR"
_GARBAGE_OBJECTS = 5000  # new ones that are not gone again, before it looks which of them are garbage; Python's own choice is 700
_OTHER_FILES = 128  # open files that are no clients' connections
_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)
log = logging.getLogger("collector")


def main(argv: Sequence[str] | None = None) -> int:
    asked = _parser().parse_args(argv)
    try:
        settings = ensure_secrets(load())
        if asked.workers is not None:
            settings = replace(settings, collector_workers=asked.workers)
        keys_of(settings)
        _check_tls(settings)
    except SettingsError as error:
        print(f"collector: {error}", file=sys.stderr)
        return 2
    setup("collector", settings.log_level)
    if settings.log_level != "DEBUG":
        logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # in an outage many lines a second, and `producer.py` says it once
    if _WORKER_ENV in os.environ:
        return run(settings)
    if not _port_is_free(settings):
        print(f"collector: {settings.collector_host}:{settings.collector_port} is in use", file=sys.stderr)
        return 1
    return run(settings) if settings.collector_workers == 1 else _run_workers(settings)


def run(settings: Settings) -> int:
    """One process."""
    import uvloop

    _tune_garbage_collection()
    uvloop.run(serve(settings))
    return 0


def _tune_garbage_collection() -> None:
    """What is loaded by now stays: it need not be looked through again and again for garbage, a tenth of a single event's time.

    And it looks more seldom: a refused request leaves some four objects in cycles, and none of them holds its body.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_GARBAGE_OBJECTS)


async def serve(settings: Settings) -> None:
    """Serve until a signal; then no new connections, every request under way answered, and out."""
    from granian.constants import Interfaces, SSLProtocols
    from granian.http import HTTP1Settings
    from granian.server.embed import Server

    from collector.app import App
    from collector.limits import CONNECTION_BUFFER_BYTES, DRAIN_TIMEOUT_S

    app = App(settings, now_ms=lambda: time.time_ns() // 1_000_000)
    server = Server(
        app,
        address=settings.collector_host,
        port=settings.collector_port,
        interface=Interfaces.ASGINL,
        websockets=False,
        log_enabled=False,
        backlog=1024,
        backpressure=_connections(),
        http1_settings=HTTP1Settings(max_buffer_size=CONNECTION_BUFFER_BYTES),
        ssl_cert=Path(settings.tls_certificate) if settings.tls_certificate else None,
        ssl_key=Path(settings.tls_key) if settings.tls_key else None,
        ssl_protocol_min=SSLProtocols.tls12,
    )
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in _STOP_SIGNALS:
        loop.add_signal_handler(name, stopping.set)
    if _WORKER_ENV in os.environ:
        loop.add_reader(sys.stdin.fileno(), stopping.set)  # its end: the process that started this one was killed
    app.start()
    serving = asyncio.create_task(server.serve())
    log.info("listening on %s", collector_url(settings))
    asked = asyncio.create_task(stopping.wait())
    await asyncio.wait({serving, asked}, return_when=asyncio.FIRST_COMPLETED)
    server.stop()  # type: ignore[no-untyped-call]
    await asyncio.wait({serving}, timeout=DRAIN_TIMEOUT_S)
    await app.stop()
    if not stopping.is_set():
        asked.cancel()
        serving.result()
    log.info("stopped")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m collector", description="Take events in over HTTP, until SIGTERM.")
    parser.add_argument("--workers", type=_count, metavar="N", help="processes behind the port (default: the setting `collector_workers`)")
    return parser


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of processes")
    return int(text)


def _check_tls(settings: Settings) -> None:
    """Raises SettingsError where HTTPS is asked for and cannot be spoken: better now than at the first request."""
    if bool(settings.tls_certificate) != bool(settings.tls_key):
        raise SettingsError("tls_certificate and tls_key: both are needed, or neither")
    if not settings.tls_certificate:
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(settings.tls_certificate, settings.tls_key, password="")
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise SettingsError(f"tls_certificate, tls_key: {settings.tls_certificate} and {settings.tls_key}: {error}") from error


def _connections() -> int:
    """How many connections to hold open: as many as wanted, or as the system's limit of open files allows."""
    from collector.limits import CONNECTIONS_MAX

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS_MAX + _OTHER_FILES
    if soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return max(1, min(CONNECTIONS_MAX, soft - _OTHER_FILES))


def _port_is_free(settings: Settings) -> bool:
    """Asked before serving: the workers share the port, so that a second collector would not fail by itself."""
    family = socket.AF_INET6 if ":" in settings.collector_host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.collector_host, settings.collector_port))
        except OSError:
            return False
    return True


def _run_workers(settings: Settings) -> int:
    """Several processes behind one port; when one ends, all end, and whoever started this starts it again."""
    folder = Path(tempfile.mkdtemp(prefix="cartwake-metrics-"))
    env = {**os.environ, **to_env(settings), _WORKER_ENV: "1", _METRICS_ENV: str(folder)}
    workers = [
        subprocess.Popen([sys.executable, "-m", "collector"], env=env, stdin=subprocess.PIPE) for _ in range(settings.collector_workers)
    ]
    stopped = False

    def stop(*_: object) -> None:
        nonlocal stopped
        stopped = True

    for name in _STOP_SIGNALS:
        signal.signal(name, stop)
    while not stopped and all(worker.poll() is None for worker in workers):
        time.sleep(0.2)
    for worker in workers:
        worker.terminate()
    codes = [worker.wait() for worker in workers]
    shutil.rmtree(folder, ignore_errors=True)
    # SIGTERM itself ends only a worker that had not begun to listen for it, and so had no request.
    return 0 if stopped and set(codes) <= {0, -signal.SIGTERM} else 1
