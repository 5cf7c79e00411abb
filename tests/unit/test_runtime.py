"""The command line's conventions, the stack's list, log lines, lag."""

from __future__ import annotations

import importlib
import logging
import subprocess
import sys
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest

from runtime import __version__
from runtime.cli import COMMANDS, main
from runtime.local.lag import Lag, lag_of
from runtime.local.spec import levels
from runtime.local.stack import base_specs, lane_specs
from runtime.logging import LineFormatter
from runtime.settings import Settings, SettingsError

ROOT = Path(__file__).resolve().parents[2]


def test_one_version() -> None:
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == __version__


WRITTEN = [name for name in COMMANDS if (ROOT / "runtime" / "commands" / f"{name}.py").exists()]


def test_every_command_module_is_a_command() -> None:
    assert {file.stem for file in (ROOT / "runtime" / "commands").glob("*.py")} - {"__init__"} <= set(COMMANDS)


@pytest.mark.parametrize("name", WRITTEN)
def test_every_command_keeps_the_convention(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    module = importlib.import_module(f"runtime.commands.{name}")
    assert COMMANDS[name] == module.HELP
    assert module.EXAMPLE.startswith(("cartwake ", "CARTWAKE_"))
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])
    assert ended.value.code == 0 and "examples:" in capsys.readouterr().out


def test_what_nobody_runs_is_said_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "c.toml"
    config.write_text(f'data_dir = "{tmp_path}"')
    assert main(["status", "--config", str(config)]) == 1
    assert capsys.readouterr().err.startswith("cartwake: no cartwake runs on")
    assert main([]) == 2


def test_the_stack_can_be_ordered_and_shares_no_port() -> None:
    settings = Settings()
    specs = [
        *base_specs(settings),
        *lane_specs(settings),
        *lane_specs(settings, "replay-1"),
        *lane_specs(settings, "replay-2", webhooks=False),
    ]
    first = [spec.name for spec in levels(specs)[0]]
    ports = [spec.port for spec in specs if spec.port]
    assert first == ["kafka", "warehouse"]
    assert len(ports) == len(set(ports)) and all(port < 65_536 for port in ports)
    assert not any(spec.name == "webhooks-replay-2" for spec in specs)


def test_a_lane_may_have_several_workers() -> None:
    settings = replace(Settings(), workers=4)
    specs = [*base_specs(settings), *lane_specs(settings), *lane_specs(settings, "replay-1")]
    names, ports = [spec.name for spec in specs], [spec.port for spec in specs if spec.port]
    assert [name for name in names if name.startswith("worker-live")] == ["worker-live", *(f"worker-live-{n}" for n in (2, 3, 4))]
    assert len(ports) == len(set(ports)) and len(names) == len(set(names))
    with pytest.raises(SettingsError, match="workers: 17"):
        lane_specs(replace(settings, workers=17))


@pytest.mark.parametrize("workers", ["0", "5"])
def test_more_workers_than_partitions_have_nothing_to_do(workers: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["up", "--workers", workers]) == 1
    assert f"--workers {workers}: at least 1, at most" in capsys.readouterr().err


def test_a_log_line() -> None:
    record = logging.makeLogRecord({"msg": "rows %s", "args": ("written",), "levelname": "INFO", "created": 0.0, "msecs": 7.0})
    record.fields = {"table": "carts", "why": 'a "b"', "none": ""}
    assert LineFormatter("sink").format(record) == '1970-01-01T00:00:00.007Z INFO sink rows written table=carts why="a \\"b\\"" none=""'


class Part(NamedTuple):
    topic: str
    partition: int


class Offset(NamedTuple):
    offset: int


def test_lag_counts_what_is_committed() -> None:
    offsets = {"g": {Part("events", 0): Offset(4), Part("events", 1): Offset(-1), Part("events", 2): Offset(7)}}
    ends = {Part("events", 0): 10, Part("events", 1): 5, Part("events", 2): 7}
    assert lag_of(offsets, ends) == [Lag("g", "events", 6, 2)]


def test_help_imports_none_of_the_parts() -> None:
    code = "import sys, runtime.cli; runtime.cli._parser('', None).format_help(); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    assert not {"faust", "aiokafka", "kafka", "chdb", "collector", "streams", "sinks"} & set(loaded)
