"""Logs: one file a process, the last few starts kept."""

from __future__ import annotations

from pathlib import Path

KEPT = 3


def rotate(file: Path, kept: int = KEPT) -> Path:
    """Make room for a new log: `x.log` becomes `x.log.1`, and so on up to `kept`. Returns the file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    if file.exists() and file.stat().st_size:
        for number in range(kept, 0, -1):
            older = file.with_name(f"{file.name}.{number - 1}") if number > 1 else file
            if older.exists():
                older.replace(file.with_name(f"{file.name}.{number}"))
    return file
