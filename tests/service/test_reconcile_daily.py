"""The daily reconciliation: compares, tells Prometheus, goes on when the warehouse could not be asked, and ends when told to."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Iterator

import pytest
from prometheus_client import REGISTRY

from reconcile.daily import run_daily
from runtime.settings import Settings
from tests.views_lab import NOON_MS, Lab, lab

pytestmark = pytest.mark.timeout(120)
NOW_S = 1_800_000_000.0


@pytest.fixture(scope="module")
def warehouse_lab(warehouse: tuple[str, int]) -> Iterator[Lab]:
    with lab(*warehouse) as made:
        made.events("daily", {"event": "page_view", "person_id": "d:1", "at_ms": 0})
        made.insert("clocks", [{"lane": "daily", "partition": 0, "now_at_ms": NOON_MS + 60_000, "version": 1}])
        yield made


def metric(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(f"cartwake_reconcile_{name}", labels) or 0.0


async def until_told(settings: Settings, lane: str, name: str, least: float) -> None:
    """Run it until a metric says so; then it must end."""
    stop = asyncio.Event()
    running = asyncio.create_task(run_daily(settings, lane, 0, stop, lambda: NOW_S))
    while metric(name) < least:
        assert not running.done()
        await asyncio.sleep(0.05)
    stop.set()
    await running


async def test_it_tells_who_differs(warehouse_lab: Lab) -> None:
    settings = dataclasses.replace(warehouse_lab.settings, reconcile_after_s=0)
    await until_told(settings, "daily", "last_run_timestamp_seconds", NOW_S)
    assert (metric("differences", subject="sessions"), metric("differences", subject="events")) == (1, 0)


async def test_a_warehouse_that_is_away_is_counted(warehouse_lab: Lab) -> None:
    settings = dataclasses.replace(warehouse_lab.settings, reconcile_after_s=0, warehouse_port=1)
    await until_told(settings, "daily", "failures", 1)


async def test_it_waits_for_its_time_and_ends_when_told(warehouse_lab: Lab) -> None:
    stop = asyncio.Event()
    running = asyncio.create_task(run_daily(warehouse_lab.settings, "daily", 0, stop, lambda: NOW_S))
    await asyncio.sleep(0)
    stop.set()
    await asyncio.wait_for(running, 10)
