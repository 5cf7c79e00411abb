"""Real child processes, small ones: restart, order, and nothing left behind."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from runtime.local.control import Control, ControlError, socket_path
from runtime.local.ports import PortTakenError, free_port
from runtime.local.probes import http_ready
from runtime.local.process import StartError
from runtime.local.progress import silent
from runtime.local.spec import ProcessSpec
from runtime.local.supervisor import Supervisor
from tests.waiting import eventually, until

ROOT = Path(__file__).resolve().parents[2]
SLEEP = "import time; time.sleep(600)"
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
PARENT = f"import subprocess, sys; child = subprocess.Popen([sys.executable, '-c', {SLEEP!r}]); print(child.pid, flush=True); child.wait()"


def python(code: str) -> list[str]:
    return [sys.executable, "-S", "-c", code]


def web(name: str, port: int, needs: tuple[str, ...] = ()) -> ProcessSpec:
    """A process that answers HTTP."""
    argv = [sys.executable, "-S", "-m", "http.server", str(port), "--bind", "127.0.0.1"]
    return ProcessSpec(name, argv, ready=http_ready(f"http://127.0.0.1:{port}/"), port=port, needs=needs)


def gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:  # it may go between two looks
        return True


async def test_it_starts_in_order_and_stops_everything(tmp_path: Path) -> None:
    said: list[str] = []
    step = ProcessSpec("step", python("print('made')"), step=True, needs=["web"])
    specs = [ProcessSpec("last", python(SLEEP), needs=["step"]), step, web("web", free_port())]
    async with Supervisor(tmp_path, specs, say=lambda name, text: said.append(f"{name} {text.split()[0]}")) as supervisor:
        assert said == ["web ready", "step done", "last ready"]
        rows = {row["name"]: row for row in supervisor.status()}
        pids = [row["pid"] for row in rows.values() if row["pid"]]
        assert len(pids) == 2 and rows["web"]["rss_bytes"] > 0 and rows["step"]["state"] == "done"
        assert (tmp_path / "logs" / "step.log").read_text() == "made\n"
    assert all(gone(pid) for pid in pids)
    assert not (tmp_path / "control.sock").exists()


async def test_what_dies_is_started_again(tmp_path: Path) -> None:
    async with Supervisor(tmp_path, [web("web", free_port())], say=silent) as supervisor:
        killed = supervisor.kill("web")
        await eventually(lambda: supervisor.status()[0]["state"] == "ready" and supervisor.status()[0]["pid"] != killed)
        assert supervisor.status()[0]["restarts"] == 1


async def test_a_signal_reaches_the_process_and_what_it_started(tmp_path: Path) -> None:
    async with Supervisor(tmp_path, [ProcessSpec("parent", python(PARENT))], say=silent) as supervisor:
        child = int(await eventually(lambda: (tmp_path / "logs" / "parent.log").read_text().strip()))
        pid = supervisor.signal("parent", signal.SIGSTOP)
        assert supervisor.pid("parent") == pid
        await eventually(lambda: {psutil.Process(each).status() for each in (pid, child)} == {psutil.STATUS_STOPPED})
        supervisor.signal("parent", signal.SIGCONT)
        await eventually(lambda: psutil.STATUS_STOPPED not in {psutil.Process(each).status() for each in (pid, child)})
        supervisor.signal("parent", signal.SIGTERM)
        await eventually(lambda: gone(pid) and gone(child) and supervisor.pid("parent") not in (0, pid))
        await eventually(lambda: supervisor.states() == {"parent": "ready"})
        assert supervisor.status()[0]["restarts"] == 1


async def test_what_cannot_start_is_said_with_the_end_of_its_log(tmp_path: Path) -> None:
    specs = [
        ProcessSpec("broken", python("raise SystemExit('no such table')"), step=True),
        ProcessSpec("after", python(SLEEP), needs=["broken"]),
    ]
    with pytest.raises(StartError, match=r"broken did not start[\s\S]*no such table"):
        await Supervisor(tmp_path, specs, say=silent).start()
    async with Supervisor(tmp_path, [], say=silent):
        pass  # nothing is held


async def test_a_process_that_does_not_listen_to_sigterm_is_killed_with_its_children(tmp_path: Path) -> None:
    specs = [ProcessSpec("deaf", python(DEAF)), ProcessSpec("parent", python(PARENT))]
    supervisor = Supervisor(tmp_path, specs, say=silent, stop_within_s=1.0)
    await supervisor.start()
    grandchild = int(await eventually(lambda: (tmp_path / "logs" / "parent.log").read_text().strip()))
    await eventually(lambda: "deaf" in (tmp_path / "logs" / "deaf.log").read_text())
    started_s = time.monotonic()
    await supervisor.stop()
    assert 1.0 <= time.monotonic() - started_s < 8
    await eventually(lambda: gone(grandchild))


async def test_a_second_start_is_refused(tmp_path: Path) -> None:
    async with Supervisor(tmp_path, [], say=silent):
        with pytest.raises(RuntimeError, match=f"in use by another cartwake .pid {os.getpid()}"):
            await Supervisor(tmp_path, [], say=silent).start()


async def test_a_port_that_is_taken_names_its_holder(tmp_path: Path) -> None:
    with socket.socket() as mine:
        mine.bind(("127.0.0.1", 0))
        mine.listen()
        with pytest.raises(PortTakenError, match=f"web needs .* pid {os.getpid()}".replace("pid", ".pid")):
            await Supervisor(tmp_path, [web("web", mine.getsockname()[1])], say=silent).start()


def test_a_supervisor_that_does_not_answer_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runtime.local.control.ANSWER_TIMEOUT_S", 0.2)
    with socket.socket(socket.AF_UNIX) as deaf:
        deaf.bind(str(socket_path(tmp_path)))
        deaf.listen()
        with pytest.raises(ControlError, match=f"{tmp_path} has not answered within .*: status"):
            Control(tmp_path).status()


async def test_the_control_socket(tmp_path: Path) -> None:
    control, port = Control(tmp_path), free_port()
    with pytest.raises(ControlError, match="no cartwake runs"):
        await asyncio.to_thread(control.status)
    async with Supervisor(tmp_path, [], say=silent):
        asked = {"name": "late", "argv": list(web("late", port).argv), "env": {"OWN": "1"}, "ready_url": f"http://127.0.0.1:{port}/"}
        await asyncio.to_thread(control.start, asked)
        rows = await asyncio.to_thread(control.status)
        assert [(row["name"], row["state"]) for row in rows] == [("late", "ready")]
        assert await asyncio.to_thread(control.kill, "late") == rows[0]["pid"]
        await asyncio.to_thread(control.stop, "late")
        assert (await asyncio.to_thread(control.status))[0]["state"] == "stopped"
        started = await asyncio.to_thread(control.spec, "late")
        assert started == {**asked, "needs": [], "step": False, "port": None}
        await asyncio.to_thread(control.start, started)
        assert (await asyncio.to_thread(control.status))[0]["state"] == "ready"
        with pytest.raises(ControlError, match="nothing is called ghost"):
            await asyncio.to_thread(control.stop, "ghost")


@contextmanager
def supervisor_process(folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], list[int]]]:
    """A supervisor in a process of its own, with the pids of all that it started."""
    code = f"""
