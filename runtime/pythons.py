"""Which of a machine's Pythons `make setup` takes. Standard library only, in words that an old Python understands.

A worker's speed is its interpreter's: builds of the same version differ by 10 to 20 % (docs/decisions/stream-speed.md). What a build was
compiled with can't be asked (Debian's does not say), so a short piece of work is timed.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass

OLDEST = (3, 11)
NAMES = ("python3.13", "python3.12", "python3.11", "python3")
MIN_GAIN = 0.95  # of the first one's time; less than that may be noise, and is not worth a surprise
_ROUNDS = 5  # by turns: whatever else the machine does meanwhile hits all of them
_TIMEOUT_S = 30

# What a worker's logic is made of: attributes, dictionaries, calls, small lists, text. The best of a few, in s.
_WORK = """
import json, sys, time

class Person:
    __slots__ = ("count", "name", "last")
    def __init__(self, name):
        self.count, self.name, self.last = 0, name, []
    def visit(self, number):
        self.count += number
        self.last.append(number)
        if len(self.last) > 8:
            del self.last[:4]

def work():
    persons = {}
    for number in range(20000):
        name = "p%d" % (number % 997)
        person = persons.get(name)
        if person is None:
            person = persons[name] = Person(name)
        person.visit(number & 7)
    return max((person.count, person.name) for person in persons.values())

def seconds():
    began_s = time.perf_counter()
    work()
    return time.perf_counter() - began_s

import ensurepip, sysconfig, venv
if sys.implementation.name != "cpython" or sysconfig.get_config_var("Py_GIL_DISABLED"):
    sys.exit("the locked packages are not built for it")
print(json.dumps([list(sys.version_info[:2]), sys.base_prefix, min(seconds() for _ in range(5))]))
"""


@dataclass(frozen=True)
class Interpreter:
    path: str
    version: tuple[int, int]
    home: str
    """Where its library is: the same for all names of one interpreter."""
    work_s: float
    """Time of the piece of work above."""


def version_of(python: str) -> tuple[int, int] | None:
    """(major, minor) of an interpreter, or None if it does not run (pyenv leaves shims of versions that are switched off)."""
    out = _ask(python, "import sys; print(*sys.version_info[:2])").split()
    return (int(out[0]), int(out[1])) if len(out) == 2 else None


def look(python: str) -> Interpreter | None:
    """None where it does not run, can't make an environment, or is none that the locked packages are built for (PyPy, free threads)."""
    told = _ask(python, _WORK)
    if not told:
        return None
    version, home, work_s = json.loads(told)
    return Interpreter(python, (version[0], version[1]), home, work_s)


def _ask(python: str, code: str) -> str:
    try:
        return subprocess.run(
            [python, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=_TIMEOUT_S, check=True, text=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return ""


def first_python() -> str | None:
    """This interpreter if it is new enough, else the newest one on PATH that is."""
    if sys.version_info[:2] >= OLDEST:
        return sys.executable
    for name in NAMES:
        path = shutil.which(name)
        if path and (version_of(path) or (0, 0)) >= OLDEST:
            return path
    return None


def siblings(version: tuple[int, int]) -> list[str]:
    """All interpreters on PATH that are called like one of that version, in PATH's order, each file once."""
    found: dict[str, str] = {}
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        for name in ("python" + ".".join(map(str, version)), "python3"):
            path = os.path.join(folder, name)
            if os.path.isfile(path) and os.access(path, os.X_OK):
                found.setdefault(os.path.realpath(path), path)
    return list(found.values())


def quickest(found: list[Interpreter]) -> Interpreter:
    """The first one, unless another is quicker by more than noise. No I/O."""
    first, best = found[0], min(found, key=lambda each: each.work_s)
    return best if best.work_s < MIN_GAIN * first.work_s else first


def choose(python: str) -> Interpreter | None:
    """The quickest of `python` and the others of its version on PATH, of those that can make an environment; None where none can."""
    version = version_of(python)
    found: dict[str, Interpreter] = {}
    for path in (python, *siblings(version)) if version else ():
        one = look(path)
        if one is not None and one.version == version:
            found.setdefault(one.home, one)
    for _ in range(_ROUNDS if len(found) > 1 else 0):
        for home, one in found.items():
            again = look(one.path)
            if again is not None and again.work_s < one.work_s:
                found[home] = again
    return quickest(list(found.values())) if found else None
