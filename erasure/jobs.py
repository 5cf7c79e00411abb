"""Erasures that were asked for: a file each in the data folder, until it is done, since the warehouse may keep no id of theirs."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from runtime.settings import Settings, to_env

_running: list[subprocess.Popen[bytes]] = []  # so that they are reaped


@dataclass(frozen=True)
class Asked:
    """`ids`: of the person when it was asked; what tells them may be deleted by a first try. `others`: who goes in the same erasure."""

    job_id: str
    person: str
    ids: tuple[str, ...]
    actor: str
    asked_at_ms: int
    others: tuple[str, ...] = ()


def new_id() -> str:
    return secrets.token_hex(12)


def keep(settings: Settings, job: Asked) -> None:
    """On the disk when this returns; readable by the owner only."""
    file = _file(settings, job.job_id)
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(".tmp")
    with open(os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
        json.dump(asdict(job), out)
        out.flush()
        os.fsync(out.fileno())
    draft.rename(file)


def begin(settings: Settings, job_id: str) -> None:
    """A process that does it, and goes on when this one ends."""
    log = _file(settings, job_id).with_suffix(".log")
    environ = {**os.environ, **to_env(settings), "CARTWAKE_DATA_DIR": str(Path(settings.data_dir).absolute())}
    _running[:] = [each for each in _running if each.poll() is None]
    with log.open("ab") as out:
        process = subprocess.Popen([sys.executable, "-m", "erasure", job_id], env=environ, stdout=out, stderr=out, start_new_session=True)
    _running.append(process)


def begin_all(settings: Settings) -> None:
    """Those that a process which has ended left undone. One that is at work already is left alone by the second."""
    for file in sorted(_folder(settings).glob("*.json")):
        begin(settings, file.stem)


@contextmanager
def taken(settings: Settings, job_id: str) -> Iterator[Asked | None]:
    """The job, locked; None when another process has it, or it is done."""
    try:
        file = _file(settings, job_id).open(encoding="utf-8")
    except FileNotFoundError:
        yield None
        return
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
            return
        found = json.load(file)
        if not _file(settings, job_id).exists():  # done, between the opening and the lock
            yield None
            return
        yield _read(found)


def forget(settings: Settings, job_id: str) -> None:
    """Done: the file names the person, and its log may."""
    for file in (_file(settings, job_id), _file(settings, job_id).with_suffix(".log")):
        file.unlink(missing_ok=True)


def running_ids(settings: Settings) -> set[str]:
    """Ids that are being erased, or wait for it."""
    found: set[str] = set()
    for file in _folder(settings).glob("*.json"):
        try:
            found.update(_read(json.loads(file.read_text(encoding="utf-8"))).ids)
        except FileNotFoundError:  # done meanwhile
            continue
    return found


def _read(found: dict[str, Any]) -> Asked:
    return Asked(**{**found, "ids": tuple(found["ids"]), "others": tuple(found.get("others", ()))})


def _folder(settings: Settings) -> Path:
    return Path(settings.data_dir) / "erasures"


def _file(settings: Settings, job_id: str) -> Path:
    return _folder(settings) / f"{job_id}.json"
