"""`cartwake demo`, as a newcomer types it: real Kafka, real warehouse, every process; it ends by itself and leaves nothing behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from runtime.local.ports import is_free
from runtime.settings import Settings
from runtime.showcase import specs
from tests.e2e.replaying import free_ports

ROOT = Path(__file__).resolve().parents[2]


def ports() -> dict[str, int]:
    """Free ones; those of metrics follow the collector's."""
    names = ("warehouse", "collector", "shop", "receiver", "kafka")
    return dict(zip(names, free_ports(len(names)), strict=True))


@pytest.mark.timeout(300)
def test_the_demo_ends_with_every_line_equal_and_leaves_nothing_running(tmp_path: Path) -> None:
    chosen = ports()
    environ = {**os.environ, **{f"CARTWAKE_{name.upper()}_PORT": str(port) for name, port in chosen.items() if name != "kafka"}}
    environ["CARTWAKE_KAFKA_BOOTSTRAP"] = f"127.0.0.1:{chosen['kafka']}"
    command = [sys.executable, "-m", "runtime.cli", "demo", "--seconds", "8", "--shoppers", "100", "--json", "--data-dir", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=280)
    assert done.stdout, done.stderr
    result = json.loads(done.stdout)
    assert [line for line in result["lines"] if not line["equal"]] == []
    assert (done.returncode, result["equal"]) == (0, True)
    measures = {line["measure"]: line["truth"] for line in result["lines"]}
    assert measures["events stored"] > 1_000
    assert measures["carts abandoned"] > 0
    assert measures["webhooks delivered (distinct) = triggers to send"] > 0
    assert "abandoned" in done.stderr
    settings = Settings(data_dir=str(tmp_path), collector_port=chosen["collector"], shop_port=chosen["shop"])
    used = [spec.port for spec in specs(settings) if spec.port and spec.name not in ("kafka", "warehouse", "receiver")]
    assert [port for port in [*used, *chosen.values()] if not is_free("127.0.0.1", port)] == []
