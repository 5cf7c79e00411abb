"""Does to the running stack what the schedule says, counts it, and heals it at the end."""

from __future__ import annotations

import asyncio
import signal
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from random import Random
from typing import Any

from chaos import schedule
from chaos.schedule import Fault
from chaos.stage import WORKERS, kin_of, role_of
from runtime.local.process import StartError, State
from runtime.local.spec import ProcessSpec
from runtime.local.supervisor import Say, Supervisor

BACK_WITHIN_S = 120.0  # a process that is not back by then does not come back
STOP_WITHIN_S = 10.0  # of a restart; then SIGKILL
POLL_S = 0.05


class NotBackError(RuntimeError):
    """A process does not come back. The message names it: see its log."""


class Wrecker:
    """`rage` for some seconds, then `heal`. `workers` are all that may run. `done` counts the faults by kind and role."""

    def __init__(self, stack: Supervisor, workers: Sequence[ProcessSpec], random: Random, say: Say) -> None:
        self.done: Counter[Fault] = Counter()
        self._stack, self._workers, self._random, self._say = stack, workers, random, say
        self._began_s = time.monotonic()
        self._paused: set[str] = set()
        self._leaving: set[str] = set()
        self._under_way: set[asyncio.Task[None]] = set()

    async def rage(self, seconds: float) -> None:
        """The first round to its end, and more until the time is up. Raises NotBackError."""
        self._began_s = time.monotonic()
        for number, faults in enumerate(schedule.rounds(self._random)):
            for fault in faults:
                if number and self.elapsed_s >= seconds:
                    return
                self._raise_failures()
                await getattr(self, f"_{fault.kind}")(fault)
                await asyncio.sleep(schedule.gap_s(self._random, seconds))

    async def heal(self) -> None:
        """Everybody awake, at least two workers in each lane, everything ready. Raises NotBackError."""
        await asyncio.gather(*self._under_way)
        for spec in self._workers:
            if len(self._running(kin_of(spec.name))) < WORKERS and spec in self._free():
                await self._start(spec)
        await self._until(lambda: [] if self._not_ready() else ["everything"], "everything")

    async def close(self) -> None:
        """Leave what is under way: the stack is about to end."""
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    @property
    def elapsed_s(self) -> float:
        return time.monotonic() - self._began_s

    async def _kill(self, fault: Fault) -> None:
        name = await self._someone(fault.role)
        self._note(fault, name, f"kill -9 {self._stack.signal(name, signal.SIGKILL)}")
        if self._random.random() < schedule.AGAIN_CHANCE:
            await asyncio.sleep(self._random.uniform(*schedule.AGAIN_S))
            if self._states()[name] is State.STARTING and self._stack.pid(name):
                self._note(fault, name, f"kill -9 {self._stack.signal(name, signal.SIGKILL)} while it starts")

    async def _pause(self, fault: Fault) -> None:
        name, seconds = await self._someone(fault.role), self._random.uniform(*schedule.PAUSE_S)
        pid = self._stack.signal(name, signal.SIGSTOP)
        self._paused.add(name)
        self._note(fault, name, f"SIGSTOP {pid} for {seconds:.1f} s")
        self._meanwhile(self._wake(name, pid, seconds))

    async def _wake(self, name: str, pid: int, seconds: float) -> None:
        try:
            await asyncio.sleep(seconds)
        finally:
            self._paused.discard(name)
            if self._stack.pid(name) == pid:  # it may have been killed in its sleep
                self._stack.signal(name, signal.SIGCONT)
                self._say(name, f"SIGCONT {pid}")

    async def _restart(self, fault: Fault) -> None:
        name = await self._someone(fault.role)
        pid = self._stack.signal(name, signal.SIGTERM)
        self._note(fault, name, f"SIGTERM {pid}")
        self._meanwhile(self._see_it_end(name, pid))

    async def _see_it_end(self, name: str, pid: int) -> None:
        deadline_s = time.monotonic() + STOP_WITHIN_S
        while self._stack.pid(name) == pid:
            if time.monotonic() > deadline_s:
                self._say(name, f"does not end within {STOP_WITHIN_S:.0f} s of SIGTERM: killed")
                self._stack.signal(name, signal.SIGKILL)
                return
            await asyncio.sleep(POLL_S)

    async def _add(self, fault: Fault) -> None:
        spec = self._random.choice(self._free())
        self._note(fault, spec.name, "one worker more")
        self._meanwhile(self._start(spec))

    def _free(self) -> list[ProcessSpec]:
        """Workers that do not run and could."""
        states = self._states()
        return [spec for spec in self._workers if states.get(spec.name, State.STOPPED) is State.STOPPED and spec.name not in self._leaving]

    async def _start(self, spec: ProcessSpec) -> None:
        """Again while it fails at the start, as it does without Kafka."""
        deadline_s = time.monotonic() + BACK_WITHIN_S
        while True:
            try:
                return await self._stack.add(spec)
            except StartError as error:
                if time.monotonic() > deadline_s:
                    raise NotBackError(str(error)) from error
                self._say(spec.name, "did not start; once more")

    async def _remove(self, fault: Fault) -> None:
        """The last one of a lane stays."""

        def spare() -> list[str]:
            return [name for name in self._awake("worker") if len(self._running(kin_of(name))) > 1]

        name = self._random.choice(await self._until(spare, "a worker that is not its lane's last one"))
        self._leaving.add(name)
        self._note(fault, name, "one worker less")
        self._meanwhile(self._stop(name))

    async def _stop(self, name: str) -> None:
        await self._stack.remove(name)
        self._leaving.discard(name)

    def _meanwhile(self, work: Coroutine[Any, Any, None]) -> None:
        self._under_way.add(asyncio.create_task(work))

    def _raise_failures(self) -> None:
        for task in [task for task in self._under_way if task.done()]:
            self._under_way.discard(task)
            task.result()

    def _note(self, fault: Fault, name: str, text: str) -> None:
        self.done[fault] += 1
        self._say(name, text)

    async def _someone(self, role: str) -> str:
        """One of the role that is ready and awake; waits for one."""
        return self._random.choice(await self._until(lambda: self._awake(role), f"a {role}"))

    def _awake(self, role: str) -> list[str]:
        states = self._states()
        return [name for name in self._running(role) if states[name] is State.READY and name not in self._paused]

    def _running(self, kin: str) -> list[str]:
        """Those of a role, or of a role in a lane, that run, or are about to."""
        gone = (State.STOPPED, State.DONE, State.FAILED)
        present = [name for name, state in self._states().items() if state not in gone and name not in self._leaving]
        return [name for name in present if kin in (role_of(name), kin_of(name))]

    def _states(self) -> dict[str, State]:
        return self._stack.states()

    def _not_ready(self) -> list[str]:
        return [name for name, state in self._states().items() if state not in (State.READY, State.DONE, State.STOPPED)]

    async def _until(self, found: Callable[[], list[str]], what: str) -> list[str]:
        deadline_s = time.monotonic() + BACK_WITHIN_S
        while not (names := found()):
            self._raise_failures()
            if time.monotonic() > deadline_s:
                raise NotBackError(f"{what} is not back after {BACK_WITHIN_S:.0f} s; not ready: {', '.join(self._not_ready())}")
            await asyncio.sleep(POLL_S)
        return names
