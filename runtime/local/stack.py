"""The processes of cartwake, as specs for the supervisor: what is shared, and what each lane has of its own."""

from __future__ import annotations

import sys
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from runtime.address import collector_url
from runtime.local.kafka import home_of
from runtime.local.probes import http_ready
from runtime.local.spec import ProcessSpec
from runtime.local.supervisor import Say, Supervisor
from runtime.settings import Settings, SettingsError, ensure_secrets, to_env

LIVE = "live"
PORTS_FROM_COLLECTOR = 100
PORTS_EACH_LANE = 4
LANE_SLOTS = 200
MORE_WORKERS = 15  # of a lane, at most, beside the first


def module(name: str, *arguments: str) -> list[str]:
    """The command that runs one of our modules."""
    return [sys.executable, "-m", name, *arguments]


def metrics_port(settings: Settings, role: str, lane: str) -> int:
    """Where a process of a lane serves its metrics: the same every time. The live lane's are the first."""
    place = ("worker", "sink", "webhooks", "reconcile").index(role)
    return settings.collector_port + PORTS_FROM_COLLECTOR + _slot(lane) * PORTS_EACH_LANE + place


def _slot(lane: str) -> int:
    return 0 if lane == LIVE else 1 + zlib.crc32(lane.encode()) % LANE_SLOTS


def _worker_port(settings: Settings, lane: str, number: int) -> int:
    """As `metrics_port`; those of a lane's further workers (from 2) lie above those of all lanes."""
    if number == 1:
        return metrics_port(settings, "worker", lane)
    if number > 1 + MORE_WORKERS:
        raise SettingsError(f"workers: {number} are more than one machine runs of a lane ({1 + MORE_WORKERS})")
    above = settings.collector_port + PORTS_FROM_COLLECTOR + (LANE_SLOTS + 1) * PORTS_EACH_LANE
    return above + _slot(lane) * MORE_WORKERS + number - 2


def kafka_spec(settings: Settings) -> ProcessSpec:
    home = home_of(Path(settings.data_dir) / "kafka", settings.kafka_bootstrap, settings.kafka_heap_mib, settings.partitions)
    return home.spec()


def warehouse_spec(settings: Settings) -> ProcessSpec:
    host, port = settings.warehouse_host, settings.warehouse_port
    path = str(Path(settings.data_dir).absolute() / "warehouse")
    where = ["--path", path, "--host", host, "--port", str(port), "--memory-mib", str(settings.warehouse_memory_mib)]
    ping = f"http://{host}:{port}/ping"
    argv = module("runtime.local.warehouse", *where)
    return ProcessSpec("warehouse", argv, ready=http_ready(ping, b"Ok."), host=host, port=port, health_url=ping)


def collector_spec(settings: Settings) -> ProcessSpec:
    host, port = settings.collector_host, settings.collector_port
    url = f"{collector_url(settings)}/readyz"
    return ProcessSpec("collector", module("collector"), ready=http_ready(url), host=host, port=port, needs=["topics-live"], health_url=url)


def topics_spec(lane: str) -> ProcessSpec:
    return ProcessSpec(f"topics-{lane}", module("runtime.topics", "--lane", lane), needs=["kafka"], step=True)


def base_specs(settings: Settings) -> list[ProcessSpec]:
    """What all lanes share: Kafka, the warehouse and its tables, the collector and the live lane's topics."""
    migrate = ProcessSpec("migrate", module("sinks", "migrate"), needs=["warehouse"], step=True)
    return [kafka_spec(settings), warehouse_spec(settings), topics_spec(LIVE), migrate, collector_spec(settings)]


def lane_specs(settings: Settings, lane: str = LIVE, *, env: Mapping[str, str] | None = None, webhooks: bool = True) -> list[ProcessSpec]:
    """The processes of one lane. Add them to `base_specs`, or to a running supervisor (`add`, `remove`)."""
    topics = f"topics-{lane}"
    specs = [] if lane == LIVE else [topics_spec(lane)]
    specs += [worker_spec(settings, lane, number, env) for number in range(1, settings.workers + 1)]
    sink = module("sinks", "warehouse", "--lane", lane)
    specs.append(_served(f"sink-{lane}", metrics_port(settings, "sink", lane), sink, [topics, "migrate"], env))
    if webhooks:
        argv = module("sinks", "webhooks", "--lane", lane)
        specs.append(_served(f"webhooks-{lane}", metrics_port(settings, "webhooks", lane), argv, [topics], env))
    return specs


def worker_spec(settings: Settings, lane: str, number: int, env: Mapping[str, str] | None = None) -> ProcessSpec:
    """A lane's worker; the first is `worker-<lane>`, the second `worker-<lane>-2`."""
    name = f"worker-{lane}" if number == 1 else f"worker-{lane}-{number}"
    return _served(name, _worker_port(settings, lane, number), module("streams", "worker", "--lane", lane), [f"topics-{lane}"], env)


def finish_spec(settings: Settings, lane: str, agent: str = "", env: Mapping[str, str] | None = None) -> ProcessSpec:
    """Brings a lane without workers to rest: applies what is left in the inputs (in one agent's only, if it is named)."""
    argv = module("streams", "finish", "--lane", lane, *(["--agent", agent] if agent else []))
    return ProcessSpec(f"finish-{lane}", argv, env=env or {}, needs=["kafka"], step=True)


def reconcile_spec(settings: Settings, lane: str = LIVE) -> ProcessSpec:
    """Compares a lane's live results every day with the same computed anew from its events."""
    port = metrics_port(settings, "reconcile", lane)
    return _served(f"reconcile-{lane}", port, module("reconcile", "--lane", lane), ["migrate"], None)


def requests_spec(settings: Settings) -> list[ProcessSpec]:
    """Carries out requests to be forgotten, where the settings ask for it."""
    argv = module("erasure", "--requests")
    return [ProcessSpec("erasure-requests", argv, needs=["migrate"])] if settings.erasure_requests_every_s else []


def _served(name: str, port: int, argv: Sequence[str], needs: Sequence[str], env: Mapping[str, str] | None) -> ProcessSpec:
    url = f"http://127.0.0.1:{port}/readyz"
    command = [*argv, "--metrics-port", str(port)]
    return ProcessSpec(name, command, env=env or {}, ready=http_ready(url), port=port, needs=needs, health_url=url)


def live_specs(settings: Settings) -> list[ProcessSpec]:
    """What `cartwake up` runs: the live lane, with webhooks if there is a URL to send them to."""
    lane = lane_specs(settings, webhooks=bool(settings.webhook_url))
    return [*base_specs(settings), *lane, reconcile_spec(settings), *requests_spec(settings)]


class Stack(Supervisor):
    """A supervisor whose processes all have these settings: `async with Stack(settings) as stack:`."""

    def __init__(self, settings: Settings, specs: Sequence[ProcessSpec] | None = None, *, say: Say | None = None) -> None:
        self.settings = ensure_secrets(settings)
        chosen = live_specs(self.settings) if specs is None else specs
        environ = {**to_env(self.settings), "CARTWAKE_DATA_DIR": str(Path(settings.data_dir).absolute())}
        super().__init__(Path(settings.data_dir), chosen, env=environ, say=say)
