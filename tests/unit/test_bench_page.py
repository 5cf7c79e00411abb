"""What `cartwake bench page` reads from a trace of Chromium: written out by hand as Chromium writes it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bench.page_trace import work_of


def span(name: str, ts: int, tdur: int, tid: int = 1, **data: Any) -> dict[str, Any]:
    """Microseconds; the thread's own clock runs half as fast as the wall's."""
    event = {"ph": "X", "pid": 7, "tid": tid, "name": name, "ts": ts, "dur": 2 * tdur, "tts": ts // 2, "tdur": tdur}
    return {**event, "args": {"data": data}} if data else event


def trace(*events: dict[str, Any]) -> bytes:
    return json.dumps({"traceEvents": list(events)}).encode()


def test_processor_time_of_the_scripts_thread_and_nested_calls_once() -> None:
    found = work_of(
        trace(
            {"ph": "M", "name": "thread_name", "pid": 7, "tid": 1},
            span("RunTask", 0, 61_000),
            span("EvaluateScript", 10_000, 20_000, url="http://127.0.0.1/cartwake.js"),
            span("FunctionCall", 12_000, 5_000),
            span("RunTask", 200_000, 2_000),
            span("RunMicrotasks", 200_000, 1_000),
            {"ph": "X", "pid": 7, "tid": 1, "name": "TimerFire", "ts": 200_000, "dur": 9_000},
            span("RunTask", 0, 900_000, tid=2),
            span("EvaluateScript", 0, 900_000, tid=2, url="http://127.0.0.1/other.js"),
        ),
        "/cartwake.js",
    )
    assert found.script_ms == 21.0
    assert found.tasks_ms == [61.0, 2.0]


def test_a_script_that_no_thread_ran() -> None:
    with pytest.raises(ValueError, match=r"cartwake\.js"):
        work_of(trace(span("EvaluateScript", 0, 1, url="http://127.0.0.1/other.js")), "/cartwake.js")
