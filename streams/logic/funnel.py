"""A person's funnel level, equal to `windowFunnel` over the same events in any order of arrival (docs/decisions/window-funnel.md)."""

from bisect import insort
from collections.abc import Sequence

import msgspec

from streams.logic.policy import Policy

MAX_MARKS = 20_000  # step times of one person; more than that is a bot, whose oldest go
RADIX = 32  # windowFunnel knows at most 32 steps; (time, step) is kept as one number that sorts the same way
_STEP_BITS = RADIX.bit_length() - 1


class Funnel(msgspec.Struct, array_like=True, gc=False):
    """The level so far, and the steps' times (epoch ms x 32 + step - 1) that a later arrival could still extend."""

    level: int = 0
    marks: list[int] = []


def add(funnel: Funnel, at_ms: int, steps: Sequence[int], policy: Policy) -> bool:
    """Take an event that reaches these steps (from 1); True when the level may have changed."""
    if not steps or funnel.level == len(policy.funnel_steps):
        return False
    marks = funnel.marks
    for step in steps:
        mark = at_ms * RADIX + step - 1
        if not marks or marks[-1] <= mark:
            marks.append(mark)
        else:
            insort(marks, mark)
    return True


def update(funnel: Funnel, policy: Policy) -> bool:
    """Compute the level anew; let go of what the horizon has passed, of everything once the last step is reached. True: it has risen."""
    goal, before = len(policy.funnel_steps), funnel.level
    funnel.level = max(funnel.level, level_of(funnel.marks, policy.funnel_window_ms, goal))
    if funnel.level == goal:
        funnel.marks = []
    elif funnel.marks:
        horizon = (funnel.marks[-1] // RADIX - policy.funnel_horizon_ms) * RADIX
        if funnel.marks[0] < horizon:
            funnel.marks = [mark for mark in funnel.marks if mark >= horizon]
        del funnel.marks[:-MAX_MARKS]
    return funnel.level > before


def level_of(marks: list[int], window_ms: int, goal: int) -> int:
    """The furthest step that a chain reached within the window from its first step."""
    began: list[int | None] = [None] * goal
    for mark in marks:
        at_ms = mark >> _STEP_BITS  # twice as quick as divmod
        step = mark & RADIX - 1
        if step == 0:
            began[0] = at_ms
            continue
        start = began[step - 1]
        if start is not None and at_ms <= start + window_ms:
            began[step] = start
            if step == goal - 1:
                return goal
    while goal and began[goal - 1] is None:
        goal -= 1
    return goal


def merge(winner: Funnel, loser: Funnel, policy: Policy) -> None:
    """Two persons are one: their steps interleave."""
    winner.level = max(winner.level, loser.level)
    winner.marks = sorted(winner.marks + loser.marks)
    update(winner, policy)
