"""The health endpoints of a process that serves nothing else."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter

from runtime.http import serve_health
from runtime.local.probes import http_get, http_ready


async def test_health_readiness_and_metrics() -> None:
    registry = CollectorRegistry()
    Counter("rows_written", "Rows written.", registry=registry).inc(3)
    ready = False
    server = await serve_health(0, lambda: ready, registry)
    base = f"http://127.0.0.1:{server.port}"
    try:
        assert await http_get(f"{base}/healthz") == (200, b"ok\n")
        assert (await http_get(f"{base}/readyz"))[0] == 503
        ready = True
        assert await http_ready(f"{base}/readyz", b"ready")()
        assert b"rows_written_total 3.0" in (await http_get(f"{base}/metrics"))[1]
    finally:
        await server.close()
    assert await http_get(f"{base}/healthz") == (0, b"")
