"""Draws from weights, by a generator that the caller seeds."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from simulator.config import DAY_MS, HOUR_MS, Weights

# Shops are busy at noon and in the evening: the weight of each hour of the day.
_HOURS = (1, 1, 1, 1, 1, 1, 2, 3, 4, 5, 6, 7, 8, 7, 6, 6, 6, 7, 9, 11, 12, 11, 7, 3)


def pick(random: Random, weights: Weights) -> str:
    """One of the names, as often as its weight says."""
    return random.choices([name for name, _ in weights], [weight for _, weight in weights])[0]


def count(random: Random, weights: Sequence[float]) -> int:
    """1, 2, 3 ... as often as the weights say."""
    return random.choices(range(1, len(weights) + 1), weights)[0]


def busy_hour_ms(random: Random, at_ms: int) -> int:
    """The first moment from `at_ms` on that a shopper would choose: at most a day later."""
    hour = random.choices(range(24), _HOURS)[0]
    day_start_ms = at_ms - at_ms % DAY_MS
    chosen_ms = day_start_ms + hour * HOUR_MS + random.randrange(HOUR_MS)
    return chosen_ms if chosen_ms >= at_ms else chosen_ms + DAY_MS
