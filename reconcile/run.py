"""One reconciliation of a lane: each subject in parts of the persons, again where a lane on the move was caught between two numbers."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from reconcile import questions
from reconcile.episodes import CartRules
from reconcile.explain import explanations
from reconcile.report import Report, Verdict, verdict_of
from reconcile.subjects import SUBJECTS, Ask, Subject
from reconcile.tally import Tally, tally

EVENTS_A_PART = 500_000
PASSES = 4  # a lane on the move: who differs each time, differs
CLOCK_PATIENCE_S = 5.0  # the clock of a live lane moves every second
POLL_S = 0.2
EVER = (-(1 << 62), 1 << 62)
Watch = Callable[[str], None]


class NotAskable(RuntimeError):
    """The lane holds nothing to compare. Say so and stop."""


@dataclass(frozen=True)
class Job:
    """What to compare. The period is `period_ms[0]` <= time < `period_ms[1]`, epoch ms."""

    lane: str
    rules: CartRules
    lateness_ms: int
    period_ms: tuple[int, int] = EVER
    subjects: Sequence[Subject] = SUBJECTS
    events_a_part: int = EVENTS_A_PART
    patience_s: float = CLOCK_PATIENCE_S


class Reconciliation:
    """`answers` runs a query; blocking, so call it in a thread where there is a loop."""

    def __init__(self, job: Job, answers: Ask, watch: Watch = lambda text: None) -> None:
        self._job, self._answers, self._watch = job, answers, watch
        self._clock_ms = 0
        self._stands_still = False

    def run(self) -> Report:
        """Raises NotAskable, and what the warehouse's client raises."""
        job, began_s = self._job, time.monotonic()
        ((events,),) = self._answers(questions.SIZE, {"lane": job.lane})
        self._clock_ms = self._asked_clock_ms()
        if not events or not self._clock_ms:
            raise NotAskable(f"the lane {job.lane} has no events" if not events else f"the lane {job.lane} has no clock yet")
        parts = 1 + events // job.events_a_part
        verdicts = [self._subject(subject, parts) for subject in job.subjects]
        return Report(job.lane, job.period_ms, self._clock_ms, events, verdicts, round(time.monotonic() - began_s, 2))

    def _subject(self, subject: Subject, parts: int) -> Verdict:
        found = Tally()
        for part in range(parts):
            self._watch(f"{subject.name}{f', part {part + 1} of {parts}' if parts > 1 else ''}")
            found.add(self._settled(subject, part, parts))
        reasons = explanations(self._answers, self._job.lane, _owners(found), self._clock_ms, self._job.lateness_ms)
        for one, rows in found.differing.items():  # an id that was given up differs for the reason of whoever has it
            owner = next((row[-1] for row in rows[0] + rows[1] if row[-1] in reasons), "") if subject.name == "identities" else ""
            reasons |= {one: reasons[owner]} if owner and one not in reasons else {}
        return verdict_of(subject.name, found, reasons)

    def _settled(self, subject: Subject, part: int, parts: int) -> Tally:
        """Both sides of one part. Who differs may have changed between the two questions: asked again once the clock has moved on."""
        found = self._asked(subject, part, parts)
        for _ in range(PASSES - 1):
            if not found.differing or not self._clock_moves():
                break
            again = self._asked(subject, part, parts)
            again.differing = {person: rows for person, rows in again.differing.items() if person in found.differing}
            found = again
        return found

    def _asked(self, subject: Subject, part: int, parts: int) -> Tally:
        from_ms, until_ms = self._job.period_ms
        parameters: dict[str, Any] = {"lane": self._job.lane, "part": part, "parts": parts, "from_ms": from_ms, "until_ms": until_ms}
        now_ms = self._asked_clock_ms()
        past = list(subject.past_rows(self._answers, parameters, self._job.rules, now_ms))
        return tally(self._answers(subject.live, parameters), past, subject.measures)

    def _clock_moves(self) -> bool:
        """Wait until the lane's clock has moved since it was last asked; False if it stands still."""
        deadline_s = time.monotonic() + (0 if self._stands_still else self._job.patience_s)
        while (now_ms := self._asked_clock_ms()) <= self._clock_ms:
            if time.monotonic() >= deadline_s:
                self._stands_still = True
                return False
            time.sleep(POLL_S)
        self._clock_ms = now_ms
        return True

    def _asked_clock_ms(self) -> int:
        ((clock_ms, partitions),) = self._answers(questions.CLOCK, {"lane": self._job.lane})
        return int(clock_ms) if partitions else 0


def _owners(found: Tally) -> dict[str, int]:
    """Everyone whom a difference is about, with the time of the first row that differs."""
    owners: dict[str, int] = {}
    for one, rows in found.differing.items():
        for row in rows[0] + rows[1]:
            for name in (one, row[-1]) if isinstance(row[-1], str) and row[-1][:2] in ("u:", "d:") else (one,):
                owners[name] = min(row[1], owners.get(name, row[1]))
    return owners
