"""The house rules, read from the source: who may import whom, where the clock is read, how long a file may be."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# What each part may import beside itself. The longest name that fits a module counts. A new part needs a line here.
MAY_IMPORT: dict[str, set[str]] = {
    "schemas": set(),
    "streams.logic": {"schemas"},
    "streams": {"schemas", "runtime"},
    "collector": {"schemas", "runtime", "erasure"},
    "sinks": {"schemas", "runtime", "analytics"},
    "simulator": {"schemas", "runtime"},
    "replays": {"schemas", "runtime"},
    "runtime": {"schemas"},
    "analytics": set(),
    "erasure": {"schemas", "runtime"},
    "reconcile": {"schemas", "runtime"},
    "chaos": {"schemas", "runtime", "simulator", "sinks", "reconcile"},
}
# What puts the parts together imports them all.
ACROSS = ("runtime.cli", "runtime.commands", "runtime.local.stack")
IMPURE = {"faust", "mode", "kafka", "aiokafka", "clickhouse_connect", "chdb", "asyncio", "threading", "socket", "time"}
PURE = {"streams.logic", "analytics"}
# Files that may read the wall clock, each with the reason. Everything else takes `now_ms` as a parameter.
WALL_CLOCK: dict[str, str] = {
    "collector/serve.py": "the time of reception",
    "collector/spill/spill.py": "names its files so that they sort by age",
    "streams/agents/ticker.py": "writes the time of the live lane into its log",
    "streams/lag.py": "how long records have been waiting",
    "runtime/commands/spend.py": "which import of a day and campaign is the later one",
    "runtime/commands/unmerge.py": "when the operator said so",
    "erasure/__main__.py": "when an erasure ended, in its report",
    "runtime/commands/erase.py": "when an erasure was asked for and ended",
    "sinks/__main__.py": "the time of webhooks: signatures and due times; how old rows are when they can be queried",
    "reconcile/__main__.py": "when the last comparison ended, as a metric",
    "runtime/commands/chaos.py": "the time by which webhooks' signatures are checked",
}
NOT_SHIPPED = {"tests", "bench", "docs", "examples", "sdk", "deploy"}
MAX_LINES = 500
SOURCES = {".py", ".ts", ".js", ".mjs", ".sql", ".html", ".css", ".sh"}
# In pieces, so that this file does not find itself.
HOSTS = ["py" + "pi.org", "python" + "hosted.org", "registry." + "npmjs.org", "repo1." + "maven.org", "repo.maven." + "apache.org"]
MACHINE_PATHS = re.compile(r"(?<![\w.~/-])/(?:work" + r"/|opt/wheels|root" + r"/|home/\w+/|Users/\w+/)")


def _files() -> list[Path]:
    """Every file of the checkout that git does not ignore, new ones too."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout.decode().split("\0")
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


FILES = _files()


def _top(path: Path) -> str:
    return path.relative_to(ROOT).parts[0]


CODE = [path for path in FILES if path.suffix == ".py" and path.parent != ROOT and _top(path) not in NOT_SHIPPED]


def _module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def _under(module: str, names: tuple[str, ...] | set[str]) -> bool:
    return any(module == name or module.startswith(name + ".") for name in names)


def _imports(source: str) -> Iterator[str]:
    """Every module that the source imports, inside functions too; of `from a import b` both `a` and `a.b`."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "import by the full name, not relatively"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _part(module: str) -> str:
    """The key of MAY_IMPORT that a module belongs to."""
    fitting = [name for name in MAY_IMPORT if _under(module, {name})]
    assert fitting, f"{module}: a new part? Say in MAY_IMPORT what it may import"
    return max(fitting, key=len)


def _wrong_imports(module: str, source: str) -> list[str]:
    part = _part(module)
    own = {name.partition(".")[0] for name in MAY_IMPORT}
    allowed = MAY_IMPORT[part] | {part}
    return [name for name in _imports(source) if _under(name, own) and not _under(name, allowed) and not _under(module, ACROSS)]


def _impurities(source: str) -> list[str]:
    clocks = {"datetime.datetime", "datetime.date"} if _clock_reads(source) else set()
    return [name for name in _imports(source) if _under(name, IMPURE | clocks)]


def _clock_reads(source: str) -> list[str]:
    """Each place that reads the wall clock, as `name:line`."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, (ast.Name, ast.Attribute)):
            owner = node.value.id if isinstance(node.value, ast.Name) else node.value.attr
            if (owner, node.attr) in CLOCKS:
                found.append(f"{owner}.{node.attr}:{node.lineno}")
        elif isinstance(node, ast.ImportFrom) and node.module == "time":
            found += [f"time.{alias.name}:{node.lineno}" for alias in node.names if ("time", alias.name) in CLOCKS]
    return found


