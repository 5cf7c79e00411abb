"""One supervisor for each data folder: an flock, which the kernel lets go of however its holder dies."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType


class AlreadyRunningError(RuntimeError):
    """Another supervisor runs on this data folder. The message names its pid: stop it, or use another folder."""


class DataLock:
    """`with DataLock(folder):` holds the folder; a second one raises AlreadyRunningError."""

    def __init__(self, data_dir: Path) -> None:
        self._file = data_dir / "supervisor.lock"
        self._fd: int | None = None

    def acquire(self) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        fd = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = os.read(fd, 32).decode().strip() or "unknown"
            os.close(fd)
            raise AlreadyRunningError(f"{self._file.parent} is in use by another cartwake (pid {pid})") from None
        os.ftruncate(fd, 0)
        os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
        self._fd = fd

    def release(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def __enter__(self) -> DataLock:
        self.acquire()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.release()
