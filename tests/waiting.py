"""Wait for a condition, never for a length of time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")
NAP_S = 0.02
LONGEST_NAP_S = 0.3


class _Wait:
    """A look costs the processor that what is waited for needs: naps are three times as long as a look, and longer as time goes by."""

    def __init__(self, within_s: float, what: object) -> None:
        self._within_s, self._what = within_s, what
        self._began_s = self._looked_s = time.monotonic()

    def nap_s(self) -> float:
        """How long to wait after a look that found nothing; AssertionError when time is up."""
        now_s = time.monotonic()
        took_s, waited_s = now_s - self._looked_s, now_s - self._began_s
        assert waited_s < self._within_s, f"not within {self._within_s} s: {self._what}"
        found_s = max(NAP_S, min(LONGEST_NAP_S, max(3 * took_s, waited_s / 20)))
        self._looked_s = now_s + found_s
        return found_s


def until(condition: Callable[[], T], within_s: float = 60.0, what: str = "") -> T:
    """The first true answer of `condition`; AssertionError after `within_s`."""
    wait = _Wait(within_s, what or condition)
    while not (answer := condition()):
        time.sleep(wait.nap_s())
    return answer


async def eventually(condition: Callable[[], T], within_s: float = 60.0, what: str = "") -> T:
    """As `until`, letting the event loop run."""
    wait = _Wait(within_s, what or condition)
    while not (answer := condition()):
        await asyncio.sleep(wait.nap_s())
    return answer


async def until_async(condition: Callable[[], Awaitable[T]], within_s: float = 60.0, what: str = "") -> T:
    """As `until`, for a condition that has to be awaited."""
    wait = _Wait(within_s, what or condition)
    while not (answer := await condition()):
        await asyncio.sleep(wait.nap_s())
    return answer
