"""How a command that runs a stack of its own is stopped."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_NUMBERS = (signal.SIGINT, signal.SIGTERM)


@asynccontextmanager
async def stopped_by_signals() -> AsyncIterator[None]:
    """Ctrl-C or SIGTERM ends it by cancelling, so that everything is stopped on the way out. A second signal does not cut that short."""
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    assert task is not None
    asked = False

    def stop() -> None:
        nonlocal asked
        if not asked:
            asked = True
            task.cancel()

    for number in _NUMBERS:
        loop.add_signal_handler(number, stop)
    try:
        yield
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None
    finally:
        for number in _NUMBERS:
            loop.remove_signal_handler(number)
