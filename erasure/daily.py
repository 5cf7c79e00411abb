"""The process that carries out, every so often, what may be carried out of the requests of browsers."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from erasure import jobs, requests
from runtime.settings import Settings

log = logging.getLogger(__name__)
ACTOR = "cartwake"
DAY_S = 86_400
RETRY_S = 60.0


def run_daily(settings: Settings, stop: threading.Event, now_ms: Callable[[], int]) -> None:
    """Until `stop`: at once, then each `erasure_requests_every_s` (daily without). A warehouse that is away is asked again soon."""
    every_s, wait_s = float(settings.erasure_requests_every_s or DAY_S), 0.0
    jobs.begin_all(settings)  # those that ended with the process before this one; whoever is at one keeps it
    while not stop.wait(wait_s):
        began_s = time.monotonic()
        wait_s = every_s if once(settings, now_ms()) else min(RETRY_S, every_s)
        wait_s = max(0.0, wait_s - (time.monotonic() - began_s))


def once(settings: Settings, now_ms: int) -> bool:
    """Begins what is ready, and says what an operator has to see to; False when the warehouse could not be asked."""
    from clickhouse_connect.driver.exceptions import Error as WarehouseError

    try:
        listed = requests.listed(settings)
        for job in requests.begin(settings, requests.chosen(listed, ()), ACTOR, now_ms):
            jobs.begin(settings, job.job_id)
    except (WarehouseError, OSError) as error:
        log.warning("could not look for requests: %s", error)
        return False
    held = [each for each in listed if each.status == "held"]
    if held:
        days = held[0].due_in_ms(now_ms, settings.erasure_due_days) / requests.DAY_MS
        log.warning("%d requests to be forgotten wait for an operator (cartwake erase --requests); due in %.1f days", len(held), days)
    return True
