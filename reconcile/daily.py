"""The process that reconciles a lane every day, and tells Prometheus."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from functools import partial

from reconcile import metrics
from reconcile.job import job_of
from reconcile.report import Report
from reconcile.run import NotAskable, Reconciliation
from runtime.http import serve_health
from runtime.query import stream
from runtime.settings import Settings

log = logging.getLogger(__name__)


async def run_daily(settings: Settings, lane: str, metrics_port: int, stop: asyncio.Event, clock: Callable[[], float]) -> None:
    """Until `stop`: first after `reconcile_after_s`, then each `reconcile_every_s`. `clock`: the wall's, in epoch seconds."""
    health = await serve_health(metrics_port, lambda: True, host=settings.metrics_host)
    due_s = time.monotonic() + settings.reconcile_after_s
    try:
        while not await _stopped(stop, due_s - time.monotonic()):
            due_s = time.monotonic() + settings.reconcile_every_s
            await _once(settings, lane, stop, clock)
    finally:
        await health.close()


class Interrupted(Exception):
    """The process is to end: whatever the comparison has found is let go."""


async def _once(settings: Settings, lane: str, stop: asyncio.Event, clock: Callable[[], float]) -> None:
    from clickhouse_connect.driver.exceptions import Error as WarehouseError

    def heed(_: str) -> None:
        if stop.is_set():
            raise Interrupted

    try:
        report = await asyncio.to_thread(Reconciliation(job_of(settings, lane), partial(stream, settings), heed).run)
    except Interrupted:
        return
    except (NotAskable, WarehouseError, OSError) as error:
        metrics.FAILED.inc()
        log.warning("could not reconcile: %s", error)
        return
    tell(report, clock())


def tell(report: Report, now_s: float) -> None:
    """Set the metrics, and log who differs."""
    metrics.FAILED.set(0)
    metrics.LAST_RUN_S.set(now_s)
    metrics.DURATION_S.set(report.took_s)
    for verdict in report.verdicts:
        metrics.DIFFERENCES.labels(verdict.subject).set(verdict.differing)
        metrics.EXPLAINED.labels(verdict.subject).set(sum(verdict.explained.values()))
    log.info("%s", report.as_text() if report.differences else report.summary)


async def _stopped(stop: asyncio.Event, within_s: float) -> bool:
    """Whether `stop` was set within that time."""
    try:
        await asyncio.wait_for(stop.wait(), max(0.0, within_s))
    except TimeoutError:
        return False
    return True
