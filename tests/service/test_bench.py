"""`cartwake bench` on a real Kafka, with a real worker, a real sink and a real ClickHouse."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench import multiply, page_report, queries
from runtime.browser import find_browser
from sinks.document import read_headers

ROOT = Path(__file__).resolve().parents[2]


def bench(folder: Path, *arguments: str, what: str = "streams") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "runtime.cli", "bench", what, "--cache", str(folder), *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


@pytest.mark.timeout(180)
def test_a_small_run_measures_and_finds_all_outputs_equal(tmp_path: Path) -> None:
    arguments = ("--events", "1500", "--partitions", "2", "--only", "throughput", "--only", "limit", "--json")
    done = bench(tmp_path, *arguments)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["outputs_equal"] is True and found["differences"] == {"memory": 0, "doubled": 0}
    assert found["events"] == 1500 and found["events_per_s"] > 0 and found["transactions"] > 0
    assert found["limit_events_per_s"] > found["events_per_s"]
    assert 0 < found["share_of_limit"] < 1
    assert found["machine"]["cores"] >= 1 and found["versions"]["kafka"]
    assert "1,500 events through 1 worker" in done.stderr


def test_an_unknown_part_is_refused_before_anything_starts(tmp_path: Path) -> None:
    done = bench(tmp_path, "--only", "speed")
    assert done.returncode == 2
    assert "speed: no such part; there are throughput" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.timeout(240)
def test_a_small_run_of_the_sink_measures_both_ways(tmp_path: Path) -> None:
    done = bench(tmp_path, "--events", "1500", "--partitions", "2", "--only", "throughput", "--json", what="sink")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["rows"] == 1500 and found["rows_per_s"] > 0 and found["raw_insert_rows_per_s"] > 0
    assert found["ratio_raw_insert"] in found["ratio_raw_insert_rounds"]
    assert found["sink_rss_bytes"] > 0 and found["versions"]["chdb"]


@pytest.mark.timeout(180)
def test_a_small_run_of_the_collector_measures_it_beside_its_server_and_a_producer(tmp_path: Path) -> None:
    done = bench(tmp_path, "--events", "1500", "--partitions", "2", "--json", what="collector")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    for name in ("batched", "single", "http_limit_single", "http_limit_batched", "producer_limit"):
        assert found[f"{name}_events_per_s"] > 0 and found[f"{name}_events_per_cpu_s"] > 0, name
    assert found["p99_ms_at_half_load"] >= found["p50_ms_at_half_load"] > 0
    # Each side is measured for a moment: which is quicker is not told.
    assert found["share_of_http_limit"] == round(found["single_events_per_s"] / found["http_limit_single_events_per_s"], 3)
    assert found["share_of_producer_limit"] == round(found["batched_events_per_s"] / found["producer_limit_events_per_s"], 3)
    assert found["collector_rss_bytes"] > 10_000_000


@pytest.mark.timeout(240)
def test_a_small_run_of_the_queries_asks_every_view_and_both_funnels(tmp_path: Path) -> None:
    done = bench(tmp_path, "--events", "3000", "--json", what="queries")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["events"] >= 2500
    assert found["funnel_persons"] == found["handwritten_persons"]
    first, *_, last = found["funnel_persons"]
    assert first > last > 0
    assert found["funnel_ratio_handwritten"] > 0 and found["warehouse_rss_bytes"] > 0
    assert set(found["view_ms"]) == {header.view for header in read_headers()}
    assert found["slowest_view_ms"] == max(found["view_ms"].values())
    assert set(found["board_ms"]) == {"events", "rejected", "carts", "webhooks", "funnel"}
    assert found["slowest_board_ms"] == max(found["board_ms"].values()) > 0


@pytest.mark.timeout(240)
def test_a_warehouse_is_filled_by_copies_with_persons_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(multiply, "BASE_EVENTS", 1000)
    found = queries.measure(tmp_path, 3000, lambda text: None, ("funnel",))
    monkeypatch.setattr(multiply, "BASE_EVENTS", 3000)
    (tmp_path / "single").mkdir()
    single = queries.measure(tmp_path / "single", 1000, lambda text: None, ("funnel",))
    assert found["events"] == 3 * single["events"]
    assert found["funnel_persons"] == found["handwritten_persons"] == [3 * persons for persons in single["funnel_persons"]]


@pytest.mark.timeout(240)
@pytest.mark.skipif(find_browser() is None, reason="no browser")
def test_a_page_is_loaded_after_an_outage_and_everything_of_it_is_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_report, "LOADS", 1)
    said: list[str] = []
    found = page_report.run(120, 1, tmp_path, said.append, page_report.PARTS)
    assert len(said) == 2 and found["stored_events"] == 120
    for name in ("empty", "fresh", "queued"):
        assert found[name]["longest_task_ms"] > 0 and found[name]["observed_long_tasks"] >= 0
    assert found["queued"]["track_ms"] > 0 and found["measured_slowdown"] > 0
