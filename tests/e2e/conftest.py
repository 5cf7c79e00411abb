"""A real browser for tests of pages: one a module, since playwright keeps an event loop running meanwhile; a fresh profile a test."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from runtime.browser import find_browser
from tests.e2e.capture import Capture

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # *.test are hosts that browsers do not trust as they trust localhost; nothing else is found, whatever the scripts of others ask for
    "--host-resolver-rules=MAP *.test 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = find_browser()
    if path is None:
        if os.environ.get("CI") == "true":
            pytest.fail("no browser: these tests are part of CI")
        pytest.skip("no browser")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=str(path), args=ARGUMENTS)
        yield running
        running.close()


@pytest.fixture
def visitor(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context()
    context.set_default_timeout(10_000)
    yield context
    context.close()


@pytest.fixture
def capture() -> Iterator[Capture]:
    """What a page sends."""
    running = Capture()
    yield running
    running.close()
