"""Runs a set of processes as one: in the order of their needs, again when one dies, and none left behind at the end."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from runtime.local.control import ControlServer
from runtime.local.guardian import Guardian
from runtime.local.lockfile import DataLock
from runtime.local.logfiles import rotate
from runtime.local.ports import require_free
from runtime.local.process import ManagedProcess, State
from runtime.local.progress import Progress
from runtime.local.spec import ProcessSpec, as_json, from_json, levels

STOP_WITHIN_S = 9.0
ROOT = Path(__file__).resolve().parents[2]
Say = Callable[[str, str], None]


class Supervisor:
    """`async with Supervisor(folder, specs):` runs them; `run()` does so until SIGINT or SIGTERM.

    Raises AlreadyRunningError, PortTakenError or StartError from the start, with nothing left running.
    """

    def __init__(
        self,
        data_dir: Path,
        specs: Sequence[ProcessSpec],
        *,
        env: Mapping[str, str] | None = None,
        say: Say | None = None,
        stop_within_s: float = STOP_WITHIN_S,
    ) -> None:
        levels(specs)
        self.data_dir = data_dir.absolute()
        self._specs = list(specs)
        self._environ = {**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONPATH": _python_path(), **(env or {})}
        self._say = say or Progress()
        self._stop_within_s = stop_within_s
        self._lock = DataLock(self.data_dir)
        self._processes: dict[str, ManagedProcess] = {}
        self._guardian: Guardian | None = None
        self._control = ControlServer(self.data_dir, self._answer)

    async def start(self) -> None:
        """Start everything and wait until all of it is ready."""
        self._lock.acquire()
        try:
            for spec in self._specs:
                if spec.port:
                    require_free(spec.host, spec.port, spec.name)
            self._guardian = Guardian()
            await self._control.start()
            await self.add(*self._specs)
        except BaseException:
            await self.stop()
            raise

    async def add(self, *specs: ProcessSpec) -> None:
        """Start more processes, and wait until they are ready. Raises StartError if one is not to be had."""
        known = [process.spec for process in self._processes.values() if process.spec.name not in {spec.name for spec in specs}]
        levels([*known, *specs])
        added = [self._new(spec) for spec in specs]
        for process in added:
            process.start([self._processes[need] for need in process.spec.needs])
        waits = [asyncio.create_task(process.settled.wait()) for process in added]
        try:
            for first in asyncio.as_completed(waits):
                await first
                self._raise_failure(added)
        finally:
            for wait in waits:
                wait.cancel()

    def _new(self, spec: ProcessSpec) -> ManagedProcess:
        existing = self._processes.get(spec.name)
        if existing and existing.state not in ("stopped", "done", "failed"):
            raise ValueError(f"{spec.name} is running already")
        if self._guardian is None:
            raise RuntimeError("the supervisor is not running")
        log = rotate(self.data_dir / "logs" / f"{spec.name}.log")
        environ = {**self._environ, **spec.env}
        process = ManagedProcess(spec, log, environ, self._guardian, self._say)
        self._processes[spec.name] = process
        return process

    @staticmethod
    def _raise_failure(processes: Sequence[ManagedProcess]) -> None:
        failed = [process.error for process in processes if process.error]
        if failed:  # the cause, before those that only needed it
            raise next((error for error in failed if ", which did not start" not in str(error)), failed[0])

    async def remove(self, *names: str) -> None:
        """Stop some processes, those that need others first; they can be added again."""
        chosen = [self._get(name) for name in names]
        await self._stop_these(chosen, self._stop_within_s)

    def kill(self, name: str) -> int:
        """SIGKILL one process; it is started again. Returns the pid that was killed."""
        return self._get(name).kill()

    def signal(self, name: str, number: int) -> int:
        """Signal one process with all that it started; one that ends because of it is started again. Returns its pid."""
        return self._get(name).signal(number)

    def states(self) -> dict[str, State]:
        """Where each process stands."""
        return {name: process.state for name, process in self._processes.items()}

    def pid(self, name: str) -> int:
        """0 while it does not run."""
        return self._get(name).pid

    async def stop(self) -> None:
        """Stop everything, in the reverse order of needs, within ten seconds in all."""
        await self._control.stop()
        await self._stop_these(list(self._processes.values()), self._stop_within_s)
        if self._guardian is not None:
            await asyncio.to_thread(self._guardian.close)
            self._guardian = None
        self._lock.release()

    async def _stop_these(self, chosen: Sequence[ManagedProcess], within_s: float) -> None:
        deadline_s = time.monotonic() + within_s
        names = {process.spec.name for process in chosen}
        rounds = [[spec.name for spec in level if spec.name in names] for level in levels([p.spec for p in self._processes.values()])]
        left = [wave for wave in reversed(rounds) if wave]
        while left:
            share_s = max(0.2, (deadline_s - time.monotonic()) / len(left))
            await asyncio.gather(*(self._processes[name].stop(share_s) for name in left.pop(0)))

    async def run(self) -> None:
        """Until SIGINT or SIGTERM; a second signal does not cut the stop short, which takes ten seconds at most."""
        asked = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, asked.set)
        starting = asyncio.create_task(self.start())
        waiting = asyncio.create_task(asked.wait())
        try:
            await asyncio.wait([starting, waiting], return_when=asyncio.FIRST_COMPLETED)
            if not asked.is_set():
                await starting  # raises what went wrong
                self._say("cartwake", "everything is ready; Ctrl-C stops it")
                await waiting
        finally:
            started_s = time.monotonic()
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)
            waiting.cancel()
            await self.stop()
            self._say("cartwake", f"stopped in {time.monotonic() - started_s:.1f} s")
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)

    def status(self) -> list[dict[str, Any]]:
        """One row for each process; see ManagedProcess.status."""
        return [process.status() for process in list(self._processes.values())]  # in a thread, while others may be added

    def _get(self, name: str) -> ManagedProcess:
        if name not in self._processes:
            raise ValueError(f"nothing is called {name}")
        return self._processes[name]

    async def _answer(self, command: str, argument: Any) -> Any:
        """What the control socket asks for."""
        if command == "status":
            return await asyncio.to_thread(self.status)
        if command == "start":
            return await self.add(from_json(argument))
        if command == "stop":
            return await self.remove(str(argument))
        if command == "spec":
            return as_json(self._get(str(argument)).spec)
        if command == "kill":
            return self.kill(str(argument))
        raise ValueError(f"no such command: {command}")

    async def __aenter__(self) -> Supervisor:
        await self.start()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.stop()


def _python_path() -> str:
    return os.pathsep.join(part for part in (str(ROOT), os.environ.get("PYTHONPATH", "")) if part)
