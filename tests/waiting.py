"""Wait for a condition, never for a length of time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


def until(condition: Callable[[], T], within_s: float = 20.0, what: str = "") -> T:
    """The first true answer of `condition`; AssertionError after `within_s`."""
    deadline_s = time.monotonic() + within_s
    while not (answer := condition()):
        assert time.monotonic() < deadline_s, f"not within {within_s} s: {what or condition}"
        time.sleep(0.02)
    return answer


async def eventually(condition: Callable[[], T], within_s: float = 20.0, what: str = "") -> T:
    """As `until`, letting the event loop run."""
    deadline_s = time.monotonic() + within_s
    while not (answer := condition()):
        assert time.monotonic() < deadline_s, f"not within {within_s} s: {what or condition}"
        await asyncio.sleep(0.02)
    return answer


async def until_async(condition: Callable[[], Awaitable[T]], within_s: float = 20.0, what: str = "") -> T:
    """As `until`, for a condition that has to be awaited."""
    deadline_s = time.monotonic() + within_s
    while not (answer := await condition()):
        assert time.monotonic() < deadline_s, f"not within {within_s} s: {what or condition}"
        await asyncio.sleep(0.02)
    return answer
