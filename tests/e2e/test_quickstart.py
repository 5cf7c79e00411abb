"""The page of docs/quickstart.md, as it stands there, in a real browser: what it promises is sent."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from shutil import copy

import pytest
from playwright.sync_api import BrowserContext

from tests.e2e.capture import Capture

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = (ROOT / "docs" / "quickstart.md").read_text(encoding="utf-8")
COLLECTOR = "http://127.0.0.1:18080"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def shop(capture: Capture, tmp_path: Path) -> Iterator[str]:
    [page] = re.findall(r"```html\n(.*?)```", DOCUMENT, re.DOTALL)
    assert COLLECTOR in page
    (tmp_path / "index.html").write_text(page.replace(COLLECTOR, capture.url), encoding="utf-8")
    copy(ROOT / "sdk" / "js" / "dist" / "cartwake.js", tmp_path)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path)))
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def test_the_page_sends_what_the_document_shows(shop: str, capture: Capture, visitor: BrowserContext) -> None:
    page = visitor.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    with capture.expecting("page_view", "view_item", refuted=("add_to_cart", "purchase")):
        page.goto(shop)
    with capture.expecting("add_to_cart", refuted=("purchase",)):
        page.click("#add")
    assert capture.last("add_to_cart")["properties"]["items"][0]["product_id"] == "sencha"
    with capture.expecting("purchase"):
        page.click("#buy")
    order = capture.last("purchase")["properties"]
    assert [item["product_id"] for item in order["items"]] == ["sencha"]
    assert order["order_id"].startswith("order-") and wrong == []
