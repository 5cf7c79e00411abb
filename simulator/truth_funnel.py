"""The level that ClickHouse's `windowFunnel` gives, as docs/decisions/window-funnel.md found it to be."""

from __future__ import annotations

from collections.abc import Iterable


def window_funnel(events: Iterable[tuple[int, int]], window: int, steps: int) -> int:
    """The furthest of `steps` reached; events are (time, step from 1) in any order, the window has the time's unit."""
    started_at: list[int | None] = [None] * (steps + 1)
    for at, step in sorted(events):
        if step == 1:
            started_at[1] = at
            continue
        began_at = started_at[step - 1]
        if began_at is not None and at <= began_at + window:
            started_at[step] = began_at
    return max((step for step in range(1, steps + 1) if started_at[step] is not None), default=0)
