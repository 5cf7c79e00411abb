"""The demo on a terminal: the lane's numbers and its funnel, drawn anew every second; plain lines where there is no terminal."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from types import TracebackType

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from runtime.figures import Figures

LINE_EVERY_S = 5.0
BAR_CELLS = 34
COLOURS = ("cyan", "blue", "magenta", "green")


class View:
    """`with View(steps) as view: view.show(...)`. Writes to standard error only."""

    def __init__(self, steps: list[str]) -> None:
        self._steps = steps
        self._console = Console(stderr=True)
        self._live = Live(console=self._console, auto_refresh=False, transient=False) if sys.stderr.isatty() else None
        self._last = (time.monotonic(), 0)
        self._said_s = 0.0

    def __enter__(self) -> View:
        if self._live:
            self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._live:
            self._live.stop()

    def show(self, figures: Figures, now_ms: int, done: float, note: str = "") -> None:
        """The newest numbers; `done` from 0 to 1 of the way, `note` is what is being waited for."""
        rate = self._rate(figures.events)
        if self._live:
            self._live.update(draw(figures, self._steps, now_ms, done, rate, note), refresh=True)
        elif time.monotonic() - self._said_s >= LINE_EVERY_S:
            self._said_s = time.monotonic()
            print(line(figures, now_ms, done, rate), file=sys.stderr, flush=True)

    def _rate(self, events: int) -> float:
        now_s = time.monotonic()
        (then_s, before), self._last = self._last, (now_s, events)
        return max(0.0, (events - before) / max(now_s - then_s, 0.001))


def line(figures: Figures, now_ms: int, done: float, rate: float) -> str:
    """All of it in one line."""
    return (
        f"{_day(now_ms)} {done:4.0%}  {figures.events:,} events ({rate:,.0f}/s)  {figures.persons:,} persons  "
        f"carts: {figures.carts_open:,} open, {figures.carts_abandoned:,} abandoned, {figures.carts_recovered:,} recovered  "
        f"{figures.orders:,} orders  {figures.webhooks:,} webhooks"
    )


def draw(figures: Figures, steps: list[str], now_ms: int, done: float, rate: float, note: str) -> Group:
    """The whole picture."""
    progress = Table.grid(padding=(0, 2), expand=True)
    progress.add_row(Text(_day(now_ms), style="bold"), ProgressBar(total=1.0, completed=done), Text(note, style="dim"))
    return Group(progress, _numbers(figures, rate), Panel(_funnel(figures, steps), title="funnel by first channel", border_style="dim"))


def _numbers(figures: Figures, rate: float) -> Table:
    table = Table.grid(padding=(0, 3), expand=True)
    cells = [
        ("events", figures.events, f"{rate:,.0f}/s"),
        ("refused", figures.rejected, f"{figures.duplicates:,} twice, {figures.late:,} late"),
        ("carts open", figures.carts_open, f"{figures.carts_ordered:,} ordered"),
        ("abandoned", figures.carts_abandoned, "30 min idle"),
        ("recovered", figures.carts_recovered, "ordered later"),
        ("webhooks", figures.webhooks, "signed, once each"),
    ]
    table.add_row(*(Text(name, style="dim") for name, _, _ in cells))
    table.add_row(*(Text(f"{value:,}", style="bold") for _, value, _ in cells))
    table.add_row(*(Text(note, style="dim") for _, _, note in cells))
    return table


def _funnel(figures: Figures, steps: list[str]) -> Table:
    """For each channel a row of bars, as long as the share of those who saw a product."""
    table = Table.grid(padding=(0, 2))
    table.add_row("", *(Text(step, style="dim") for step in steps))
    for channel, reached in figures.funnel.items():
        widest = max(reached[0], 1)
        bars = [_bar(count, widest, COLOURS[number % len(COLOURS)], len(steps)) for number, count in enumerate(reached)]
        table.add_row(Text(channel, style="bold"), *bars)
    return table


def _bar(count: int, of: int, colour: str, columns: int) -> Text:
    cells = max(1, 2 * BAR_CELLS // columns) * count // of
    return Text("█" * cells, style=colour).append(f" {count:,}", style="default")


def _day(now_ms: int) -> str:
    return f"{datetime.fromtimestamp(now_ms / 1000, UTC):%a %d %b %H:%M}"
