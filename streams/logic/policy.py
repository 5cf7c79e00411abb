"""Every rule of the stream that can be set, in milliseconds."""

from functools import lru_cache

import msgspec


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """What a lane decides by; times in milliseconds. `funnel_steps` are canonical event names in order."""

    lane: str = "live"
    partitions: int = 4
    replayed: bool = False
    session_idle_ms: int = 1_800_000
    session_max_ms: int = 86_400_000
    abandon_idle_ms: int = 1_800_000
    attribution_ms: int = 432_000_000
    holdout_percent: float = 0.0
    holdout_salt: str = ""
    consent_required: str = "none"
    erasure_salt: str = ""
    cart_expiry_ms: int = 2_592_000_000
    lateness_ms: int = 604_800_000
    dedup_ms: int = 172_800_000
    dedup_max_ids: int = 4_000_000
    identity_max_devices: int = 100
    skew_min_ms: int = 2_000
    future_max_ms: int = 60_000
    funnel_name: str = "purchase"
    funnel_steps: tuple[str, ...] = ("view_item", "add_to_cart", "begin_checkout", "purchase")
    funnel_window_ms: int = 604_800_000
    funnel_horizon_ms: int = 7_776_000_000
    churn_tiers_ms: tuple[tuple[str, int], ...] = (("short", 604_800_000), ("mid", 2_592_000_000), ("long", 7_776_000_000))

    def steps(self) -> dict[str, tuple[int, ...]]:
        """The funnel steps (from 1) that an event of each name reaches."""
        return _steps(self.funnel_steps)


@lru_cache
def _steps(names: tuple[str, ...]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(number for number, each in enumerate(names, 1) if each == name) for name in names}
