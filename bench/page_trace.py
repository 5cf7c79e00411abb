"""What a trace of Chromium says of a page's main thread."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

CATEGORIES = ("devtools.timeline", "disabled-by-default-devtools.timeline", "v8", "v8.execute", "toplevel")
SCRIPT = frozenset({"EvaluateScript", "v8.compile", "FunctionCall", "TimerFire", "RunMicrotasks", "EventDispatch", "v8.run"})
TASK = "RunTask"


@dataclass(frozen=True)
class Work:
    """Of the thread that ran a script, in milliseconds of its processor time: all script of the page, and each task."""

    script_ms: float
    tasks_ms: list[float]


def work_of(trace: bytes, script: str) -> Work:
    """`script`: the end of the address of a script that the page runs. Raises ValueError where no thread ran it."""
    events = [event for event in json.loads(trace)["traceEvents"] if event.get("ph") == "X"]
    began = next((event for event in events if event["name"] == "EvaluateScript" and _url(event).endswith(script)), None)
    if began is None:
        raise ValueError(f"no thread ran {script}")
    own = [event for event in events if (event["pid"], event["tid"]) == (began["pid"], began["tid"])]
    tasks = [event["tdur"] / 1000 for event in own if event["name"] == TASK]
    # Some kinds carry no processor time; they lie in others that do.
    spans = [(event["tts"], event["tts"] + event["tdur"]) for event in own if event["name"] in SCRIPT and "tts" in event]
    return Work(_covered(spans) / 1000, tasks)


def _url(event: dict[str, Any]) -> str:
    return str(event.get("args", {}).get("data", {}).get("url", ""))


def _covered(spans: Iterable[tuple[int, int]]) -> int:
    """Length of what the spans cover together: calls lie in each other."""
    covered, end = 0, 0
    for first, last in sorted(spans):
        covered += max(0, last - max(first, end))
        end = max(end, last)
    return covered
