"""The browser SDK where it is hard: a browser that is killed, a clock that jumps, plain http, a strict policy, a path of the shop's own."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page

from runtime.browser import find_browser
from tests.e2e.capture import Capture, distinct
from tests.e2e.conftest import ARGUMENTS
from tests.waiting import until

FIVE = "for (let n = 0; n < 5; n++) cartwake.track('e' + n)"
ALL_FIVE = ["e0", "e1", "e2", "e3", "e4"]


def begun(page: Page, url: str, options: str = "") -> Page:
    page.goto(url)
    page.evaluate(f"cartwake.init({{writeKey: 'k', pageViews: false, {options}}})")
    return page


def processes_of(profile: Path) -> list[int]:
    """The browser that uses this profile, and its children."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes()
            except OSError:
                continue  # it has ended
            if os.fsencode(profile) in command:
                found.append(int(entry.name))
    return found


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="finds the browser's processes in /proc")
def test_a_browser_that_is_killed(capture: Capture, browser: Browser, tmp_path: Path) -> None:
    """From the moment that localStorage is in the browser's files: until then (seconds) it is in the browser's memory only."""

    def launch() -> BrowserContext:
        return browser.browser_type.launch_persistent_context(tmp_path, executable_path=str(find_browser()), args=ARGUMENTS)

    capture.status = 503
    context = launch()
    begun(context.pages[0], f"{capture.url}/bare").evaluate(FIVE)
    files = tmp_path / "Default" / "Local Storage" / "leveldb"
    until(lambda: any(b'"event":"e4"' in file.read_bytes() for file in files.glob("*.log")), 30.0)
    for process in processes_of(tmp_path):
        os.kill(process, signal.SIGKILL)
    until(lambda: not processes_of(tmp_path), 10.0)
    try:
        context.close()
    except Error:
        pass  # it is gone
    assert capture.stored == []
    capture.status = 200
    context = launch()
    begun(context.pages[0], f"{capture.url}/bare")
    capture.wait_until(lambda: distinct(capture.stored, "e") == ALL_FIVE, "all five")
    context.close()


def test_plain_http(capture: Capture, visitor: BrowserContext) -> None:
    host = f"http://shop.test:{urlsplit(capture.url).port}"
    page = begun(visitor.new_page(), f"{host}/bare")
    assert page.evaluate("[isSecureContext, typeof navigator.locks, typeof crypto.randomUUID]") == [False, "undefined", "undefined"]
    capture.delay_s = 0.3
    page.evaluate("cartwake.track('a'); setTimeout(() => cartwake.track('b'), 200)")
    capture.wait_for("a", "b")
    assert distinct(capture.stored, "") == ["a", "b"] and len(capture.stored) == 2
    page.evaluate(FIVE + "; location.href = '/bare?next'")
    page.wait_for_url("**/bare?next")
    begun(page, f"{host}/bare?next")
    capture.wait_until(lambda: distinct(capture.stored, "e") == ALL_FIVE, "all five")


def test_another_origin_needs_no_preflight(capture: Capture, visitor: BrowserContext) -> None:
    host = f"http://shop.test:{urlsplit(capture.url).port}"
    page = begun(visitor.new_page(), f"{host}/bare", f"host: 'http://collect.test:{urlsplit(capture.url).port}'")
    page.evaluate(FIVE)
    capture.wait_for(*ALL_FIVE)
    assert set(capture.methods) == {"POST"} and {request["origin"] for request in capture.requests} == {host}


def test_a_strict_policy(capture: Capture, visitor: BrowserContext) -> None:
    page = visitor.new_page()
    with capture.expecting("page_view", refuted=("click",)):
        page.goto(f"{capture.url}/strict")
    with capture.expecting("add_to_cart"):
        page.evaluate("cartwake.addToCart({product_id: 'tea'})")
    assert page.evaluate("violations") == []


def test_a_path_of_the_shop(capture: Capture, visitor: BrowserContext) -> None:
    begun(visitor.new_page(), f"{capture.url}/bare", "host: '/hello'").evaluate(FIVE)
    capture.wait_for(*ALL_FIVE)
    assert {request["path"] for request in capture.requests} == {"/hello/v1/batch"}


def test_a_refusal_sends_nothing_more(capture: Capture, visitor: BrowserContext) -> None:
    page = visitor.new_page()
    page.goto(f"{capture.url}/bare")
    page.evaluate("cartwake.init({writeKey: 'k', consent: {analytics: false}})")
    with capture.expecting(refuted=("page_view", "click")):
        page.click("a")
    with capture.expecting("consent", "page_view", refuted=("click",)):
        page.evaluate("cartwake.consent({analytics: true}, {version: '1', basis: 'consent'})")
    with capture.expecting("consent", refuted=("page_view", "click", "x")):
        page.evaluate("cartwake.erase(); cartwake.track('x')")
        page.click("a")
    assert page.evaluate("Object.keys(localStorage)") == ["cw_consent"] and page.evaluate("document.cookie") == ""


def test_a_visitor_goes_to_another_host_of_the_shop(capture: Capture, visitor: BrowserContext) -> None:
    port = urlsplit(capture.url).port
    page = begun(visitor.new_page(), f"http://shop.test:{port}/bare", f"link: ['pay.test:{port}']")
    device = page.evaluate("cartwake.deviceId()")
    page.evaluate(f"document.body.innerHTML = '<a id=to href=http://pay.test:{port}/bare?a=1>pay</a>'")
    page.click("#to")
    page.wait_for_url("**/bare?a=1&cw_id=*")
    page.evaluate(f"cartwake.init({{writeKey: 'k', link: ['shop.test:{port}']}})")
    assert page.evaluate("cartwake.deviceId()") == device
    assert page.url == f"http://pay.test:{port}/bare?a=1"
    capture.wait_for("page_view")
    assert capture.last("page_view")["context"]["page"]["url"] == page.url
