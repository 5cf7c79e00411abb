"""`make setup`: from a bare Python to a checkout that runs. Standard library only, since nothing is installed yet.

Four steps, each skipped when it is done: `.venv`, the locked packages, the `cartwake` command, Kafka's jars. A stamp of everything they
depend on makes the next run a matter of milliseconds, and lets it work without a network.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

from runtime import pythons

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / ".cartwake-stamp"
LOCK = ROOT / "requirements.lock"
JARS_LOCK = ROOT / "runtime" / "local" / "jars.sha256"
CHOSEN = "--this-python"  # set by `make` where PYTHON is given

# Spelled with sh, so that a checkout whose path has spaces, or is long, works too.
COMMAND = """#!/bin/sh
'''exec' "{python}" "$0" "$@"
' '''
import sys

from runtime.cli import main

sys.exit(main())
"""


class SetupError(Exception):
    """Set-up cannot go on; the message says what the person at the terminal can do."""


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def find_python(is_chosen: bool) -> str:
    """The Python to make the environment with: the one that somebody has chosen, else the quickest of the version that is found first."""
    first = pythons.first_python()
    if first is None:
        raise SetupError(
            "cartwake needs Python 3.11 or newer; this is {}.{} and no newer one is on PATH.\n"
            "  Debian 12, Ubuntu 24.04:  sudo apt-get install python3.11 python3.11-venv   (or python3 python3-venv)\n"
            "  macOS:                    brew install python@3.12\n"
            "  then: make setup PYTHON=python3.12".format(*sys.version_info[:2])
        )
    if is_chosen:
        return first
    taken = pythons.choose(first)
    if taken is not None and taken.path != first:
        say(f"  {first} is slower or has no venv module; `make setup PYTHON=...` takes the one you name")
    return taken.path if taken is not None else first


def make_venv() -> None:
    if PYTHON.exists() and (pythons.version_of(str(PYTHON)) or (0, 0)) >= pythons.OLDEST and has_pip():
        return
    say("[1/4] making .venv")
    python = find_python(is_chosen=CHOSEN in sys.argv[1:])
    major, minor = pythons.version_of(python) or pythons.OLDEST
    say(f"  with Python {major}.{minor}, {python}")
    if subprocess.run([python, "-c", "import venv, ensurepip"], stderr=subprocess.DEVNULL).returncode != 0:
        raise SetupError(
            f"{python} lacks the venv module (Debian keeps it in a package of its own).\n"
            f"  sudo apt-get install python{major}.{minor}-venv\n  then run `make setup` again"
        )
    subprocess.run([python, "-m", "venv", "--clear", str(VENV)], check=True)


def has_pip() -> bool:
    return subprocess.run([str(PYTHON), "-c", "import pip"], stderr=subprocess.DEVNULL).returncode == 0


def install_packages() -> None:
    """The locked packages, each checked against its hash; one line for each that pip has to fetch."""
    total = sum(1 for line in LOCK.read_text(encoding="utf-8").splitlines() if "==" in line and not line.startswith((" ", "#")))
    say(f"[2/4] installing {total} locked packages (some 500 MB the first time)")
    command = [str(PYTHON), "-m", "pip", "install", "--require-hashes", "--progress-bar", "off", "--disable-pip-version-check"]
    process = subprocess.Popen([*command, "-r", str(LOCK)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT)
    said: list[str] = []
    done = 0
    for line in process.stdout or ():
        said.append(line)
        if line.startswith("Collecting "):
            done += 1
            say(f"  [{done}/{total}] {line.split()[1]}")
        elif line.startswith("Installing collected"):
            say("  unpacking")
    if process.wait() != 0:
        raise SetupError("pip could not install requirements.lock:\n" + "".join(said[-15:]) + "The first `make setup` needs the network.")


def install_command() -> None:
    """`.venv/bin/cartwake`, and the checkout on the environment's path. Written by hand: no build tool, no network."""
    say("[3/4] the cartwake command")
    code = "import sysconfig; print(sysconfig.get_paths()['purelib'])"
    site = Path(subprocess.run([str(PYTHON), "-c", code], stdout=subprocess.PIPE, text=True, check=True).stdout.strip())
    (site / "cartwake.pth").write_text(f"{ROOT}\n{ROOT / 'sdk/python/src'}\n", encoding="utf-8")
    script = VENV / "bin" / "cartwake"
    script.write_text(COMMAND.format(python=PYTHON), encoding="utf-8")
    script.chmod(0o755)


def install_jars() -> None:
    say("[4/4] Kafka's jars (45 MB the first time)")
    if subprocess.run([str(PYTHON), "-m", "runtime.local.jars", "fetch"], cwd=ROOT).returncode != 0:
        raise SetupError("Kafka's jars are not complete; see the line above, then run `make setup` again")


def fingerprint() -> str:
    """Everything the four steps depend on."""
    digest = hashlib.sha256(str(ROOT).encode())
    for file in (LOCK, JARS_LOCK, Path(__file__), Path(pythons.__file__)):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def jar_names() -> list[str]:
    """As runtime.local.jars has them, which this file cannot import on an old Python."""
    coordinates = [line.split()[1].split(":") for line in JARS_LOCK.read_text(encoding="utf-8").splitlines() if line and line[0] != "#"]
    return [f"{artifact}-{version}.jar" for _, artifact, version in coordinates]


def jars_present() -> bool:
    home = Path(os.environ.get("CARTWAKE_JARS") or ROOT / ".cartwake-jars")
    return all((home / name).exists() for name in jar_names())


def is_done() -> bool:
    return PYTHON.exists() and STAMP.exists() and STAMP.read_text(encoding="utf-8") == fingerprint() and jars_present()


def main() -> int:
    if is_done():
        return 0
    started = time.monotonic()
    try:
        for step in (make_venv, install_packages, install_command, install_jars):
            step()
    except SetupError as error:
        print(f"\ncartwake: {error}", file=sys.stderr)
        return 1
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"\ncartwake: set-up failed: {error}", file=sys.stderr)
        return 1
    STAMP.write_text(fingerprint(), encoding="utf-8")
    say(f"ready after {time.monotonic() - started:.0f} s; try `make demo`, or `.venv/bin/cartwake --help`")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
