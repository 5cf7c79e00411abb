"""Real services for tests and benchmarks: `with local_kafka(folder) as kafka:`. Not used by the stack itself."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from runtime.local.guardian import Guardian, kill_group
from runtime.local.kafka import KafkaHome, kafka_ready, prepare
from runtime.local.ports import free_port
from runtime.local.probes import Probe, http_ready

START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 15.0


class ServiceError(RuntimeError):
    """The service did not become ready; the message holds the end of its log."""


class LocalService:
    """One real service in a folder: `start`, `stop`, `kill` (-9) and start again, its data kept."""

    def __init__(self, folder: Path, command: Callable[[], list[str]], ready: Probe, env: Mapping[str, str] | None = None) -> None:
        self._env = {**os.environ, **(env or {})}
        self._log = folder / "service.log"
        self._command = command
        self._ready = ready
        self._process: subprocess.Popen[bytes] | None = None
        self._guardian = Guardian()
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def pid(self) -> int:
        return self._process.pid if self._process else 0

    def start(self) -> None:
        """Start, and wait until it is ready."""
        with self._log.open("ab") as out:
            self._process = subprocess.Popen(
                self._command(), stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, start_new_session=True, env=self._env
            )
        self._guardian.watch(self.pid)
        deadline_s = time.monotonic() + START_TIMEOUT_S
        while not _ask(self._ready):
            if self._process.poll() is not None or time.monotonic() > deadline_s:
                self.kill()
                raise ServiceError(f"not ready; the end of {self._log}:\n{self._log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.05)

    def stop(self) -> None:
        """SIGTERM, and SIGKILL if that is not enough."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            pass
        self.kill()

    def kill(self) -> None:
        """SIGKILL, and wait for the end."""
        if self._process is not None:
            kill_group(self.pid)
            self._process.wait()
            self._guardian.forget(self.pid)
            self._process = None

    def close(self) -> None:
        self.stop()
        self._guardian.close()


class LocalKafka(LocalService):
    """An embedded Kafka; `bootstrap` is its address."""

    def __init__(self, folder: Path, port: int = 0, heap_mib: int = 384) -> None:
        self.home = KafkaHome(folder.absolute(), "127.0.0.1", port or free_port(), heap_mib)
        self.bootstrap = self.home.bootstrap
        super().__init__(folder, lambda: prepare(self.home), kafka_ready(self.bootstrap))


class LocalWarehouse(LocalService):
    """An embedded ClickHouse; `host` and `port` are its HTTP address, `env` says passwords."""

    def __init__(self, folder: Path, port: int = 0, memory_mib: int = 2048, env: Mapping[str, str] | None = None) -> None:
        self.host, self.port = "127.0.0.1", port or free_port()
        arguments = ["--path", str(folder / "data"), "--host", self.host, "--port", str(self.port), "--memory-mib", str(memory_mib)]
        command = [sys.executable, "-m", "runtime.local.warehouse", *arguments]
        super().__init__(folder, lambda: command, http_ready(f"http://{self.host}:{self.port}/ping", b"Ok."), env)


@contextmanager
def local_kafka(folder: Path, port: int = 0) -> Iterator[LocalKafka]:
    """A Kafka that is ready; stopped at the end."""
    kafka = LocalKafka(folder, port)
    try:
        kafka.start()
        yield kafka
    finally:
        kafka.close()


@contextmanager
def local_warehouse(folder: Path, port: int = 0, env: Mapping[str, str] | None = None, memory_mib: int = 2048) -> Iterator[LocalWarehouse]:
    """A ClickHouse that is ready; stopped at the end."""
    warehouse = LocalWarehouse(folder, port, memory_mib, env)
    try:
        warehouse.start()
        yield warehouse
    finally:
        warehouse.close()


def _ask(probe: Probe) -> bool:
    """In a thread, since a test may have an event loop of its own running in this one."""

    async def ask() -> bool:
        return await probe()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(ask())).result()
