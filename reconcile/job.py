"""What to compare, by the settings."""

from __future__ import annotations

from reconcile.episodes import CartRules
from reconcile.run import EVER, Job
from runtime.settings import Settings


def job_of(settings: Settings, lane: str, period_ms: tuple[int, int] = EVER, *, idle_s: int | None = None) -> Job:
    """`idle_s`: of a lane whose carts fall idle sooner or later than the setting says."""
    idle_ms = 1000 * (settings.abandon_idle_s if idle_s is None else idle_s)
    rules = CartRules(idle_ms, settings.cart_expiry_s * 1000, settings.attribution_window_s * 1000)
    return Job(lane, rules, settings.lateness_s * 1000, period_ms)
