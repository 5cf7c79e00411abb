"""Which Python set-up takes: the first one found, or one of its version that is quicker."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from runtime import bootstrap, pythons
from runtime.pythons import Interpreter, choose, first_python, look, quickest, siblings, version_of


def made(folder: Path, name: str, work_s: float, version: tuple[int, int] = (3, 11), home: str = "") -> str:
    """A program that answers as an interpreter does."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    told = json.dumps([list(version), home or str(folder), work_s])
    path.write_text(f"#!/bin/sh\ncase \"$2\" in *ensurepip*) echo '{told}';; *) echo {version[0]} {version[1]};; esac\n", encoding="utf-8")
    path.chmod(0o755)
    return str(path)


def one(home: str, work_s: float) -> Interpreter:
    return Interpreter(f"{home}/python3", (3, 11), home, work_s)


@pytest.mark.parametrize(
    ("others", "taken"),
    [
        ([], "/a"),
        ([one("/b", 0.9)], "/b"),
        ([one("/b", 0.96)], "/a"),  # as quick, but for noise
        ([one("/b", 1.4)], "/a"),
        ([one("/b", 0.9), one("/c", 0.8)], "/c"),
    ],
)
def test_one_that_is_clearly_quicker_is_taken(others: list[Interpreter], taken: str) -> None:
    assert quickest([one("/a", 1.0), *others]).home == taken


def test_this_interpreter_can_be_looked_at() -> None:
    found = look(sys.executable)
    assert found is not None
    assert (found.version, found.home) == (sys.version_info[:2], sys.base_prefix)
    assert found.work_s > 0


def test_what_does_not_run_or_makes_no_environments_is_none() -> None:
    assert version_of("/nonexistent/python") is None
    assert look("/nonexistent/python") is None
    assert look("/bin/false") is None


def test_a_python_that_is_new_enough_is_found() -> None:
    assert (version_of(first_python() or "") or (0, 0)) >= pythons.OLDEST


def test_each_file_on_the_path_is_looked_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = made(tmp_path / "a", "python3.11", 1), made(tmp_path / "b", "python3", 1)
    (tmp_path / "a" / "python3").symlink_to(first)
    made(tmp_path / "b", "python3.12", 1)
    (tmp_path / "b" / "python3.11").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path}/a:{tmp_path}/gone:{tmp_path}/b")
    assert siblings((3, 11)) == [first, second]


def test_the_quickest_on_the_path_is_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = made(tmp_path / "a", "python3", 1.0)
    quick = made(tmp_path / "b", "python3.11", 0.8)
    made(tmp_path / "c", "python3", 0.5, (3, 12))  # another version is somebody's choice
    made(tmp_path / "d", "python3.11", 0.7, home=str(tmp_path / "a"))  # the first one by another name
    monkeypatch.setenv("PATH", f"{tmp_path}/a:{tmp_path}/b:{tmp_path}/c:{tmp_path}/d")
    chosen = choose(first)
    assert chosen is not None and chosen.path == quick
    assert choose("/bin/false") is None


def test_one_that_makes_no_environments_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bare = tmp_path / "a" / "python3"
    bare.parent.mkdir()
    bare.write_text('#!/bin/sh\ncase "$2" in *ensurepip*) exit 1;; *) echo 3 11;; esac\n', encoding="utf-8")
    bare.chmod(0o755)
    slower = made(tmp_path / "b", "python3.11", 9.0)
    monkeypatch.setenv("PATH", f"{tmp_path}/a")
    assert choose(str(bare)) is None
    monkeypatch.setenv("PATH", f"{tmp_path}/a:{tmp_path}/b")
    chosen = choose(str(bare))
    assert chosen is not None and chosen.path == slower


def test_set_up_says_which_it_takes_and_takes_what_was_chosen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    first, quick = made(tmp_path / "a", "python3", 1.0), made(tmp_path / "b", "python3", 0.8)
    monkeypatch.setenv("PATH", f"{tmp_path}/a:{tmp_path}/b")
    monkeypatch.setattr(pythons, "first_python", lambda: first)
    assert bootstrap.find_python(is_chosen=True) == first
    assert capsys.readouterr().err == ""
    assert bootstrap.find_python(is_chosen=False) == quick
    assert f"{first} is slower or has no venv" in capsys.readouterr().err


def test_set_up_without_a_python_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pythons, "first_python", lambda: None)
    with pytest.raises(bootstrap.SetupError, match=r"needs Python 3\.11 or newer"):
        bootstrap.find_python(is_chosen=False)
