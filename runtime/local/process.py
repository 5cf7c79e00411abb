"""One supervised process: started when what it needs is ready, started again with back-off when it dies, stopped with its whole group."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

import psutil

from runtime.local.backoff import Backoff, BackoffPolicy
from runtime.local.guardian import kill_group
from runtime.local.ports import require_free
from runtime.local.spec import ProcessSpec

PROBE_EVERY_S = 0.05
DEATHS_AT_START = 3
LOG_TAIL_LINES = 15


class State(StrEnum):
    """Where a process stands."""

    WAITING = "waiting"
    STARTING = "starting"
    READY = "ready"
    DONE = "done"
    BACKOFF = "backoff"
    STOPPED = "stopped"
    FAILED = "failed"


class StartError(RuntimeError):
    """A process could not be started. The message holds the end of its log: show it and stop."""


class Watcher(Protocol):
    """Told of every process group that comes and goes (Guardian)."""

    def watch(self, group: int) -> None: ...

    def forget(self, group: int) -> None: ...


class ManagedProcess:
    """Runs one spec. `settled` is set once it has been ready (or failed for good); `state` and `pid` are there to be read."""

    def __init__(self, spec: ProcessSpec, log: Path, environ: Mapping[str, str], watcher: Watcher, say: Callable[[str, str], None]) -> None:
        self.spec = spec
        self.log = log
        self.state = State.WAITING
        self.pid = 0
        self.restarts = 0
        self.error: StartError | None = None
        self.settled = asyncio.Event()
        self._environ = environ
        self._watcher = watcher
        self._say = say
        self._backoff = Backoff(BackoffPolicy())
        self._started_s = 0.0
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = False
        self._delay_s = 0.0
        self._task: asyncio.Task[None] | None = None

    def start(self, needs: list[ManagedProcess]) -> None:
        """Begin to supervise, in a task of its own."""
        self._task = asyncio.create_task(self._keep(needs), name=f"supervise {self.spec.name}")

    @property
    def uptime_s(self) -> float:
        return time.monotonic() - self._started_s if self.pid else 0.0

    async def _keep(self, needs: list[ManagedProcess]) -> None:
        try:
            for need in needs:
                await need.settled.wait()
                if need.error:
                    raise StartError(f"{self.spec.name} needs {need.spec.name}, which did not start")
            while not self._stopping:
                await self._run_once()
                if self.state is State.DONE:
                    return
                await self._pause_after_death()
        except Exception as error:  # whatever went wrong belongs to whoever waits for `settled`
            self.error = error if isinstance(error, StartError) else StartError(f"{self.spec.name}: {error}")
            self.state = State.FAILED
        finally:
            self.settled.set()

    async def _run_once(self) -> None:
        """From one start to the death of that process."""
        spec = self.spec
        self.state = State.STARTING
        argv = list(await asyncio.to_thread(spec.prepare)) if spec.prepare else list(spec.argv)
        if spec.port and not self.restarts:
            require_free(spec.host, spec.port, spec.name)
        if self._stopping:
            return
        with self.log.open("ab") as out:
            self._process = await asyncio.create_subprocess_exec(
                *argv,
                env=dict(self._environ),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=out,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,
            )
        self.pid = self._process.pid
        self._started_s = time.monotonic()
        self._watcher.watch(self.pid)
        if self._stopping:  # asked while it was being started
            self._process.send_signal(spec.stop_signal)
        probing = asyncio.create_task(self._probe())
        try:
            code = await self._process.wait()
        finally:
            probing.cancel()
            kill_group(self.pid)  # what the process itself started must not outlive it
            self._watcher.forget(self.pid)
        self._died(code)

    async def _probe(self) -> None:
        """Ask until the process says that it is ready."""
        if self.spec.step:
            return
        while self.spec.ready and not await self.spec.ready():
            if self.uptime_s > self.spec.ready_timeout_s:
                self._say(self.spec.name, f"not ready after {self.spec.ready_timeout_s:.0f} s: killed")
                return kill_group(self.pid)
            await asyncio.sleep(PROBE_EVERY_S)
        self.state = State.READY
        self._say(self.spec.name, f"ready in {self.uptime_s:.1f} s (pid {self.pid})")
        self.settled.set()

    def _died(self, code: int) -> None:
        uptime_s, self.pid, was_ready = self.uptime_s, 0, self.settled.is_set()
        if self._stopping:
            self.state = State.STOPPED
        elif self.spec.step and code == 0:
            self.state = State.DONE
            self._say(self.spec.name, f"done in {uptime_s:.1f} s")
        else:
            self.state = State.BACKOFF
            self._delay_s = self._backoff.died(uptime_s)
            if not was_ready and self._backoff.deaths_in_a_row >= DEATHS_AT_START:
                raise StartError(f"{self.spec.name} did not start ({_ended(code)}); the end of {self.log}:\n{self.log_tail()}")
            self._say(self.spec.name, f"{_ended(code)} after {uptime_s:.1f} s; starts again in {self._delay_s:.1f} s")

    async def _pause_after_death(self) -> None:
        if not self._stopping:
            await asyncio.sleep(self._delay_s)
            self.restarts += 1

    async def stop(self, within_s: float) -> None:
        """The stop signal, and after `within_s` SIGKILL; returns when the process and its group are gone."""
        self._stopping = True
        if not self.settled.is_set() and self.error is None:  # whoever waits for it is not to think that it was well
            self.error = StartError(f"{self.spec.name} was stopped before it was {'done' if self.spec.step else 'ready'}")
        process, task = self._process, self._task
        if process is not None and process.returncode is None:
            process.send_signal(self.spec.stop_signal)
            try:
                await asyncio.wait_for(process.wait(), within_s)
            except TimeoutError:
                self._say(self.spec.name, f"did not stop within {within_s:.1f} s: killed")
                kill_group(process.pid)
                await process.wait()
        if task is not None:
            if self.state in (State.WAITING, State.BACKOFF):
                task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        self.state = State.STOPPED

    def kill(self) -> int:
        """SIGKILL now, as a test does; the supervision starts it again. Returns the pid that was killed."""
        if not self.pid:
            raise ValueError(f"{self.spec.name} is not running")
        os.kill(self.pid, 9)
        return self.pid

    def signal(self, number: int) -> int:
        """As a person at a terminal would: to the process and all that it started. Returns its pid."""
        if not self.pid:
            raise ValueError(f"{self.spec.name} is not running")
        kill_group(self.pid, number)
        return self.pid

    def log_tail(self) -> str:
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines() if self.log.exists() else []
        return "\n".join(f"    {line}" for line in lines[-LOG_TAIL_LINES:])

    def status(self) -> dict[str, Any]:
        """One row of `cartwake status`."""
        cpu_s, rss_bytes = _usage(self.pid)
        return {
            "name": self.spec.name,
            "state": str(self.state),
            "pid": self.pid,
            "restarts": self.restarts,
            "uptime_s": round(self.uptime_s, 1),
            "cpu_s": cpu_s,
            "rss_bytes": rss_bytes,
            "log": str(self.log),
            "health_url": self.spec.health_url,
            "error": str(self.error or ""),
        }


def _ended(code: int) -> str:
    return f"killed by signal {-code}" if code < 0 else f"ended with code {code}"


def _usage(pid: int) -> tuple[float, int]:
    """Processor seconds and memory of a process and all it has started."""
    cpu_s, rss_bytes = 0.0, 0
    try:
        family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)] if pid else []
        for member in family:
            times = member.cpu_times()
            cpu_s += times.user + times.system
            rss_bytes += member.memory_info().rss
    except psutil.Error:
        pass
    return round(cpu_s, 2), rss_bytes
