"""Clients of other people, each as a function from questions to answers. What is not installed is fetched once, or the test is skipped."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from runtime.local.jars import JarError, fetch, jar_folder, read_lock
from tests.contract.questions import Question

HERE = Path(__file__).parent / "clients"
TIMEOUT_S = 100
FETCH_S = 120


@dataclass(frozen=True)
class Login:
    """Where to ask, and as whom."""

    host: str
    port: int
    database: str
    user: str
    password: str

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"


Answer = dict[str, Any]  # rows, or the code of the error and its message


def ask_curl(login: Login, question: Question, form: str = "JSONCompact", packed: bool = False) -> Answer:
    """As a person at a terminal asks: user and password by HTTP Basic."""
    where = {
        "database": login.database,
        "default_format": form,
        **{f"param_{key}": _tsv(value) for key, value in question.parameters.items()},
    }
    if packed:
        where["enable_http_compression"] = "1"
    command = ["curl", "-sS", "--user", f"{login.user}:{login.password}", "-w", "\n%{http_code} %header{x-clickhouse-exception-code}"]
    command += ["--compressed"] * packed
    command += [f"{login.url}/?{urlencode(where)}", "--data-binary", question.sql]
    text = subprocess.run(command, capture_output=True, check=True, timeout=TIMEOUT_S).stdout.decode()
    body, _, last = text.rpartition("\n")
    status, _, code = last.partition(" ")
    if status != "200":
        return {"code": int(code), "message": body}
    return {"rows": json.loads(body)["data"]} if form == "JSONCompact" else {"text": body}


def _tsv(value: Any) -> str:
    """The value of a parameter of the URL is read as TSV."""
    return str(value).replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")


def ask_node(login: Login, questions: Sequence[dict[str, Any]], packed: bool = False) -> list[Answer]:
    """Each question: sql, parameters, format."""
    asked = {
        "url": login.url,
        "user": login.user,
        "password": login.password,
        "database": login.database,
        "packed": packed,
        "questions": list(questions),
    }
    return _answers(["node", str(_node_folder() / "ask_node.mjs")], asked)


def ask_jdbc(login: Login, questions: Sequence[tuple[str, list[Any]]], **properties: str) -> list[Answer]:
    """Each question: SQL with `?`, and its values."""
    asked = {
        "address": f"{login.host}:{login.port}",
        "user": login.user,
        "password": login.password,
        "database": login.database,
        "jars": _jars(),
        "properties": properties,
        "questions": [{"sql": sql, "parameters": values} for sql, values in questions],
    }
    return _answers([sys.executable, str(HERE / "ask_jdbc.py")], asked)


def _answers(command: list[str], asked: dict[str, Any]) -> list[Answer]:
    done = subprocess.run(command, input=json.dumps(asked), capture_output=True, text=True, timeout=TIMEOUT_S)
    assert done.returncode == 0, done.stderr[-3000:]
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


@cache
def _node_folder() -> Path:
    """A copy beside the jars, with what npm installs there: the tree stays as it is."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("no node and npm on this machine")
    folder = jar_folder() / "node-client"
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json", "ask_node.mjs"):
        _replace(HERE / name, folder / name)
    if not (folder / "node_modules" / "@clickhouse" / "client").exists():
        _or_skip(["npm", "ci", "--no-audit", "--no-fund"], folder)
    return folder


def _replace(source: Path, target: Path) -> None:
    """At once, since another worker of the test run may be reading."""
    draft = target.with_name(f"{target.name}.{os.getpid()}")
    shutil.copyfile(source, draft)
    draft.replace(target)


def _or_skip(command: list[str], folder: Path) -> None:
    try:
        subprocess.run(command, cwd=folder, capture_output=True, check=True, timeout=FETCH_S)
    except (subprocess.SubprocessError, OSError) as error:
        pytest.skip(f"the first run needs the network: {error}")


@cache
def _jars() -> list[str]:
    pytest.importorskip("jpype", reason="jpype1 is missing; `make setup` installs it")
    folder, lock = jar_folder() / "jdbc", HERE / "jdbc.sha256"
    try:
        list(fetch(folder, lock))
    except JarError as error:
        pytest.skip(f"the first run needs the network: {error}")
    return [str(folder / jar.file_name) for jar in read_lock(lock)]
