"""Finds the browser of the browser tests and the demo's pictures; `python -m runtime.browser --install` sees to it that there is one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge")
MAC_APPS = ("Google Chrome.app/Contents/MacOS/Google Chrome", "Chromium.app/Contents/MacOS/Chromium")
INSTALL = "apt-get install -y chromium"


def find_browser() -> Path | None:
    """A Chromium: the one `CARTWAKE_BROWSER` names, else the first on PATH, else None."""
    named = os.environ.get("CARTWAKE_BROWSER")
    if named:
        found = shutil.which(named)
        return Path(found) if found else None
    on_path = (shutil.which(name) for name in NAMES)
    apps = (str(Path("/Applications") / app) for app in MAC_APPS)
    found = next((path for path in [*on_path, *apps] if path and Path(path).exists()), None)
    return Path(found) if found else None


def ensure_browser() -> int:
    """0 when there is a browser or its absence is allowed; installs Debian's where this user may."""
    if find_browser() is None and shutil.which("apt-get") and os.geteuid() == 0:
        print("no browser found: installing chromium for the browser tests", flush=True)
        subprocess.run(["apt-get", "update", "-qq"], check=False)
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run([*INSTALL.split(), "-qq"], check=False, env=environment, stdout=subprocess.DEVNULL)
    if find_browser() is not None:
        return 0
    print(f"no browser: the browser tests are skipped. To run them: sudo {INSTALL}", file=sys.stderr)
    return 1 if os.environ.get("CI") == "true" else 0


if __name__ == "__main__":
    found = find_browser()
    raise SystemExit(ensure_browser() if "--install" in sys.argv else print(found or "no browser"))
