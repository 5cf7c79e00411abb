"""One line for each thing that happens to a stack: coloured on a terminal, plain in a file."""

from __future__ import annotations

import sys
import time

from rich.console import Console
from rich.markup import escape


class Progress:
    """Callable as `say(name, text)`."""

    def __init__(self) -> None:
        self._started_s = time.monotonic()
        self._console = Console(stderr=True, highlight=False) if sys.stderr.isatty() else None

    def __call__(self, name: str, text: str) -> None:
        elapsed = f"{time.monotonic() - self._started_s:5.1f}s"
        if self._console is None:
            print(f"{elapsed}  {name:<16} {text}", file=sys.stderr, flush=True)
            return
        colour = "green" if text.startswith(("ready", "done", "stopped")) else "yellow"
        self._console.print(f"[dim]{elapsed}[/]  [bold]{escape(f'{name:<16}')}[/] [{colour}]{escape(text)}[/]")


def silent(name: str, text: str) -> None:
    """For those who draw their own view."""
