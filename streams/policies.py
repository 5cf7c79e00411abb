"""The settings, in the logic's own terms."""

from runtime.settings import Settings
from streams.logic.policy import Policy


def policy_of(settings: Settings, lane: str, *, replayed: bool) -> Policy:
    """The policy of a lane; seconds become milliseconds."""
    return Policy(
        lane=lane,
        partitions=settings.partitions,
        replayed=replayed,
        session_idle_ms=int(settings.session_idle_s * 1000),
        session_max_ms=int(settings.session_max_s * 1000),
        abandon_idle_ms=int(settings.abandon_idle_s * 1000),
        attribution_ms=int(settings.attribution_window_s * 1000),
        holdout_percent=settings.trigger_holdout_percent,
        holdout_salt=settings.trigger_holdout_salt,
        consent_required=settings.consent_required,
        erasure_salt=settings.erasure_salt,
        cart_expiry_ms=int(settings.cart_expiry_s * 1000),
        lateness_ms=int(settings.lateness_s * 1000),
        dedup_ms=int(settings.dedup_window_s * 1000),
        dedup_max_ids=settings.dedup_max_ids,
        identity_max_devices=settings.identity_max_devices,
        skew_min_ms=int(settings.skew_min_s * 1000),
        future_max_ms=int(settings.future_max_s * 1000),
        funnel_name=settings.funnel_name,
        funnel_steps=tuple(settings.funnel_steps),
        funnel_window_ms=int(settings.funnel_window_s * 1000),
        funnel_horizon_ms=int(settings.funnel_horizon_s * 1000),
        churn_tiers_ms=tuple(sorted(((name, int(s * 1000)) for name, s in settings.churn_tiers_s.items()), key=lambda tier: tier[1])),
    )
