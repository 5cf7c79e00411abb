"""A Python that has a peer's packages: this one, or one beside the feeds, so that cartwake's own environment stays as it is locked."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import tomllib
from pathlib import Path

from bench.lab import ROOT, BenchError, Say

EXTRA = "bench"


class MissingError(BenchError):
    """A peer's packages cannot be had. The message says what to do."""


def python_with(package: str, cache: Path, say: Say) -> str:
    """Path of a Python that can import the package ('' for none); it is installed at the first time. Blocking."""
    if not package or importlib.util.find_spec(package) is not None:
        return sys.executable
    folder = cache.absolute() / "peers-venv"
    python = folder / "bin" / "python"
    if not python.exists() or subprocess.run([str(python), "-c", f"import {package}"], capture_output=True).returncode:
        wanted = requirements()
        say(f"installing {' '.join(wanted)} into {folder}")
        for command in (
            [sys.executable, "-m", "venv", str(folder)],
            [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *wanted],
        ):
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode:
                raise MissingError(f"{' '.join(command)}\n{done.stderr.strip()}\nRun that by hand, or leave the peers out with --no-peers.")
    return str(python)


def requirements() -> list[str]:
    """The extra `bench` of pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    found: list[str] = project["optional-dependencies"][EXTRA]
    return found
