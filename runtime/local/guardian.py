"""Ends what a supervisor left behind when it was killed in a way it could not answer (kill -9, out of memory).

A process of its own, started by Guardian: it reads the groups to watch from its standard input, and when that closes, which the
kernel does however the supervisor died, it kills those that are left. It reaches grandchildren too, where PR_SET_PDEATHSIG would not.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path


class Guardian:
    """The supervisor's end: `watch` a process group while it runs, `forget` it once it is gone, `close` at the end."""

    def __init__(self) -> None:
        command = [sys.executable, "-I", "-S", str(Path(__file__))]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, text=True, start_new_session=True)

    @property
    def pid(self) -> int:
        return self._process.pid

    def watch(self, group: int) -> None:
        self._tell(f"+{group}")

    def forget(self, group: int) -> None:
        self._tell(f"-{group}")

    def close(self) -> None:
        if self._process.stdin:
            self._process.stdin.close()
        self._process.wait()

    def _tell(self, line: str) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # the guardian itself was killed: what it guards against has then to be a second accident


def kill_group(group: int, signal_number: int = signal.SIGKILL) -> None:
    """Signal a whole process group; one that is gone is fine."""
    try:
        os.killpg(group, signal_number)
    except (ProcessLookupError, PermissionError):
        pass


def main() -> None:
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    groups: set[int] = set()
    for line in sys.stdin:
        group = int(line[1:])
        (groups.add if line[0] == "+" else groups.discard)(group)
    for group in groups:
        kill_group(group)


if __name__ == "__main__":
    main()
