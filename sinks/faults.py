"""A way to die at a chosen step, for the tests that prove exactly-once. `CARTWAKE_SINK_DIE_AT=after_insert` kills this process
(SIGKILL) the first time it gets there, `after_insert:3` the third time. Unset in production: a step then costs one comparison.
"""

from __future__ import annotations

import os
import signal

ENV_NAME = "CARTWAKE_SINK_DIE_AT"
STEPS = (
    "before_intent",
    "after_intent",
    "after_insert",
    "after_commit",
    "after_verdict",
    "after_good_rows",
    "after_rejected_rows",
    "after_post",
)
_step, _, _times = os.environ.get(ENV_NAME, "").partition(":")
_left = int(_times or 1)


def reach(step: str) -> None:
    """Say that the process got to this step."""
    global _left
    if step != _step:
        return
    _left -= 1
    if _left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
