"""The browser SDK where others lose events, in Chromium and in Firefox: outages, tabs, leaving, a full disk, a kill, clocks."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.capture import Capture, distinct, names
from tests.e2e.firefox import Firefox, Visitor, find_firefox
from tests.waiting import until

INIT = "cartwake.init({writeKey: 'k', host: '', pageViews: false})"
FILL = """for (let n = 2 ** 20; n >= 1; n = Math.floor(n / 2))
    try { for (let m = 0; ; m++) localStorage['x' + n + m] = 'x'.repeat(n) } catch {}"""
FORBID = "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no', 'SecurityError') } })"
FIVE = "for (let n = 0; n < 5; n++) cartwake.track('e' + n)"
ALL_FIVE = ["e0", "e1", "e2", "e3", "e4"]


def needs_firefox() -> Path:
    path = find_firefox()
    if path is None:
        pytest.skip("no Firefox (apt-get install -y firefox-esr)")
    return path


@pytest.fixture(scope="module")
def firefox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firefox]:
    with Firefox(needs_firefox(), tmp_path_factory.mktemp("firefox")) as running:
        yield running


@pytest.fixture(params=["visitor", "firefox"], ids=["chromium", "firefox"])
def any_visitor(request: pytest.FixtureRequest) -> Iterator[Any]:
    """A fresh visitor of each browser."""
    if request.param == "visitor":
        yield request.getfixturevalue("visitor")
    else:
        made = Visitor(request.getfixturevalue("firefox"))
        yield made
        made.close()


def bare(visitor: Any, capture: Capture, do: str = "") -> Any:
    page = visitor.new_page()
    page.goto(f"{capture.url}/bare")
    page.evaluate(INIT)
    if do:
        page.evaluate(do)
    return page


def kept(page: Any) -> int:
    return int(page.evaluate("Object.keys(localStorage).filter(key => key.startsWith('cw_k:')).length"))


def test_an_outage_loses_nothing(capture: Capture, any_visitor: Any) -> None:
    capture.status = 503
    page = bare(any_visitor, capture, FIVE)
    capture.wait_until(lambda: len(capture.seen) >= 10, "two tries")
    assert kept(page) == 5 and capture.stored == []
    capture.status = 200
    capture.wait_for(*ALL_FIVE)
    assert names(capture.stored) == ALL_FIVE
    page.wait_for_function("!Object.keys(localStorage).some(key => key.startsWith('cw_k:'))")


def test_a_reload_keeps_the_queue(capture: Capture, any_visitor: Any) -> None:
    capture.status = 503
    page = bare(any_visitor, capture, FIVE)
    device = page.evaluate("cartwake.deviceId()")
    page.reload()
    assert kept(page) == 5
    capture.status = 200
    page.evaluate(INIT)
    capture.wait_for("e0", "e4")
    assert distinct(capture.stored, "e") == ALL_FIVE
    assert {event["anonymousId"] for event in capture.stored} == {device}


def test_leaving_in_an_outage_and_coming_back(capture: Capture, any_visitor: Any) -> None:
    capture.status = 503
    page = bare(any_visitor, capture, FIVE)
    page.goto("about:blank")
    capture.wait_until(lambda: len(capture.seen) >= 5, "the beacon")
    page.close()
    capture.status = 200
    bare(any_visitor, capture)
    capture.wait_for("e0", "e4")
    assert distinct(capture.stored, "e") == ALL_FIVE


def test_two_tabs_lose_none_of_each_others(capture: Capture, any_visitor: Any) -> None:
    capture.status = 503
    for tab in "ab":
        bare(any_visitor, capture, f"for (let n = 0; n < 5; n++) cartwake.track('{tab}' + n)")
    for page in any_visitor.pages:
        page.close()
    capture.status = 200
    bare(any_visitor, capture)
    capture.wait_for("a0", "a4", "b0", "b4")
    assert len(distinct(capture.stored, "")) == 10


def test_twenty_events_and_gone_in_the_same_tick(capture: Capture, any_visitor: Any) -> None:
    capture.delay_s = 0.4
    page = bare(any_visitor, capture)
    page.evaluate("for (let n = 0; n < 20; n++) cartwake.track('e' + n); location.href = '/bare?next'")
    page.wait_for_url("**/bare?next")
    page.evaluate(INIT)
    capture.wait_until(lambda: len(distinct(capture.stored, "e")) == 20, "all twenty")


def test_a_full_disk_and_a_forbidden_one(capture: Capture, any_visitor: Any) -> None:
    page = bare(any_visitor, capture)
    page.evaluate(FILL)
    page.evaluate(FIVE)
    capture.wait_for(*ALL_FIVE)
    page.evaluate("localStorage.clear()")
    page.close()
    any_visitor.add_init_script(
        "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no', 'SecurityError') } })"
    )
    page = bare(any_visitor, capture, "cartwake.track('forbidden')")
    capture.wait_for("forbidden")
    with_cookie = INIT.replace("})", ", cookie: 'samesite=lax'})")
    page.evaluate(with_cookie + "; cartwake.reset(); cartwake.track('once')")
    capture.wait_for("once")
    page.reload()
    page.evaluate(with_cookie + "; cartwake.track('again')")
    capture.wait_for("again")
    assert capture.last("again")["anonymousId"] == capture.last("once")["anonymousId"]


def test_a_clock_that_jumps(capture: Capture, any_visitor: Any) -> None:
    capture.status = 503
    any_visitor.add_init_script("{ const real = Date.now; window.jump = 0; Date.now = () => real() + jump }")
    page = bare(any_visitor, capture)
    page.evaluate("[0, 864e5, -1728e5, 31536e6, -1e3].forEach((by, n) => { jump += by; cartwake.track('e' + n) })")
    capture.wait_until(lambda: len(capture.seen) >= 5, "a try")
    page.evaluate("jump = -3e10")
    capture.status = 200
    capture.wait_until(lambda: distinct(capture.stored, "e") == ALL_FIVE, "all five")
    assert [event["event"] for event in capture.stored[:5]] == ALL_FIVE
    ids = [event["messageId"] for event in capture.stored[:5]]
    assert ids == sorted(ids) and len(set(ids)) == 5
    page.wait_for_function("!Object.keys(localStorage).some((key) => key.startsWith('cw_k:'))")


def test_a_firefox_that_is_killed(capture: Capture, tmp_path: Path) -> None:
    """From the moment that localStorage is in the browser's files (Chromium: test_page_conditions)."""
    path = needs_firefox()
    capture.status = 503
    with Firefox(path, tmp_path) as killed:
        bare(Visitor(killed, container=False), capture, FIVE)
        until(lambda: stored_keys(tmp_path) >= 5, 60.0, "the five in the browser's files")
        os.killpg(killed.process.pid, signal.SIGKILL)
        killed.process.wait()
    assert capture.stored == []
    capture.status = 200
    with Firefox(path, tmp_path) as again:
        bare(Visitor(again, container=False), capture)
        capture.wait_until(lambda: distinct(capture.stored, "e") == ALL_FIVE, "all five")


def stored_keys(profile: Path) -> int:
    """Events in the databases of localStorage. Their bytes: Firefox keeps them locked; keys are plain there, values are packed."""
    files = [*profile.glob("storage/default/*/ls/data.sqlite"), *profile.glob("storage/default/*/ls/data.sqlite-wal")]
    return len({key for file in files for key in re.findall(rb"cw_k:[0-9a-f-]{36}", file.read_bytes())})
