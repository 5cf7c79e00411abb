"""`cartwake replay --from-warehouse` and `--from-topic`: the derived tables anew, equal; damage is gone after the swap."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from reconcile.job import job_of
from reconcile.run import Reconciliation
from runtime.query import command, query, stream
from runtime.settings import to_env
from tests.e2e.replaying import MADE_UP, ROOT, Replaying, made_up_log, stack_in

pytestmark = pytest.mark.timeout(300)
ROWS = {
    "carts": "SELECT * EXCEPT (lane, version) FROM carts_now WHERE lane = {lane:String} ORDER BY ALL",
    "sessions": "SELECT * EXCEPT (lane, version) FROM sessions_now WHERE lane = {lane:String} ORDER BY ALL",
    "triggers": "SELECT * EXCEPT (lane, version) FROM triggers_now WHERE lane = {lane:String} ORDER BY ALL",
    "identities": "SELECT id, person_id FROM identities_now WHERE lane = {lane:String} ORDER BY ALL",
}


@pytest.fixture(scope="module")
def replaying(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replaying]:
    with stack_in(tmp_path_factory.mktemp("stack")) as found:
        file = tmp_path_factory.mktemp("log") / "log.csv"
        file.write_text(made_up_log(150))
        found.run(str(file), *MADE_UP, "--lane", "first")
        yield found


def rebuilt(replaying: Replaying, *arguments: str) -> dict[str, Any]:
    line = [sys.executable, "-m", "runtime.cli", "replay", *arguments, "--json"]
    environ = {**os.environ, **to_env(replaying.settings)}
    done = subprocess.run(line, cwd=ROOT, env=environ, text=True, capture_output=True, timeout=200)
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout) if done.stdout.startswith("{") else {}
    return found


def differing(replaying: Replaying, lane: str) -> dict[str, int]:
    report = Reconciliation(job_of(replaying.settings, lane), partial(stream, replaying.settings)).run()
    return {verdict.subject: verdict.differing for verdict in report.verdicts if verdict.differing}


def rows(replaying: Replaying, lane: str) -> dict[str, Any]:
    return {name: query(replaying.settings, sql, {"lane": lane}) for name, sql in ROWS.items()}


@pytest.mark.parametrize("source", ["warehouse", "topic"])
def test_the_same_comes_out_and_nothing_is_exchanged_unasked(replaying: Replaying, source: str) -> None:
    before = rows(replaying, "first")
    found = rebuilt(replaying, f"--from-{source}", "--lane", "first", "--into", f"by-{source}")
    assert (found["swapped"], found["problems"]) == (False, [])
    tables = {each["table"]: each for each in found["tables"]}
    assert tables["events"]["before"] == tables["events"]["rebuilt"] > 900
    assert {name: (each["only_before"], each["only_rebuilt"]) for name, each in tables.items()} == dict.fromkeys(tables, (0, 0))
    assert tables["carts"]["rebuilt"] > 50 and tables["sessions"]["rebuilt"] > 50 and tables["triggers"]["rebuilt"] > 50
    assert rows(replaying, "first") == before
    assert differing(replaying, f"by-{source}") == {}


def test_damage_is_gone_after_the_swap_and_the_old_stays_until_it_is_dropped(replaying: Replaying, tmp_path: Path) -> None:
    settings = replaying.settings
    before = rows(replaying, "first")
    others = query(settings, "SELECT count() FROM carts_now WHERE lane = 'by-topic'")
    command(settings, "ALTER TABLE carts DELETE WHERE lane = 'first' AND status = 'ordered' SETTINGS mutations_sync = 2")
    command(settings, "ALTER TABLE sessions UPDATE channel = 'moon' WHERE lane = 'first' SETTINGS mutations_sync = 2")
    assert differing(replaying, "first").keys() == {"carts", "sessions"}
    found = rebuilt(replaying, "--from-warehouse", "--lane", "first", "--into", "shadow", "--swap")
    assert (found["swapped"], found["problems"]) == (True, [])
    assert differing(replaying, "first") == {}
    assert rows(replaying, "first") == before
    assert query(settings, "SELECT count() FROM carts_now WHERE lane = 'by-topic'") == others
    kept = query(settings, "SELECT count() FROM sessions__before WHERE lane = 'first' AND channel = 'moon'")
    assert kept[0][0] > 0
    again = [sys.executable, "-m", "runtime.cli", "replay", "--from-warehouse", "--lane", "first", "--into", "second", "--swap"]
    refused = subprocess.run(again, cwd=ROOT, env={**os.environ, **to_env(settings)}, text=True, capture_output=True, timeout=200)
    assert refused.returncode == 1 and "--drop-old" in refused.stderr
    rebuilt(replaying, "--drop-old", "--lane", "first", "--into", "shadow")
    assert query(settings, "SELECT name FROM system.tables WHERE database = currentDatabase() AND endsWith(name, '__before')") == []
    assert query(settings, "SELECT count() FROM events WHERE lane = 'shadow'") == [(0,)]
    assert rows(replaying, "first") == before
