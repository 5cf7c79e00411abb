"""The parts of the supervisor that need no process: ports, the lock, back-off, order, logs, the socket's path, jars."""

from __future__ import annotations

import hashlib
import os
import socket
from pathlib import Path

import pytest

from runtime import bootstrap
from runtime.local.backoff import Backoff, BackoffPolicy
from runtime.local.control import PATH_LIMIT_BYTES, socket_path
from runtime.local.jars import Jar, JarError, classpath, read_lock, verify
from runtime.local.lockfile import AlreadyRunningError, DataLock
from runtime.local.logfiles import rotate
from runtime.local.ports import PortTakenError, free_port, is_free, require_free
from runtime.local.progress import silent
from runtime.local.spec import ProcessSpec, levels
from runtime.local.supervisor import Supervisor


def test_a_free_port_is_free() -> None:
    assert is_free("127.0.0.1", free_port())


def test_the_holder_of_a_port_is_named() -> None:
    with socket.socket() as mine:
        mine.bind(("127.0.0.1", 0))
        mine.listen()
        port = mine.getsockname()[1]
        with pytest.raises(PortTakenError, match=rf"kafka needs 127.0.0.1:{port}.*pid {os.getpid()}"):
            require_free("127.0.0.1", port, "kafka")


def test_the_lock_refuses_a_second_holder_and_names_the_first(tmp_path: Path) -> None:
    with DataLock(tmp_path), pytest.raises(AlreadyRunningError, match=f"pid {os.getpid()}"):
        DataLock(tmp_path).acquire()
    with DataLock(tmp_path):
        pass  # free again


def test_back_off_doubles_up_to_a_limit_and_starts_over_after_a_stable_while() -> None:
    backoff = Backoff(BackoffPolicy(first_s=1, factor=2, most_s=5, stable_s=20))
    assert [backoff.died(0.1) for _ in range(4)] == [1, 2, 4, 5]
    assert backoff.died(20) == 1
    assert backoff.died(19.9) == 2


def spec(name: str, *needs: str) -> ProcessSpec:
    return ProcessSpec(name, ["true"], needs=needs)


def test_levels_follow_needs() -> None:
    found = levels(
        [spec("sink", "topics", "migrate"), spec("kafka"), spec("topics", "kafka"), spec("warehouse"), spec("migrate", "warehouse")]
    )
    assert [[each.name for each in level] for level in found] == [["kafka", "warehouse"], ["topics", "migrate"], ["sink"]]


def test_levels_refuse_what_cannot_start() -> None:
    with pytest.raises(ValueError, match="nothing is called kafka"):
        levels([spec("topics", "kafka")])
    with pytest.raises(ValueError, match="circle"):
        levels([spec("a", "b"), spec("b", "a")])


def test_logs_of_the_last_starts_are_kept(tmp_path: Path) -> None:
    for number in range(6):
        rotate(tmp_path / "x.log").write_text(str(number))
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == {"x.log": "5", "x.log.1": "4", "x.log.2": "3", "x.log.3": "2"}


def test_a_long_data_folder_still_has_a_socket(tmp_path: Path) -> None:
    long = tmp_path / ("x" * 120)
    assert len(os.fsencode(socket_path(long))) <= PATH_LIMIT_BYTES
    assert socket_path(long) == socket_path(long) != socket_path(tmp_path / ("y" * 120))


def test_the_jar_lock_is_whole() -> None:
    jars = read_lock()
    versions = {jar.coordinate.split(":")[2] for jar in jars if jar.coordinate.startswith("org.apache.kafka:")}
    assert len(versions) == 1, "all of Kafka's own jars are of one version"
    assert len({jar.file_name for jar in jars}) == len(jars)
    assert all(len(jar.sha256) == 64 for jar in jars)


def test_a_changed_jar_is_named_and_removed(tmp_path: Path) -> None:
    file = tmp_path / "thing-1.jar"
    file.write_bytes(b"good")
    good = Jar(hashlib.sha256(b"good").hexdigest(), "some.group:thing:1")
    verify(good, file)
    file.write_bytes(b"evil")
    with pytest.raises(JarError, match=r"thing-1\.jar"):
        verify(good, file)
    assert not file.exists()


def test_a_missing_jar_is_named(tmp_path: Path) -> None:
    with pytest.raises(JarError, match=r"\.jar is missing.*make setup"):
        classpath(tmp_path)


def test_set_up_looks_for_the_same_jars() -> None:
    assert bootstrap.jar_names() == [jar.file_name for jar in read_lock()]


def test_a_process_that_is_added_while_the_status_is_asked_does_not_break_the_answer(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path, [], say=silent)

    class Asked:
        def status(self) -> dict[str, str]:
            supervisor._processes["late"] = self  # type: ignore[assignment]  # as another thread would
            return {"name": "first"}

    supervisor._processes["first"] = Asked()  # type: ignore[assignment]
    assert supervisor.status() == [{"name": "first"}]
