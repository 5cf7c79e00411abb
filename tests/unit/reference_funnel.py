"""A person's funnel level and first touch. The level is computed by the code that docs/decisions/window-funnel.md prints."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from streams.logic.policy import Policy
from tests.unit.reference_events import Fact

DOCUMENT = Path(__file__).parents[2] / "docs" / "decisions" / "window-funnel.md"


class Level(NamedTuple):
    """A funnel row; the first touch is the earliest event that names a channel, `first_seen_ms` the earliest of all."""

    level: int
    channel: str
    device_type: str
    campaign_name: str
    first_seen_ms: int


def _documented() -> Callable[[list[tuple[int, int]], int, int], int]:
    found = re.search(r"```python\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    names: dict[str, Any] = {}
    exec(found[1], names)
    function: Callable[[list[tuple[int, int]], int, int], int] = names["window_funnel"]
    return function


window_funnel = _documented()


def level_of(facts: list[Fact], policy: Policy) -> Level:
    """Of one person's events; there is at least one."""
    steps = [(fact.at_ms, n) for fact in facts for n, name in enumerate(policy.funnel_steps, 1) if name == fact.event.event]
    touch = next((fact.event for fact in facts if fact.event.channel), None)
    return Level(
        level=window_funnel(steps, policy.funnel_window_ms, len(policy.funnel_steps)),
        channel=touch.channel if touch else "",
        device_type=touch.device_type if touch else "",
        campaign_name=touch.campaign_name if touch else "",
        first_seen_ms=facts[0].at_ms,
    )