CLOCKS = {("time", "time"), ("time", "time_ns"), ("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today")}


def _is_generated(path: Path) -> bool:
    return ".gen." in path.name or path.name.endswith("_gen.py") or "dist" in path.parts


@pytest.mark.parametrize("path", CODE, ids=_module)
def test_a_part_imports_only_what_it_may(path: Path) -> None:
    assert _wrong_imports(_module(path), path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", [path for path in CODE if _part(_module(path)) in PURE], ids=_module)
def test_logic_is_pure(path: Path) -> None:
    assert _impurities(path.read_text(encoding="utf-8")) == []


def test_the_wall_clock_is_read_only_where_it_is_listed() -> None:
    reads = {str(path.relative_to(ROOT)): _clock_reads(path.read_text(encoding="utf-8")) for path in CODE}
    assert {path: found for path, found in reads.items() if found and path not in WALL_CLOCK} == {}, "take now_ms, or list the file"
    assert [path for path in WALL_CLOCK if not reads.get(path)] == [], "listed, but reads no clock"


def test_no_file_is_longer_than_500_lines() -> None:
    sources = [path for path in FILES if path.suffix in SOURCES and not _is_generated(path)]
    sizes = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in sources}
    assert {path: lines for path, lines in sizes.items() if lines > MAX_LINES} == {}


def test_set_up_needs_nothing_but_python() -> None:
    """It runs before there is an environment."""
    for file, ours in (("bootstrap", {"runtime", "runtime.pythons"}), ("pythons", set())):
        imported = set(_imports((ROOT / f"runtime/{file}.py").read_text(encoding="utf-8")))
        assert {name for name in imported - ours if name.partition(".")[0] not in sys.stdlib_module_names} == set()


def test_no_file_names_a_package_host_or_a_path_of_one_machine() -> None:
    found = []
    for path in FILES:
        for number, line in enumerate(path.read_bytes().decode(errors="replace").splitlines(), 1):
            if any(host in line for host in HOSTS) or MACHINE_PATHS.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line[:120]}")
    assert found == []


def test_the_wheel_takes_every_package_of_the_tree() -> None:
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    shipped = {name.removesuffix("*") for name in tool["setuptools"]["packages"]["find"]["include"]}
    tree = {_top(path) for path in CODE}
    assert shipped == tree, "correct [tool.setuptools.packages.find] in pyproject.toml"
    assert tree - set(tool["mypy"]["files"]) == set(), "add it to [tool.mypy] files in pyproject.toml"


def test_every_folder_of_modules_is_a_package() -> None:
    assert {str(path.parent.relative_to(ROOT)) for path in CODE if not (path.parent / "__init__.py").exists()} == set()


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("schemas.rows", "import streams.logic.carts"),
        ("streams.logic.carts", "from streams.pipeline import Pipeline"),
        ("streams.logic.carts", "from runtime import settings"),
        ("streams.logic.carts", "def f():\n    from streams import pipeline"),
        ("collector.app", "from streams.logic.clean import clean"),
        ("sinks.warehouse", "import collector"),
        ("runtime.local.kafka", "from sinks.migrate import migrate"),
    ],
)
def test_a_wrong_import_is_found(module: str, source: str) -> None:
    assert _wrong_imports(module, source) != []


@pytest.mark.parametrize("module", ["runtime.commands.up", "runtime.cli", "runtime.local.stack"])
def test_what_puts_the_parts_together_may_import_them(module: str) -> None:
    assert _wrong_imports(module, "from sinks.warehouse import main") == []


@pytest.mark.parametrize(
    "source",
    [
        "import time",
        "from asyncio import sleep",
        "import kafka.admin",
        "import aiokafka as a",
        "from datetime import datetime\ndatetime.now()",
    ],
)
def test_an_impurity_is_found(source: str) -> None:
    assert _impurities(source) != []


@pytest.mark.parametrize(
    "source",
    ["import time\ntime.time()", "import time\nclock = time.time_ns", "from time import time", "import datetime\ndatetime.datetime.now()"],
)
def test_a_read_of_the_wall_clock_is_found(source: str) -> None:
    assert _clock_reads(source) != []


def test_a_monotonic_clock_is_no_wall_clock() -> None:
    assert _clock_reads("import time\ntime.monotonic()") == []


@pytest.mark.parametrize("line", ["see /work" + "/main/x", "'/home/ada" + "/x'", "--find-links /opt" + "/wheels"])
def test_a_path_of_one_machine_is_found(line: str) -> None:
    assert MACHINE_PATHS.search(line)


@pytest.mark.parametrize("line", ["/opt/kafka/bin", "docs/work/x", "https://shop.example/home/sale"])
def test_other_paths_are_left_alone(line: str) -> None:
    assert MACHINE_PATHS.search(line) is None
