"""What the collector's privacy addresses do: access, erasure, and the log of both. Blocking: call it in a thread."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, ParamSpec, TypeVar

from erasure import jobs
from erasure.access import stored_on
from erasure.ids import PersonIds, ids_of_person
from erasure.ledger import Ledger
from runtime.query import query
from runtime.settings import Settings

P = ParamSpec("P")
T = TypeVar("T")


class DeskClosed(Exception):
    """The warehouse cannot be asked. Nothing was done: try again later."""


def _asking(ask: Callable[P, T]) -> Callable[P, T]:
    @functools.wraps(ask)
    def asked(*args: P.args, **kwargs: P.kwargs) -> T:
        from clickhouse_connect.driver.exceptions import Error as WarehouseError

        try:
            return ask(*args, **kwargs)
        except (WarehouseError, OSError) as error:
            raise DeskClosed(str(error)[:300]) from error

    return asked


@dataclass(frozen=True)
class Desk:
    """`actor`: who asks. Raises DeskClosed."""

    settings: Settings

    @_asking
    def ids(self, person: str) -> PersonIds:
        return ids_of_person(partial(query, self.settings), person)

    @_asking
    def document(self, person: str, actor: str) -> dict[str, Any]:
        """Everything that the warehouse holds on a person, by table."""
        found = stored_on(partial(query, self.settings), person)
        is_there = any(found["tables"].values())
        Ledger(self.settings).note("access", person, actor, "found" if is_there else "not_found")
        return found

    @_asking
    def note_consent(self, person: str, actor: str, details: str) -> None:
        Ledger(self.settings).note("consent", person, actor, "done", details=details)

    @_asking
    def erase(self, person: str, actor: str, now_ms: int) -> str:
        """Starts an erasure in a process of its own; its id."""
        ids = ids_of_person(partial(query, self.settings), person)
        job = jobs.Asked(jobs.new_id(), person, ids.persons, actor, now_ms)
        ledger = Ledger(self.settings)
        ledger.note("erase", person, actor, "asked", job.job_id)
        ledger.state(job.job_id, "asked", job.asked_at_ms)
        jobs.keep(self.settings, job)
        jobs.begin(self.settings, job.job_id)
        return job.job_id

    @_asking
    def job(self, job_id: str) -> dict[str, Any] | None:
        """What an erasure has come to: status, step and, once it has ended, the signed report."""
        found = Ledger(self.settings).job(job_id)
        if found is None:
            return None
        status, step, report, signature = found
        return {"job_id": job_id, "status": status, "step": step, "report": json.loads(report or "null"), "signature": signature}
