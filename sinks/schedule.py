"""When a webhook that failed is tried again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from email.utils import parsedate_to_datetime

Clock = Callable[[], float]  # the time in epoch seconds

# After the first attempt, the second, ...: more than a day in all.
DELAYS_S = (5.0, 30.0, 120.0, 600.0, 1800.0, 3600.0, 7200.0, 14400.0, 28800.0, 43200.0)
JITTER = 0.2
MAX_AGE_S = sum(DELAYS_S)  # a trigger that waited this long for its first attempt is not sent: the others were given up at that age
LONGEST_RETRY_AFTER_S = 86_400.0


def delay_s(attempts: int, delays_s: Sequence[float], chance: float, retry_after_s: float = 0.0) -> float | None:
    """How long to wait after that many attempts, or None when it is time to give up. `chance` (0 to 1) spreads the attempts of many."""
    if attempts > len(delays_s):
        return None
    spread = 1 + JITTER * (2 * chance - 1)
    return max(delays_s[attempts - 1] * spread, min(retry_after_s, LONGEST_RETRY_AFTER_S))


def retry_after_s(header: str, now_s: float) -> float:
    """The header's seconds, or its date from now; 0 for nonsense."""
    text = header.strip()
    if text.isdecimal():
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - now_s)
    except (ValueError, OverflowError):
        return 0.0
