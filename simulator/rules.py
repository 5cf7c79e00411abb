"""The rules of the truth, from the settings of the stack that it is compared with."""

from __future__ import annotations

from runtime.settings import Settings
from simulator.truth import Rules


def rules_of(settings: Settings) -> Rules:
    return Rules(
        lateness_ms=settings.lateness_s * 1000,
        idle_ms=settings.abandon_idle_s * 1000,
        attribution_ms=settings.attribution_window_s * 1000,
        holdout_percent=settings.trigger_holdout_percent,
        holdout_salt=settings.trigger_holdout_salt,
        expiry_ms=settings.cart_expiry_s * 1000,
        funnel_steps=tuple(settings.funnel_steps),
        funnel_window_ms=settings.funnel_window_s * 1000,
        churn_tiers_ms=tuple((tier, idle_s * 1000) for tier, idle_s in settings.churn_tiers_s.items()),
    )
