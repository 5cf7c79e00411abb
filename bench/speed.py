"""How fast something was: by the clock, and by the processor time that it used."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Speed:
    """`cpu_s` is user and system time of the measured processes alone: what others do on the machine moves it far less than the clock."""

    events: int
    seconds: float
    cpu_s: float

    @property
    def events_per_s(self) -> float:
        return self.events / self.seconds

    @property
    def events_per_cpu_s(self) -> float:
        return self.events / self.cpu_s
