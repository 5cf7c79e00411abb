"""Two sides, row by row. Pure: rows go in, numbers and persons who differ come out."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from reconcile.measures import Amount, Counted, Row


@dataclass
class Tally:
    """Of one subject: both numbers of each measure, and of the persons who differ their own numbers and rows."""

    live: defaultdict[str, Amount] = field(default_factory=lambda: defaultdict(int))
    past: defaultdict[str, Amount] = field(default_factory=lambda: defaultdict(int))
    differing: dict[str, tuple[list[Row], list[Row]]] = field(default_factory=dict)  # rows that only one side has: live, past
    rows: int = 0

    def add(self, other: Tally) -> None:
        """Take another part's numbers."""
        for ours, theirs in ((self.live, other.live), (self.past, other.past)):
            for name, amount in theirs.items():
                ours[name] += amount
        self.differing |= other.differing
        self.rows += other.rows


def tally(live: Iterable[Row], past: Iterable[Row], measures: Callable[[Row], Counted]) -> Tally:
    """Count both sides. Rows are compared whole, so that no two mistakes make up for each other."""
    found, left = Tally(), Counter[Row]()
    for row in live:
        _count(found.live, row, measures)
        left[row] += 1
        found.rows += 1
    only_past: list[Row] = []
    for row in past:
        _count(found.past, row, measures)
        if left[row] > 1:
            left[row] -= 1
        elif left.pop(row, 0) == 0:
            only_past.append(row)
    for row in left.elements():
        found.differing.setdefault(row[0], ([], []))[0].append(row)
    for row in only_past:
        found.differing.setdefault(row[0], ([], []))[1].append(row)
    return found


def _count(totals: defaultdict[str, Amount], row: Row, measures: Callable[[Row], Counted]) -> None:
    for name, amount in measures(row):
        totals[name] += amount
