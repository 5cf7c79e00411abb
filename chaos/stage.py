"""The stack that suffers: a live lane and one of event time, each with several workers, on throw-away data and free ports."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

from runtime.local.ports import is_free
from runtime.local.spec import ProcessSpec
from runtime.local.stack import LIVE, base_specs, lane_specs, worker_spec
from runtime.settings import Settings, ensure_secrets

LANE = "chaos"
LANES = (LANE, LIVE)
WRITE_KEY = "chaos-web"
WORKERS = 2
LIVE_IDLE_S = 20
# A day is not to be waited for here; enough attempts to outlast any outage of a run.
RETRY_DELAYS_S = "1,1,2,2,4,4,8,8,16,16,16,16,16,16,16,16"
PORTS = range(20_000, 28_000, 10)  # below those that the kernel gives to clients; metrics go up to 4,200 above


class NoPortsError(RuntimeError):
    """No block of ports is free. Try again, or end what holds them."""


def throw_away(settings: Settings, folder: Path) -> Settings:
    """These settings, with data, ports and keys of their own."""
    for base in random.sample(PORTS, 100):
        chosen = replace(
            settings,
            data_dir=str(folder),
            workers=min(WORKERS, settings.partitions),
            kafka_bootstrap=f"127.0.0.1:{base}",
            warehouse_host="127.0.0.1",
            warehouse_port=base + 1,
            metrics_host="127.0.0.1",
            collector_host="127.0.0.1",
            collector_port=base + 2,
            receiver_port=base + 3,
            webhook_url=f"http://127.0.0.1:{base + 3}",
            write_keys={WRITE_KEY: "web"},
            secret_key="",
            webhook_secret="",
        )
        ports = [spec.port for spec in (*specs(chosen), *all_workers(chosen)) if spec.port]
        if all(is_free("127.0.0.1", port) for port in [*ports, chosen.receiver_port]):
            return ensure_secrets(chosen)
    raise NoPortsError("no block of free ports was found")


def specs(settings: Settings) -> list[ProcessSpec]:
    """What runs from the start."""
    return base_specs(settings) + [impatient(spec) for lane in LANES for spec in lane_specs(settings, lane, env=_env(lane))]


def all_workers(settings: Settings) -> list[ProcessSpec]:
    """As many as the lanes can use: those that run from the start are the first of each lane."""
    return [worker_spec(settings, lane, number, _env(lane)) for lane in LANES for number in range(1, settings.partitions + 1)]


def _env(lane: str) -> dict[str, str]:
    return {"CARTWAKE_ABANDON_IDLE_S": str(LIVE_IDLE_S)} if lane == LIVE else {}


def role_of(name: str) -> str:
    """`worker-chaos-2` is a worker."""
    return name.partition("-")[0]


def kin_of(name: str) -> str:
    """Who can stand in for `worker-chaos-2`: all that begin with `worker-chaos`."""
    return "-".join(name.split("-")[:2])


def impatient(spec: ProcessSpec) -> ProcessSpec:
    """Webhooks that failed are tried again within the run."""
    return replace(spec, argv=[*spec.argv, "--retry-delays-s", RETRY_DELAYS_S]) if role_of(spec.name) == "webhooks" else spec
