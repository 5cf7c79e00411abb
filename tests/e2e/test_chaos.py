"""`cartwake chaos`, short: every kind of process is killed or paused under load, and nothing is lost or doubled."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from chaos.report import MUST_BE_ZERO
from chaos.schedule import ROLES

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.timeout(300)
def test_a_short_run_loses_nothing_doubles_nothing_and_leaves_nothing_behind(tmp_path: Path) -> None:
    environ = {**os.environ, "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-m", "runtime.cli", "chaos", "--seconds", "12", "--shoppers", "60", "--days", "5", "--seed", "3"]
    command.append("--json")
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=280)
    assert done.stdout, done.stderr
    result = json.loads(done.stdout)
    assert {kind: result[kind] for kind in MUST_BE_ZERO} == dict.fromkeys(MUST_BE_ZERO, 0), result["differences"]
    assert (done.returncode, result["well"]) == (0, True), result
    assert {*result["kills"], *result["pauses"]} == set(ROLES)
    assert result["workers_added"] and result["workers_removed"]
    assert result["acknowledged"] > 800 and result["stored"] > 800 and result["deliveries"] > 0
    assert list(tmp_path.iterdir()) == []
