"""What `cartwake status` reads from a worker's metrics."""

from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry, Counter

from runtime.commands.status import _told
from runtime.http import serve_health
from runtime.local.behind import Behind, ask_behind, behind_of
from streams import metrics


async def test_a_worker_s_own_words() -> None:
    metrics.LAG_RECORDS.clear()
    metrics.LAG_SECONDS.clear()
    server = await serve_health(0, lambda: True)
    url = f"http://127.0.0.1:{server.port}/readyz"
    assert await ask_behind(url) is None  # it has no partition
    for partition, (records, seconds) in enumerate([(0, 0.0), (1200, 75.5), (30, 2.0)]):
        metrics.LAG_RECORDS.labels("identify", partition).set(records)
        metrics.LAG_SECONDS.labels("identify", partition).set(seconds)
    assert await ask_behind(url) == Behind(1230, 75.5)
    await server.close()
    assert await ask_behind(url) is None
    metrics.LAG_RECORDS.clear()
    metrics.LAG_SECONDS.clear()


async def test_a_process_that_is_no_worker_tells_nothing() -> None:
    registry = CollectorRegistry()
    Counter("cartwake_stream_lag_records_asked", "another metric", ["agent"], registry=registry).labels("x").inc()
    server = await serve_health(0, lambda: True, registry)
    assert await ask_behind(f"http://127.0.0.1:{server.port}/readyz") is None
    await server.close()
    assert await ask_behind("") is None


@pytest.mark.parametrize("value", ["0.0", "1e+06"])
def test_numbers_as_prometheus_writes_them(value: str) -> None:
    text = f'cartwake_stream_lag_records{{agent="a",partition="0"}} {value}\n'
    assert behind_of(text) == Behind(int(float(value)), 0.0)


def test_how_it_is_shown() -> None:
    assert _told(None) == ""
    assert _told({"lag_records": 0, "lag_s": 0.0}) == "nothing"
    assert _told({"lag_records": 1230, "lag_s": 75.5}) == "1,230 records, 1 min 15 s"
