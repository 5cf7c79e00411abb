"""Events that wait on disk: across outages, the end of the program, kill -9, and other processes beside it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fake_collector import FakeCollector, Reply

from cartwake import Client, NotSent
from cartwake.policy import Policy
from cartwake.spool import Segment, Spool

MakeClient = Callable[..., Client]
SRC = Path(__file__).parent.parent / "src"
CHILD = """
import os, sys
import cartwake
cartwake.init("k", sys.argv[1], spool_dir=sys.argv[2], flush_interval_s=0.02, retry_base_s=0.02)
for number in range(int(sys.argv[3])):
    cartwake.track(f"e{number}", user_id="ana", message_id=f"{sys.argv[4]}{number}")
print("kept", flush=True)
sys.stdin.read()
"""


def child(collector: FakeCollector, folder: Path, count: int, name: str) -> subprocess.Popen[str]:
    """A process whose calls have returned, and that does nothing more."""
    command = [sys.executable, "-c", CHILD, collector.url, str(folder), str(count), name]
    started = subprocess.Popen(
        command, env={**os.environ, "PYTHONPATH": str(SRC)}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert started.stdout is not None and started.stdout.readline() == "kept\n"
    return started


def kill(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.communicate()


def ids(messages: list[dict[str, Any]]) -> list[str]:
    return [message["messageId"] for message in messages]


def told(collector: FakeCollector) -> list[str]:
    """Each id once: what a killed process had under way may arrive late, and is then known by its id."""
    return list(dict.fromkeys(ids(collector.stored)))


def test_a_killed_process_loses_nothing(collector: FakeCollector, make_client: MakeClient, tmp_path: Path) -> None:
    collector.usual = Reply(503)
    kill(child(collector, tmp_path, 700, "a"))
    collector.usual = Reply()
    client = make_client(spool_dir=str(tmp_path))
    assert client.flush(10)
    assert told(collector) == [f"a{number}" for number in range(700)]
    client.close(1)
    assert list(tmp_path.iterdir()) == []


def test_what_was_acknowledged_is_not_sent_again(collector: FakeCollector, make_client: MakeClient, tmp_path: Path) -> None:
    process = child(collector, tmp_path, 3, "a")
    collector.wait_for_stored(3)
    process.communicate("")  # its end flushes
    assert make_client(spool_dir=str(tmp_path)).flush(5)
    assert ids(collector.stored) == ["a0", "a1", "a2"]


def test_processes_share_a_folder_and_leave_each_others_files(collector: FakeCollector, make_client: MakeClient, tmp_path: Path) -> None:
    collector.usual = Reply(503)
    living, dead = child(collector, tmp_path, 2, "living"), child(collector, tmp_path, 2, "dead")
    kill(dead)
    collector.requests.clear()
    collector.usual = Reply()
    client = make_client(spool_dir=str(tmp_path))
    assert client.flush(5)
    living.communicate("")
    assert sorted(told(collector)) == ["dead0", "dead1", "living0", "living1"]


def test_the_end_in_an_outage_leaves_events_for_the_next_start(collector: FakeCollector, make_client: MakeClient, tmp_path: Path) -> None:
    collector.usual = Reply(503)
    errors: list[NotSent] = []
    first = make_client(spool_dir=str(tmp_path), on_error=lambda error, _: errors.append(error))
    first.track("e", user_id="ana", message_id="m1")
    collector.wait_for_requests(1)
    assert not first.close(0.05)
    assert (first.dropped, errors) == (0, [])
    for thread in [each for each in threading.enumerate() if each.name == "cartwake"]:  # a request under way cannot be called back
        thread.join(10)
    collector.usual = Reply()
    assert make_client(spool_dir=str(tmp_path)).flush(5)
    assert ids(collector.stored) == ["m1"]


def test_an_event_that_was_cut_off_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "1-1-a.ndjson").write_bytes(b'{"whole":1}\n{"whole":2}\n{"ha')
    (tmp_path / "1-1-a.done").write_text("12")
    spool = Spool(tmp_path, Policy())
    assert (len(spool), spool.take(1000)) == (1, [b'{"whole":2}'])
    spool.settle()
    assert list(tmp_path.iterdir()) == []


def test_above_the_limit_the_oldest_go_and_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cartwake.spool.SEGMENT_BYTES", 100)
    spool = Spool(tmp_path, Policy(spool_max_bytes=300))
    events = [b"%030d" % number for number in range(20)]
    gone = [event for event in events for event in spool.put(event)]
    kept = []
    while batch := spool.take(10_000):
        kept += batch
        spool.settle()
    assert gone + kept == events
    assert gone and sum(map(len, kept)) <= 300


def test_when_the_disk_is_full_memory_takes_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool = Spool(tmp_path, Policy())
    assert spool.put(b"1") == []

    def full(segment: Segment, line: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Segment, "append", full)
    assert spool.put(b"2") == []
    assert len(spool) == 2
    assert [spool.take(100), spool.take(100)] == [[b"1"], [b"2"]]
    assert spool.clear() == [b"2"], "in flight, and nowhere but in memory"


def test_a_fork_has_a_file_of_its_own(collector: FakeCollector, make_client: MakeClient, tmp_path: Path) -> None:
    collector.usual = Reply(503)
    client = make_client(spool_dir=str(tmp_path))
    client.track("e", user_id="ana", message_id="parent")
    pid = os.fork()
    if pid == 0:
        client.track("e", user_id="ana", message_id="child")
        os._exit(0)
    os.waitpid(pid, 0)
    collector.usual = Reply()
    assert client.flush(5)
    assert ids(collector.stored) == ["parent"]
    client.close(1)
    assert make_client(spool_dir=str(tmp_path)).flush(5)
    assert ids(collector.stored) == ["parent", "child"]
