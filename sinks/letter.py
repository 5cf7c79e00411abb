"""A trigger on its way to the shop."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from schemas.rows import TriggerRow


@dataclass
class Letter:
    """`attempts` made so far, the next one due at `due_s` (epoch seconds). `void_because`: it was stopped meanwhile, and why."""

    trigger: TriggerRow
    offset: int
    created_s: float
    attempts: int = 0
    due_s: float = 0.0
    void_because: str = ""
    is_posting: bool = False
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def void(self, reason: str) -> None:
        self.void_because = reason
        self.changed.set()
