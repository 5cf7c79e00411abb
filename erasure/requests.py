"""Who asked to be forgotten in the browser (`cartwake.erase()`), and what of it may be done without asking who it was.

A write key is public, so such a request proves only that somebody knows the device's random id. That is enough for what is known by this id
alone. Where the device is a customer's, or a customer signed in on it, an operator has to make sure who asks first (GDPR 12(6), PIPL 50).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from erasure import jobs
from erasure.ids import Ask, PersonIds, ids_of_person
from erasure.ledger import Ledger
from runtime.query import query
from runtime.settings import Settings

DAY_MS = 86_400_000
SOON_MS = 10 * DAY_MS
AT_ONCE = 100  # requests in one erasure: each id makes every search longer
NOTE = "asked in the browser"
# The period runs from the first time that the request came.
OPEN = """SELECT device_id, user_id, toUnixTimestamp64Milli(min(received_at)), uniqExact(message_id) FROM consents
    WHERE basis = 'erase' AND (device_id != '' OR user_id != '') GROUP BY device_id, user_id ORDER BY 3, 1, 2"""
USERS = """SELECT device_id, arraySort(groupUniqArray(user_id)) FROM events
    WHERE device_id IN {devices:Array(String)} AND user_id != '' GROUP BY device_id"""


@dataclass(frozen=True)
class Request:
    """`asker`: `d:<device>`; `u:<user>` if no device is named. `also`: the person's other ids, and users who signed in on the device."""

    asker: str
    ids: PersonIds
    also: tuple[str, ...]
    asked_at_ms: int
    times: int
    is_running: bool

    @property
    def status(self) -> str:
        """`ready`: of a device that is nobody else; `held`: for an operator, who makes sure who asks; `running`: an erasure is at it."""
        if self.is_running:
            return "running"
        return "held" if self.also or not self.asker.startswith("d:") else "ready"

    def due_in_ms(self, now_ms: int, due_days: int) -> int:
        """Until it must be answered; negative when that was missed."""
        return self.asked_at_ms + due_days * DAY_MS - now_ms

    def urgency(self, now_ms: int, due_days: int) -> str:
        """`open`, `soon` or `overdue`."""
        left_ms = self.due_in_ms(now_ms, due_days)
        return "overdue" if left_ms < 0 else "soon" if left_ms <= SOON_MS else "open"

    def as_json(self, now_ms: int, due_days: int) -> dict[str, Any]:
        return {
            "asker": self.asker,
            "status": self.status,
            "urgency": self.urgency(now_ms, due_days),
            "asked_at_ms": self.asked_at_ms,
            "age_days": round((now_ms - self.asked_at_ms) / DAY_MS, 1),
            "due_in_days": round(self.due_in_ms(now_ms, due_days) / DAY_MS, 1),
            "times": self.times,
            "also": list(self.also),
        }


def open_requests(ask: Ask, running: Collection[str] = ()) -> list[Request]:
    """Those that are not done, of all lanes, the oldest first. `running`: ids that an erasure is at."""
    asked: dict[str, list[tuple[str, int, int]]] = {}
    for device, user, at_ms, times in ask(OPEN, {}):
        asked.setdefault(f"d:{device}" if device else f"u:{user}", []).append((user, at_ms, times))
    devices = [asker[2:] for asker in asked if asker.startswith("d:")]
    users: dict[str, Sequence[str]] = dict(ask(USERS, {"devices": devices})) if devices else {}
    found = []
    for asker, told in asked.items():
        ids = ids_of_person(ask, asker)
        signed_in = {user for user, _, _ in told if user} | set(users.get(asker[2:], ()) if asker.startswith("d:") else ())
        also = sorted((set(ids.persons) | {f"u:{user}" for user in signed_in}) - {asker})
        at_ms, times = min(at for _, at, _ in told), sum(number for _, _, number in told)
        found.append(Request(asker, ids, tuple(also), at_ms, times, set(ids.persons) <= set(running)))
    return sorted(found, key=lambda each: (each.asked_at_ms, each.asker))


def chosen(requests: Iterable[Request], whole_persons: Collection[str]) -> list[Request]:
    """Those to carry out now. Raises ValueError for a confirmed one that nobody has asked for."""
    listed = list(requests)
    unknown = sorted(set(whole_persons) - {each.asker for each in listed})
    if unknown:
        raise ValueError(f"no open request of {', '.join(unknown)}")
    return [each for each in listed if each.status == "ready" or (each.status == "held" and each.asker in whole_persons)]


def begin(settings: Settings, requests: Sequence[Request], actor: str, now_ms: int) -> list[jobs.Asked]:
    """Note and keep erasures of them, AT_ONCE in each, since every one waits for Kafka's compaction. Running them is the caller's."""
    ledger, found = Ledger(settings), []
    for start in range(0, len(requests), AT_ONCE):
        some = requests[start : start + AT_ONCE]
        ids = sorted({each for request in some for each in request.ids.persons})
        askers = [request.asker for request in some]
        job = jobs.Asked(jobs.new_id(), askers[0], tuple(ids), actor, now_ms, tuple(askers[1:]))
        for asker in askers:
            ledger.note("erase", asker, actor, "asked", job.job_id, NOTE)
        ledger.state(job.job_id, "asked", now_ms)
        jobs.keep(settings, job)
        found.append(job)
    return found


def listed(settings: Settings) -> list[Request]:
    """`open_requests` of this warehouse."""
    return open_requests(partial(query, settings), jobs.running_ids(settings))
