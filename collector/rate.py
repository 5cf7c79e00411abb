"""How much one write key may send: a token bucket for the second, a count for the day. No clock of its own and no I/O.

A request is let in while the bucket is not empty, and may leave it in debt: so a batch larger than the burst is never shut out for good,
and over time the rate holds all the same.
"""

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from runtime.settings import Settings

_DAY_MS = 86_400_000
_MS_PER_S = 1000


class Policy(NamedTuple):
    """0 is no limit. `burst_events` is what the bucket holds."""

    events_per_s: float = 0.0
    burst_events: float = 0.0
    events_per_day: float = 0.0


class Over(NamedTuple):
    """Which limit has been reached, and when it is worth trying again."""

    code: str
    limit: str
    retry_after_s: int


class Meter(msgspec.Struct):
    """What one key has used. `tokens` are as of `at_ms`, `used_events` are of the day `day` (days since 1970, UTC)."""

    tokens: float
    at_ms: int
    day: int = 0
    used_events: int = 0


class Rates:
    """The meters of all keys of one process."""

    def __init__(self, policies: Mapping[str, Policy]) -> None:
        self._policies = {key: policy for key, policy in policies.items() if policy.events_per_s or policy.events_per_day}
        self._meters: dict[str, Meter] = {}

    def take(self, key: str, events: int, now_ms: int) -> Over | None:
        """Count so many events for the key, or say which limit has been reached and count none."""
        policy = self._policies.get(key)
        if policy is None:
            return None
        meter = self._meters.get(key)
        if meter is None:
            meter = self._meters[key] = Meter(policy.burst_events, now_ms)
        _move_on(meter, policy, now_ms)
        over = _over(meter, policy, now_ms)
        if over is None:
            meter.tokens -= events
            meter.used_events += events
        return over

    def give_back(self, key: str, events: int) -> None:
        """What was counted and then not stored: the client will send it again."""
        if meter := self._meters.get(key):
            meter.tokens += events
            meter.used_events = max(0, meter.used_events - events)


def _move_on(meter: Meter, policy: Policy, now_ms: int) -> None:
    """Fill the bucket up, begin a new day. A clock that was set back adds nothing."""
    passed_ms = max(0, now_ms - meter.at_ms)
    meter.at_ms = now_ms
    meter.tokens = min(policy.burst_events, meter.tokens + policy.events_per_s * passed_ms / _MS_PER_S)
    if now_ms // _DAY_MS != meter.day:
        meter.day, meter.used_events = now_ms // _DAY_MS, 0


def _over(meter: Meter, policy: Policy, now_ms: int) -> Over | None:
    if policy.events_per_day and meter.used_events >= policy.events_per_day:
        left_ms = (meter.day + 1) * _DAY_MS - now_ms
        return Over("quota_exceeded", f"{policy.events_per_day:g} events a day (UTC)", -(-left_ms // _MS_PER_S))
    if policy.events_per_s and meter.tokens <= 0:
        wait_s = -meter.tokens / policy.events_per_s
        return Over("rate_limited", f"{policy.events_per_s:g} events/s", int(wait_s) + 1)
    return None


def rates_of(settings: Settings) -> Rates:
    """Each of the processes behind one port has an equal part: connections spread evenly, more or less."""
    share = 1 / settings.collector_workers
    policies = {}
    for key in settings.write_keys:
        per_s = share * settings.key_rate_limits_events_per_s.get(key, settings.rate_limit_events_per_s)
        per_day = share * settings.key_quotas_events_per_day.get(key, settings.quota_events_per_day)
        policies[key] = Policy(per_s, per_s * settings.rate_limit_burst_s, per_day)
    return Rates(policies)
