"""Does an erasure that was asked for, writes down how far it is, and signs what it says."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from erasure.ids import PersonIds
from erasure.job import Job, Watch
from erasure.jobs import Asked
from erasure.ledger import Ledger
from erasure.report import signature, text_of
from runtime.settings import Settings

RETRY_S = 5.0
GIVE_UP_AFTER_S = 600.0  # of nothing but failures: the stack may have been stopped; the next collector begins it again


def perform(settings: Settings, asked: Asked, now_ms: Callable[[], int], watch: Watch, patience_s: float) -> tuple[dict[str, Any], str]:
    """(report, signature). Raises what Kafka or the warehouse raise when they are away: then do it again."""
    ledger = Ledger(settings)
    job = Job(settings, patience_s=patience_s, watch=watch)
    found = job.run(asked.person, PersonIds(asked.ids), now_ms())
    report = {"job_id": asked.job_id, "asked_at_ms": asked.asked_at_ms, "ended_at_ms": now_ms(), **found.as_json()}
    text = text_of(report)
    signed = signature(text, settings.secret_key)
    status = "done" if found.is_complete else "incomplete"
    ledger.state(asked.job_id, status, asked.asked_at_ms, report=text, signature=signed)
    for person in (asked.person, *asked.others):
        ledger.note("erase", person, asked.actor, "done" if found.is_complete else "failed", asked.job_id, status)
    return report, signed


def persist(settings: Settings, asked: Asked, now_ms: Callable[[], int], patience_s: float) -> bool:
    """`perform`, again while Kafka or the warehouse are away; False when they are for too long."""
    from aiokafka.errors import KafkaError as ReadError
    from clickhouse_connect.driver.exceptions import Error as WarehouseError
    from kafka.errors import KafkaError

    ledger = Ledger(settings)
    well_s = time.monotonic()

    def watch(step: str) -> None:
        nonlocal well_s
        print(step, flush=True)
        ledger.state(asked.job_id, "running", asked.asked_at_ms, step)
        well_s = time.monotonic()

    while time.monotonic() - well_s < GIVE_UP_AFTER_S:
        try:
            perform(settings, asked, now_ms, watch, patience_s)
            return True
        except (KafkaError, ReadError, WarehouseError, OSError) as error:
            print(f"{type(error).__name__}: {error}", flush=True)
            time.sleep(RETRY_S)
    return False
