"""What a reconciliation came to, as text and as JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from reconcile.measures import Amount, Row
from reconcile.tally import Tally

EXAMPLES = 10


@dataclass(frozen=True)
class Line:
    """One measure on both sides."""

    measure: str
    live: Amount
    recomputed: Amount

    @property
    def difference(self) -> Amount:
        return self.live - self.recomputed


@dataclass(frozen=True)
class Example:
    """A person who differs: the rows that only one side has."""

    person: str
    explanation: str
    live: list[Row]
    recomputed: list[Row]


@dataclass(frozen=True)
class Verdict:
    """One subject. `explained`: persons by the reason why they may differ; `differing`: persons without one."""

    subject: str
    lines: list[Line]
    rows: int
    differing: int
    explained: dict[str, int]
    examples: list[Example]


@dataclass(frozen=True)
class Report:
    """`period_ms` and `clock_ms` are epoch ms. The lane agrees when nobody differs without a reason."""

    lane: str
    period_ms: tuple[int, int]
    clock_ms: int
    events: int
    verdicts: list[Verdict] = field(default_factory=list)
    took_s: float = 0.0

    @property
    def differences(self) -> int:
        return sum(verdict.differing for verdict in self.verdicts)

    @property
    def explained(self) -> int:
        return sum(sum(verdict.explained.values()) for verdict in self.verdicts)

    def as_json(self) -> str:
        document: dict[str, Any] = {
            "lane": self.lane,
            "agrees": self.differences == 0,
            "differences": self.differences,
            "explained": self.explained,
            "clock": _spelled(self.clock_ms),
            "events": self.events,
            "took_s": self.took_s,
            "subjects": [_subject(verdict) for verdict in self.verdicts],
        }
        return json.dumps(document, default=str)

    def as_text(self) -> str:
        """A table of all measures; a subject with differences begins with !!."""
        rows = [("", "measure", "live", "recomputed", "difference")]
        for verdict in self.verdicts:
            mark = "!!" if verdict.differing else ""
            rows += [(mark, line.measure, _number(line.live), _number(line.recomputed), _number(line.difference)) for line in verdict.lines]
        widths = [max(len(row[column]) for row in rows) for column in range(5)]
        text = [f"{a:<{widths[0]}} {b:<{widths[1]}}  {c:>{widths[2]}}  {d:>{widths[3]}}  {e:>{widths[4]}}" for a, b, c, d, e in rows]
        text += [f"   {verdict.subject}: {count} explained: {why}" for verdict in self.verdicts for why, count in verdict.explained.items()]
        for verdict in self.verdicts:
            text += [line for example in verdict.examples for line in _shown(verdict.subject, example)]
        return "\n".join([*text, "", self.summary])

    @property
    def summary(self) -> str:
        """In one line."""
        counted = f"{sum(verdict.rows for verdict in self.verdicts):,} rows of {self.events:,} events in {self.took_s} s"
        end = f"{self.differences} persons differ" if self.differences else "live and recomputed agree"
        end += f", {self.explained} for a reason that is allowed" if self.explained else ""
        return f"{end}: lane {self.lane}, clock {_spelled(self.clock_ms)}, {counted}"


def verdict_of(subject: str, found: Tally, reasons: Mapping[str, str]) -> Verdict:
    """Sort the persons who differ by their reasons; those without one are shown first."""
    names = sorted(found.live.keys() | found.past.keys())
    lines = [Line(name, found.live.get(name, 0), found.past.get(name, 0)) for name in names]
    explained = Counter(reasons[person] for person in found.differing if person in reasons)
    ordered = sorted(found.differing, key=lambda person: (person in reasons, person))
    examples = [Example(person, reasons.get(person, ""), *found.differing[person]) for person in ordered[:EXAMPLES]]
    return Verdict(subject, lines, found.rows, len(found.differing) - explained.total(), dict(explained), examples)


def _subject(verdict: Verdict) -> dict[str, Any]:
    return {
        "subject": verdict.subject,
        "differences": verdict.differing,
        "explained": verdict.explained,
        "measures": [{**vars(each), "difference": each.difference} for each in verdict.lines],
        "examples": [vars(each) for each in verdict.examples],
    }


def _shown(subject: str, example: Example) -> list[str]:
    mark, reason = ("   ", f" ({example.explanation})") if example.explanation else ("!! ", "")
    lines = [f"{mark}{subject} of {example.person}{reason}"]
    lines += [f"     live        {row[1:]}" for row in example.live]
    return lines + [f"     recomputed  {row[1:]}" for row in example.recomputed]


def _number(amount: Amount) -> str:
    return f"{amount:,.4f}" if isinstance(amount, Decimal) else f"{amount:,}"


def _spelled(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds")
