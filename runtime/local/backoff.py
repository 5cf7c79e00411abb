"""How long to wait before a process that died is started again. Pure: uptimes go in, delays come out."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class BackoffPolicy:
    """The delay doubles from `first_s` to `most_s`; a process that lived `stable_s` starts over at `first_s`."""

    first_s: float = 0.2
    factor: float = 2.0
    most_s: float = 10.0
    stable_s: float = 20.0


class Backoff:
    """Counts the deaths in a row of one process."""

    def __init__(self, policy: BackoffPolicy) -> None:
        self._policy = policy
        self.deaths_in_a_row = 0

    def died(self, uptime_s: float) -> float:
        """Note a death after `uptime_s`; returns the seconds to wait before the next start."""
        if uptime_s >= self._policy.stable_s:
            self.deaths_in_a_row = 0
        delay_s = self._policy.first_s * self._policy.factor**self.deaths_in_a_row
        self.deaths_in_a_row += 1
        return min(delay_s, self._policy.most_s)
