"""The recipes of `examples/`, each in its real framework."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from fake_collector import FakeCollector

import cartwake

EXAMPLES = Path(__file__).parent.parent / "examples"
ORDER = {"id": "o1", "user": "ana", "cart": "c1", "total": "4.50", "items": [{"product_id": "tea", "price": "4.50"}]}


@pytest.fixture(autouse=True)
def shop(collector: FakeCollector, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("CARTWAKE_HOST", collector.url)
    yield
    cartwake.close(1)


def recipe(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def the_order(collector: FakeCollector) -> dict[str, Any]:
    assert cartwake.flush(5)
    [event] = [event for event in collector.stored if event["event"] == "purchase"]
    assert event["properties"] == {
        "order_id": "o1",
        "value": "4.50",
        "currency": "EUR",
        "cart_id": "c1",
        "items": ORDER["items"],
    }
    assert event["messageId"] == "order-o1"
    return dict(event)


def test_flask(collector: FakeCollector) -> None:
    client = recipe("flask_shop").app.test_client()
    client.set_cookie("cw_id", "d1")
    assert client.post("/login", json={"user": "ana"}).status_code == 200
    assert client.post("/orders", json=ORDER).status_code == 200
    event = the_order(collector)
    assert (event["anonymousId"], event["userId"]) == ("d1", "ana")


def test_fastapi(collector: FakeCollector) -> None:
    testclient = importlib.import_module("fastapi.testclient")
    with testclient.TestClient(recipe("fastapi_shop").app, cookies={"cw_id": "d1"}) as client:
        assert client.post("/orders", json=ORDER).status_code == 200
    event = the_order(collector)
    assert (event["anonymousId"], event["userId"]) == ("d1", "ana")


def test_django(collector: FakeCollector) -> None:
    recipe("django_shop")
    importlib.import_module("django").setup()
    client = importlib.import_module("django.test").Client()
    client.cookies["cw_id"] = "d1"
    assert client.post("/orders", data=ORDER, content_type="application/json").status_code == 200
    assert the_order(collector)["anonymousId"] == "d1"


def test_history(collector: FakeCollector, tmp_path: Path) -> None:
    file = tmp_path / "orders.csv"
    rows = [
        "order_id,user_id,ordered_at,value,currency",
        "o1,ana,2019-05-01T12:00:00+02:00,4.50,EUR",
        "o2,bo,2020-01-01T00:00:00+00:00,7,EUR",
    ]
    file.write_text("\n".join(rows))
    command = [sys.executable, str(EXAMPLES / "history.py"), str(file), collector.url]
    src = str(EXAMPLES.parent / "src")
    done = subprocess.run(command, env={"PYTHONPATH": src}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "2 of 2 orders sent, 0 refused, 0 given up\n"), done.stderr
    assert [(event["messageId"], event["timestamp"]) for event in collector.stored] == [
        ("order-o1", "2019-05-01T10:00:00.000Z"),
        ("order-o2", "2020-01-01T00:00:00.000Z"),
    ]
    assert {event["context"]["source"] for event in collector.stored} == {"store"}
