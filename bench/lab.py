"""What every benchmark starts from: a throw-away Kafka on free loopback ports, a lane's topics, worker processes, the machine in words."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import psutil

from runtime.local.jars import KAFKA_VERSION
from runtime.local.ports import free_port
from runtime.local.probes import http_ready
from runtime.local.testing import LocalKafka, LocalService, LocalWarehouse, local_kafka
from runtime.settings import Settings, to_env
from runtime.topics import create_topics

ROOT = Path(__file__).resolve().parents[1]
Say = Callable[[str], None]
_PACKAGES = ("faust-streaming", "aiokafka", "msgspec", "orjson", "uvloop", "lz4", "chdb", "clickhouse-connect")


class BenchError(RuntimeError):
    """Something could not be measured. The message says why and what to do."""


class Process(LocalService):
    """A process that answers on `url`: /readyz, /metrics."""

    def __init__(self, folder: Path, command: list[str], env: Mapping[str, str], port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        whole = ["/usr/bin/env", f"--chdir={ROOT}", *(f"{key}={value}" for key, value in env.items()), *command]
        super().__init__(folder, lambda: whole, http_ready(f"{self.url}/readyz"))


class Lab:
    """A Kafka of its own in a folder that goes when the lab does."""

    def __init__(self, folder: Path, kafka: LocalKafka) -> None:
        self.folder = folder
        self.kafka = kafka
        self._processes: list[LocalService] = []

    @property
    def bootstrap(self) -> str:
        return self.kafka.bootstrap

    def lane(self, name: str, partitions: int, **changes: Any) -> Settings:
        """Make the topics of a new lane. Settings are the defaults but for `changes`: a benchmark does not measure the user's own file."""
        data_dir = self.folder / f"lane-{name}"
        data_dir.mkdir()
        base = replace(Settings(), kafka_bootstrap=self.bootstrap, partitions=partitions, data_dir=str(data_dir), log_level="WARNING")
        settings = replace(base, **changes)
        create_topics(settings, name)
        return settings

    def worker(self, settings: Settings, lane: str) -> Process:
        """A worker process of a lane, not started yet; killed with the lab, should it still run then."""
        port = free_port()
        command = [sys.executable, "-m", "streams", "worker", "--lane", lane, "--metrics-port", str(port)]
        found = Process(self.folder / f"worker-{lane}-{len(self._processes)}", command, to_env(settings), port)
        self._processes.append(found)
        return found

    def sink(self, settings: Settings, lane: str) -> Process:
        """The process that fills the warehouse with a lane's rows, as `worker`."""
        port = free_port()
        command = [sys.executable, "-m", "sinks", "warehouse", "--lane", lane, "--metrics-port", str(port)]
        found = Process(self.folder / f"sink-{lane}-{len(self._processes)}", command, to_env(settings), port)
        self._processes.append(found)
        return found

    def warehouse(self) -> LocalWarehouse:
        """A ClickHouse of the lab's own, not started yet."""
        found = LocalWarehouse(self.folder / f"warehouse-{len(self._processes)}")
        self._processes.append(found)
        return found

    def close(self) -> None:
        for process in reversed(self._processes):
            process.close()


@contextmanager
def open_lab() -> Iterator[Lab]:
    """A lab with a Kafka that is ready; nothing of it is left at the end."""
    with tempfile.TemporaryDirectory(prefix="cartwake-bench-") as name, local_kafka(Path(name) / "kafka") as kafka:
        lab = Lab(Path(name), kafka)
        try:
            yield lab
        finally:
            lab.close()


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "cpu": _cpu(),
        "cores": usable,
        "memory_gib": round(psutil.virtual_memory().total / (1 << 30), 1),
        "system": f"{platform.system()} {platform.release()}",
        "load_1_min": round(os.getloadavg()[0], 1),  # others who work on it make all rates lower
    }


def versions() -> dict[str, str]:
    """What was measured."""
    found = {"cartwake": _commit(), "python": platform.python_version(), "kafka": KAFKA_VERSION}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            pass
    return found


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def _commit() -> str:
    """The commit, with a + if the checkout has changes that are not in it."""
    done = subprocess.run(["git", "describe", "--always", "--dirty=+"], cwd=ROOT, capture_output=True, text=True)
    return done.stdout.strip()


def say_on_stderr(text: str) -> None:
    """Progress of a benchmark: stdout is the result's."""
    print(text, file=sys.stderr, flush=True)
