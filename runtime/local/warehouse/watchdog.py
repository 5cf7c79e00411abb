"""End the process when its engine is dead or hangs, so that the supervisor starts a new one.

chDB's own handler of fatal signals may sleep for minutes, and a thread that crashed may hold Python's lock. So fatal signals keep
their default meaning, and the deadline is watched by faulthandler's C thread, which needs no lock of ours: it prints every
thread's stack and ends the process.
"""

import asyncio
import faulthandler
import logging
import signal
from collections.abc import Awaitable, Callable

PROBE_EVERY_S = 5.0
DEADLINE_S = 60.0
_log = logging.getLogger(__name__)


def arm() -> None:
    """Call after the engine has been opened: it installs its handlers then."""
    for number in (signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGFPE, signal.SIGABRT):
        signal.signal(number, signal.SIG_DFL)
    faulthandler.enable()
    faulthandler.dump_traceback_later(DEADLINE_S, exit=True)


async def watch(probe: Callable[[], Awaitable[None]]) -> None:
    """Move the deadline each time the engine answers; an engine that answers with an error (no memory, say) lives."""
    while True:
        try:
            await probe()
        except Exception as error:
            _log.warning("the engine's probe failed: %s", error)
        faulthandler.dump_traceback_later(DEADLINE_S, exit=True)
        await asyncio.sleep(PROBE_EVERY_S)
