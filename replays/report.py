"""What a replay shows of itself: a bar on a terminal, a line now and then elsewhere, and the summary as text."""

from __future__ import annotations

import sys
import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from replays.summary import Summary

LINE_EVERY_S = 5.0


class Report:
    """`with Report() as report:` and pass it as the watch of a replay. Writes to standard error only."""

    def __init__(self) -> None:
        self._bar: Progress | None = None
        if sys.stderr.isatty():
            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
            self._bar = Progress(*columns, console=Console(stderr=True))
            self._task = self._bar.add_task("reading", total=None)
        self._said_s = 0.0

    def __enter__(self) -> Report:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._bar:
            self._bar.stop()

    def reading(self, rows: int) -> None:
        self._show("reading", rows, None)

    def sending(self, done: int, total: int) -> None:
        self._show("sending", done, total)

    def draining(self, behind: str) -> None:
        if self._bar:
            self._bar.update(self._task, description=f"waiting: {behind[:60]}")
        else:
            self._line(f"waiting: {behind}")

    def _show(self, what: str, done: int, total: int | None) -> None:
        if self._bar:
            self._bar.update(self._task, description=what, completed=done, total=total)
        else:
            self._line(f"{what} {done:,}" + (f" of {total:,}" if total else " rows"), force=done == total)

    def _line(self, text: str, force: bool = False) -> None:
        now_s = time.monotonic()
        if force or now_s - self._said_s >= LINE_EVERY_S:
            self._said_s = now_s
            print(text, file=sys.stderr, flush=True)


def as_text(summary: Summary) -> str:
    """For the terminal."""
    rows = [
        ("lane", summary.lane),
        ("rows read", f"{summary.rows_read:,}"),
        ("accepted", f"{summary.accepted:,}"),
        ("rejected", f"{summary.rejected:,}{_listed(summary.rejected_by_reason)}"),
        ("duplicates", f"{summary.duplicates:,}"),
        ("stored", f"{summary.stored:,}{_listed(summary.events)}"),
        ("persons", f"{summary.persons:,}"),
        ("items", f"{summary.items:,} in {summary.categories:,} categories"),
        ("revenue", ", ".join(f"{amount:,.2f} {currency}" for currency, amount in summary.revenue.items()) or "none given"),
        ("carts", ", ".join(f"{name} {count:,}" for name, count in summary.carts.items())),
        ("funnel", ", ".join(_levels(summary)) or "nobody"),
        ("check", "windowFunnel equals the live funnel, person by person" if not summary.funnel_differences else "see below"),
        ("time", f"{summary.elapsed_s} s"),
    ]
    lines = [f"{name:<11} {text}" for name, text in rows]
    return "\n".join(lines + [f"PROBLEM     {problem}" for problem in summary.problems])


def _listed(counts: dict[str, int]) -> str:
    return f" ({', '.join(f'{name} {count:,}' for name, count in counts.items())})" if counts else ""


def _levels(summary: Summary) -> list[str]:
    return [f"{step} {summary.funnel_levels.get(str(number), 0):,}" for number, step in enumerate(summary.funnel_steps, start=1)]
