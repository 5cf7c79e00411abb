"""One engine a folder: a second process on it would hang or damage it, so it is told who has it."""

import fcntl
import os
from pathlib import Path


class FolderInUseError(RuntimeError):
    """Another process has this folder open; stop it, or use another folder."""


class FolderLock:
    """Held until the process ends, however it ends."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "warehouse.lock"
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.read(self._descriptor, 32).decode().strip() or "unknown"
            os.close(self._descriptor)
            raise FolderInUseError(f"{folder} is open in another process (pid {owner})") from None
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, f"{os.getpid()}\n".encode(), 0)

    def __enter__(self) -> "FolderLock":
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)
