"""How long the SDK keeps a page from answering: loads in Chromium on a slowed processor, with nothing stored and after an outage."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from playwright.sync_api import Browser, BrowserContext, CDPSession, Page, sync_playwright

from bench.lab import BenchError
from bench.page_site import Site
from bench.page_trace import CATEGORIES, Work, work_of
from runtime.browser import INSTALL, find_browser

SLOWER = 4
LONG_MS = 50.0  # what the Long Tasks API calls long
QUIET_MS = 500  # after the last event: what the page still has to do
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update"]
LOOP = "() => { const began = performance.now(); for (let n = 0, x = 0; n < 2e7; n++) x += n % 7; return performance.now() - began }"
FILL = "(events) => { for (let n = 0; n < events; n++) cartwake.viewItem({ product_id: 'tea-' + n, name: 'Sencha', price: 14.5 }) }"
TRACK = "() => { const began = performance.now(); cartwake.viewItem({ product_id: 'tea' }); return performance.now() - began }"
TRIES = 9


@dataclass(frozen=True)
class Load:
    """One load: what the trace says, and what the page's own observer of long tasks has seen."""

    work: Work
    long_tasks_ms: list[float]

    @property
    def blocking_ms(self) -> float:
        return sum(max(0.0, each_ms - LONG_MS) for each_ms in self.long_tasks_ms)


class Loads:
    """`rate`: how many times slower Chromium makes the page's processor."""

    def __init__(self, browser: Browser, site: Site) -> None:
        self._browser, self._site, self.rate = browser, site, 1.0

    def empty(self) -> Load:
        with self._visitor() as context:
            return self._load(context, "/empty", "/empty.js", 0)

    def fresh(self) -> Load:
        """A first visit."""
        with self._visitor() as context:
            return self._load(context, "/tracked", "/cartwake.js", 1)

    def queued(self, events: int) -> Load:
        """A visit after an outage of which so many events are left."""
        with self._visitor() as context:
            page = self._outage(context, events)
            left = page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('cw_web:')).length")
            page.close()
            self._site.is_away = False
            self._site.forget()
            return self._load(context, "/tracked", "/cartwake.js", left)

    def track_ms(self, events: int) -> float:
        """What one more event takes in such an outage, unslowed: the least of some tries, by the clock."""
        with self._visitor() as context:
            page = self._outage(context, events)
            took_ms = min(float(page.evaluate(TRACK)) for _ in range(TRIES))
            self._site.is_away = False
            return took_ms

    def slowdown(self, rate: float) -> float:
        """How many times slower it becomes: a loop, timed both ways."""
        with self._visitor() as context:
            page = context.new_page()
            page.goto(self._site.url + "/blank")
            page.evaluate(LOOP)
            plain_ms = page.evaluate(LOOP)
            with _slowed(page, rate):
                return float(page.evaluate(LOOP) / plain_ms)

    def _outage(self, context: BrowserContext, events: int) -> Page:
        """A page that has tracked so many while the collector was away."""
        self._site.is_away = True
        page = context.new_page()
        page.goto(self._site.url + "/tracked")
        page.wait_for_function("!('q' in cartwake)")
        page.evaluate(FILL, events)
        return page

    @contextmanager
    def _visitor(self) -> Iterator[BrowserContext]:
        self._site.forget()
        context = self._browser.new_context()
        yield context
        context.close()

    def _load(self, context: BrowserContext, path: str, script: str, events: int) -> Load:
        """Until all events have come and the page had time for what follows."""
        page = context.new_page()
        page.goto(self._site.url + "/blank")  # the process that the page will run in
        with _slowed(page, self.rate):
            self._browser.start_tracing(page=page, categories=list(CATEGORIES))
            page.goto(self._site.url + path)
            came = self._site.has_come(events)
            page.wait_for_timeout(QUIET_MS)
            trace = self._browser.stop_tracing()
        if not came:
            raise BenchError(f"{len(self._site.ids)} of {events} events have come")
        long_tasks_ms = page.evaluate("window.long || []")
        page.close()
        return Load(work_of(trace, script), long_tasks_ms)


@contextmanager
def _slowed(page: Page, rate: float) -> Iterator[CDPSession]:
    session = page.context.new_cdp_session(page)
    session.send("Emulation.setCPUThrottlingRate", {"rate": rate})
    yield session
    session.send("Emulation.setCPUThrottlingRate", {"rate": 1})


@contextmanager
def loads() -> Iterator[Loads]:
    path = find_browser()
    if path is None:
        raise BenchError(f"no browser; {INSTALL}")
    with sync_playwright() as playwright, Site().open() as site:
        browser = playwright.chromium.launch(executable_path=str(path), args=ARGUMENTS)
        yield Loads(browser, site)
        browser.close()
