"""A command that is told to stop does so once, and to the end."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from runtime.stop import stopped_by_signals


@pytest.mark.parametrize("first", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("second", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_does_not_cut_the_stop_short(first: signal.Signals, second: signal.Signals) -> None:
    seen: list[str] = []

    async def work() -> None:
        async with stopped_by_signals():
            try:
                os.kill(os.getpid(), first)
                await asyncio.Event().wait()
            finally:
                seen.append("told to stop")
                heard = asyncio.Event()
                os.kill(os.getpid(), second)
                asyncio.get_running_loop().call_later(0.05, heard.set)
                await heard.wait()
                seen.append("stopped")

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(work())
    assert seen == ["told to stop", "stopped"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_without_a_signal_it_ends_by_itself() -> None:
    async def work() -> int:
        async with stopped_by_signals():
            return 7

    assert asyncio.run(work()) == 7
