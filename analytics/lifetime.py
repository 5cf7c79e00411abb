"""What a customer will be worth: purchases to come, times what each brings, less what waiting costs."""

from __future__ import annotations

import numpy as np

from analytics.bg_nbd import BgNbd, Purchases
from analytics.maximum import Floats


def lifetime_value(model: BgNbd, seen: Purchases, mean_value: Floats, periods: int, discount: float) -> Floats:
    """Worth of the next `periods` units of time; `discount` is the rate for one unit (0.01: 1 %), each unit's worth counted at its end."""
    worth = np.zeros_like(mean_value)
    before = np.zeros_like(mean_value)
    for period in range(1, periods + 1):
        until = model.expected(seen, period)
        worth += (until - before) * mean_value / (1 + discount) ** period
        before = until
    return worth
