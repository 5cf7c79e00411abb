"""What a run came to, as JSON and as text."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

from chaos.schedule import ROLES, Fault

MUST_BE_ZERO = (
    "lost",
    "doubled",
    "triggers_lost",
    "triggers_doubled",
    "triggers_untrue",
    "funnel_differences",
    "carts_differences",
    "other_differences",
    "reconcile_differences",
)
SHOWN = 20  # differences of each kind


@dataclass
class Report:
    """Counts; `differences` says of each kind the first few. `well` when there is none and every role was hit."""

    seed: int
    seconds: float
    sent: int = 0
    acknowledged: int = 0
    resent: int = 0
    stored: int = 0
    stored_unacknowledged: int = 0
    lost: int = 0
    doubled: int = 0
    persons: int = 0
    triggers: int = 0
    triggers_lost: int = 0
    triggers_doubled: int = 0
    triggers_untrue: int = 0
    funnel_differences: int = 0
    carts: int = 0
    carts_differences: int = 0
    other_differences: int = 0
    reconcile_differences: int = 0
    deliveries: int = 0
    deliveries_doubled: int = 0
    answers_lost: int = 0
    kills: dict[str, int] = field(default_factory=dict)
    pauses: dict[str, int] = field(default_factory=dict)
    restarts: dict[str, int] = field(default_factory=dict)
    workers_added: int = 0
    workers_removed: int = 0
    ended_by_themselves: dict[str, int] = field(default_factory=dict)
    not_hit: list[str] = field(default_factory=list)
    differences: dict[str, list[str]] = field(default_factory=dict)
    took_s: dict[str, float] = field(default_factory=dict)
    kept: str = ""

    def note(self, kind: str, found: list[str]) -> None:
        """Add to what must be zero, and keep the first few."""
        setattr(self, kind, getattr(self, kind) + len(found))
        if found:
            self.differences[kind] = [*self.differences.get(kind, []), *found][:SHOWN]

    def note_faults(self, done: Mapping[Fault, int]) -> None:
        self.kills, self.pauses, self.restarts = (_by_role(done, kind) for kind in ("kill", "pause", "restart"))
        self.workers_added, self.workers_removed = done.get(Fault("add", "worker"), 0), done.get(Fault("remove", "worker"), 0)
        hit = Counter(self.kills) + Counter(self.pauses) + Counter(self.restarts)
        self.not_hit = [role for role in ROLES if not hit[role]]

    @contextmanager
    def timed(self, part: str) -> Iterator[None]:
        """How long a part of the run took, into `took_s`."""
        began_s = time.monotonic()
        yield
        self.took_s[part] = round(time.monotonic() - began_s, 1)

    @property
    def well(self) -> bool:
        return not self.not_hit and not any(getattr(self, kind) for kind in MUST_BE_ZERO)

    def as_json(self) -> str:
        return json.dumps({"well": self.well, **asdict(self)})

    def as_text(self) -> str:
        """For a person at a terminal."""
        faults = [("killed", self.kills), ("paused", self.pauses), ("restarted", self.restarts)]
        lines = [f"{name:<19} " + ", ".join(f"{role} {count}" for role, count in counts.items()) for name, counts in faults]
        lines.append(f"{'workers':<19} {self.workers_added} added, {self.workers_removed} removed")
        lines.append(f"{'events':<19} {self.sent:,} sent, {self.acknowledged:,} acknowledged, {self.stored:,} stored")
        lines.append(f"{'triggers':<19} {self.triggers:,} fired, {self.deliveries:,} delivered, {self.deliveries_doubled} of them again")
        lines += [f"{'!! ' if getattr(self, kind) else '':<3}{kind.replace('_', ' '):<19} {getattr(self, kind)}" for kind in MUST_BE_ZERO]
        lines += [f"   {kind}: {text}" for kind, found in self.differences.items() for text in found]
        lines += [f"!! never hit: {', '.join(self.not_hit)}"] if self.not_hit else []
        lines += [f"logs and data are kept in {self.kept}"] if self.kept else []
        return "\n".join([*lines, "", "nothing lost, nothing doubled" if self.well else "NOT WELL"])


def _by_role(done: Mapping[Fault, int], kind: str) -> dict[str, Any]:
    return {role: done[Fault(kind, role)] for role in ROLES if done.get(Fault(kind, role))}
