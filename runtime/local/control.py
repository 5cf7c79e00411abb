"""The supervisor's control socket: one JSON line asks, one JSON line answers. `Control` is the client."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import socket
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

PATH_LIMIT_BYTES = 100  # the kernel's is 108, less on other systems
ANSWER_TIMEOUT_S = 120.0
LINE_LIMIT_BYTES = 1 << 20
Answer = Callable[[str, Any], Awaitable[Any]]


class ControlError(RuntimeError):
    """The supervisor is not there, or said no. The message says which."""


def socket_path(data_dir: Path) -> Path:
    """`control.sock` in the data folder, or, where that path is too long for a socket, a name in the temporary folder."""
    path = data_dir.absolute() / "control.sock"
    if len(os.fsencode(path)) <= PATH_LIMIT_BYTES:
        return path
    return Path(tempfile.gettempdir()) / f"cartwake-{hashlib.sha256(os.fsencode(path)).hexdigest()[:16]}.sock"


class ControlServer:
    """Listens while the supervisor runs. `answer(command, argument)` returns what JSON can hold, or raises."""

    def __init__(self, data_dir: Path, answer: Answer) -> None:
        self._path = socket_path(data_dir)
        self._answer = answer
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._path.unlink(missing_ok=True)  # left by one that was killed: the lock says that none runs
        self._server = await asyncio.start_unix_server(self._serve, self._path, limit=LINE_LIMIT_BYTES)
        self._path.chmod(0o600)

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
            self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                writer.write(json.dumps(await self._reply(line)).encode() + b"\n")
                await writer.drain()
        except (ConnectionError, ValueError):
            pass  # the client went away, or sent a line beyond the limit
        finally:
            writer.close()

    async def _reply(self, line: bytes) -> dict[str, Any]:
        try:
            asked = json.loads(line)
            return {"ok": True, "answer": await self._answer(str(asked["do"]), asked.get("with"))}
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            return {"ok": False, "error": str(error)}


class Control:
    """Talks to the supervisor of a data folder, from any process. Blocking: inside a loop, call it in a thread."""

    def __init__(self, data_dir: Path | str) -> None:
        self._data_dir = Path(data_dir)

    def status(self) -> list[dict[str, Any]]:
        """One row for each process: name, state, pid, restarts, uptime_s, cpu_s, rss_bytes, log, health_url, error."""
        rows: list[dict[str, Any]] = self._ask("status")
        return rows

    def start(self, spec: Mapping[str, Any]) -> None:
        """Start a process and wait until it is ready: name, argv, and optionally env, needs, step, port, ready_url."""
        self._ask("start", dict(spec))

    def spec(self, name: str) -> dict[str, Any]:
        """What a process was started with, also one that has been stopped: `start` takes it."""
        found: dict[str, Any] = self._ask("spec", name)
        return found

    def stop(self, name: str) -> None:
        self._ask("stop", name)

    def kill(self, name: str) -> int:
        """SIGKILL a process, which is then started again; returns the pid that was killed."""
        return int(self._ask("kill", name))

    def _ask(self, command: str, argument: Any = None) -> Any:
        try:
            with socket.socket(socket.AF_UNIX) as link:
                link.settimeout(ANSWER_TIMEOUT_S)
                link.connect(str(socket_path(self._data_dir)))
                link.sendall(json.dumps({"do": command, "with": argument}).encode() + b"\n")
                line = link.makefile("rb").readline()
        except (FileNotFoundError, ConnectionRefusedError) as error:
            raise ControlError(f"no cartwake runs on {self._data_dir}; start one with `cartwake up`") from error
        except TimeoutError as error:
            raise ControlError(f"the cartwake on {self._data_dir} has not answered within {ANSWER_TIMEOUT_S:.0f} s: {command}") from error
        answer = json.loads(line) if line else {"ok": False, "error": "the supervisor ended"}
        if not answer["ok"]:
            raise ControlError(answer["error"])
        return answer["answer"]