import asyncio, pathlib
from runtime.local.spec import ProcessSpec
from runtime.local.supervisor import Supervisor
specs = [ProcessSpec("deaf", {python(DEAF)!r}), ProcessSpec("parent", {python(PARENT)!r})]
asyncio.run(Supervisor(pathlib.Path({str(folder)!r}), specs, stop_within_s=1.0).run())
"""
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stderr=subprocess.PIPE) as process:
        try:
            family = psutil.Process(process.pid)
            until(lambda: len(family.children(recursive=True)) == 4, what="the guardian, two processes, a grandchild")
            until(lambda: "deaf" in (folder / "logs" / "deaf.log").read_text())
            yield process, [child.pid for child in family.children(recursive=True)]
        finally:
            process.kill()


def test_kill_9_of_the_supervisor_leaves_nothing(tmp_path: Path) -> None:
    with supervisor_process(tmp_path) as (process, pids):
        process.kill()
        process.wait()
        until(lambda: all(gone(pid) for pid in pids), what=str(pids))
    with supervisor_process(tmp_path):
        pass  # the folder can be used again


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_everything_within_ten_seconds(tmp_path: Path, number: signal.Signals) -> None:
    with supervisor_process(tmp_path) as (process, pids):
        started_s = time.monotonic()
        process.send_signal(number)
        assert process.wait(15) == 0
        assert time.monotonic() - started_s < 10
        assert all(gone(pid) for pid in pids)


def test_a_signal_during_the_start_stops_what_has_started(tmp_path: Path) -> None:
    code = f"""
import asyncio, pathlib
from runtime.local.probes import http_ready
from runtime.local.spec import ProcessSpec
from runtime.local.supervisor import Supervisor
never = ProcessSpec("never", {python(SLEEP)!r}, ready=http_ready("http://127.0.0.1:1/"))
asyncio.run(Supervisor(pathlib.Path({str(tmp_path)!r}), [never]).run())
"""
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stderr=subprocess.PIPE) as process:
        family = psutil.Process(process.pid)
        until(lambda: len(family.children()) == 2, what="the guardian and the process")
        pids = [child.pid for child in family.children()]
        process.terminate()
        assert process.wait(15) == 0
        assert all(gone(pid) for pid in pids)


def test_the_answer_is_one_json_line(tmp_path: Path) -> None:
    with supervisor_process(tmp_path), socket.socket(socket.AF_UNIX) as link:
        link.connect(str(tmp_path / "control.sock"))
        link.sendall(b'nonsense\n{"do": "status"}\n')
        lines = link.makefile("rb")
        assert json.loads(lines.readline())["ok"] is False
        assert json.loads(lines.readline())["ok"] is True
