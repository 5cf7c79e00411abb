"""What to run: one process, said in full."""

from __future__ import annotations

import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from runtime.local.probes import Probe, http_ready


@dataclass(frozen=True)
class ProcessSpec:
    """One process of a stack. It starts once everything in `needs` is ready, and is stopped before any of that is."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    ready: Probe | None = None  # None: ready as soon as it runs (a step: as soon as it has ended well)
    host: str = "127.0.0.1"
    port: int | None = None  # must be free before the start
    stop_signal: int = signal.SIGTERM
    needs: Sequence[str] = ()
    step: bool = False  # runs to its end, once; what needs it waits for that
    prepare: Callable[[], Sequence[str]] | None = None  # runs in a thread before each start; what it returns replaces `argv`
    ready_timeout_s: float = 90.0
    health_url: str = ""  # shown by `cartwake status`

    def __post_init__(self) -> None:
        if not self.name or "/" in self.name:
            raise ValueError(f"{self.name!r} is not a process name")


def from_json(raw: Mapping[str, Any]) -> ProcessSpec:
    """A spec that came over the control socket: name, argv, and optionally env, needs, step, port, ready_url."""
    url = str(raw.get("ready_url") or "")
    return ProcessSpec(
        name=str(raw["name"]),
        argv=[str(part) for part in raw["argv"]],
        env={str(key): str(value) for key, value in (raw.get("env") or {}).items()},
        needs=[str(name) for name in raw.get("needs") or ()],
        step=bool(raw.get("step", False)),
        port=int(raw["port"]) if raw.get("port") else None,
        ready=http_ready(url) if url else None,
        health_url=url,
    )


def as_json(spec: ProcessSpec) -> dict[str, Any]:
    """What `from_json` reads. A probe other than a health page, and `prepare`, do not travel."""
    return {
        "name": spec.name,
        "argv": list(spec.argv),
        "env": dict(spec.env),
        "needs": list(spec.needs),
        "step": spec.step,
        "port": spec.port,
        "ready_url": spec.health_url,
    }


def levels(specs: Sequence[ProcessSpec]) -> list[list[ProcessSpec]]:
    """The specs by depth of need: each level needs only earlier ones. ValueError for a need that is unknown or circular."""
    placed: dict[str, int] = {}
    left = list(specs)
    names = {spec.name for spec in specs}
    while left:
        ripe = [spec for spec in left if all(need in placed for need in spec.needs)]
        if not ripe:
            unknown = sorted({need for spec in left for need in spec.needs} - names)
            raise ValueError(f"nothing is called {', '.join(unknown)}" if unknown else f"{left[0].name} needs itself, in a circle")
        for spec in ripe:
            placed[spec.name] = 1 + max((placed[need] for need in spec.needs), default=-1)
        left = [spec for spec in left if spec not in ripe]
    ordered: list[list[ProcessSpec]] = [[] for _ in range(max(placed.values(), default=-1) + 1)]
    for spec in specs:
        ordered[placed[spec.name]].append(spec)
    return ordered
