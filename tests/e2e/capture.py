"""A collector for browser tests that keeps what comes and answers what the test tells it to, and serves bare pages with the SDK."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

Event = dict[str, Any]
SDK = Path(__file__).parents[2] / "sdk" / "js" / "dist" / "cartwake.js"
BARE = "<!doctype html><title>bare</title><script src=/cartwake.js></script><a href=# data-cw-target=banner data-cw-list-id=home>b</a>"
README = Path(__file__).parents[2] / "sdk" / "js" / "README.md"
SNIPPET = README.read_text(encoding="utf-8").split("```html\n")[1].split("```")[0].replace("https://collect.shop.example", "")
STUB = "<!doctype html><title>stub</title>" + SNIPPET.replace("</script>", "cartwake.track('before_load')</script>", 1)
WEBHOOK = {
    "person_id": "d:DEVICE",
    "device_id": "DEVICE",
    "items": [{"product_id": "cup", "quantity": 1, "name": ""}],
    "value": "16",
    "currency": "EUR",
}
RECEIVED = json.dumps({"count": 1, "last": [{"id": "w1", "type": "cart.abandoned", "data": WEBHOOK}]})  # as sinks.receiver says it
POLICY = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'"
)
STRICT = f"""<!doctype html><title>strict</title><meta http-equiv="Content-Security-Policy" content="{POLICY}">
<script src=/cartwake.js></script><script src=/init.js></script>"""
INIT_FILE = """window.violations = [];
addEventListener('securitypolicyviolation', (event) => violations.push(event.violatedDirective));
cartwake.init({ writeKey: 'k' });"""
PAGES = {"/bare": BARE, "/stub": STUB, "/strict": STRICT, "/init.js": INIT_FILE, "/received": RECEIVED}
SCRIPT = "text/javascript"


class Capture:
    """`seen` is every event of every request, `stored` those that were answered with 200, both in the order of arrival."""

    def __init__(self) -> None:
        self.status = 200
        self.delay_s = 0.0
        self.seen: list[Event] = []
        self.stored: list[Event] = []
        self.requests: list[dict[str, str]] = []
        self.methods: list[str] = []
        self.device = ""
        self._changed = threading.Condition()
        capture = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = self.path.split("?", 1)[0]
                page = SDK.read_text(encoding="utf-8") if path == "/cartwake.js" else PAGES.get(path, "")
                kind = {"/cartwake.js": SCRIPT, "/init.js": SCRIPT, "/received": "application/json"}.get(path, "text/html")
                capture.reply(self, 200, page.replace("DEVICE", capture.device), kind)

            def do_OPTIONS(self) -> None:
                capture.methods.append("OPTIONS")
                capture.reply(self, 204, "", "text/plain")

            def do_POST(self) -> None:
                capture.take(self)

            def log_message(self, *_: Any) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def take(self, handler: BaseHTTPRequestHandler) -> None:
        request = json.loads(handler.rfile.read(int(handler.headers["Content-Length"])))
        status = self.status
        time.sleep(self.delay_s)
        with self._changed:
            self.methods.append("POST")
            self.requests.append(
                {**{name.lower(): value for name, value in handler.headers.items()}, "write_key": request["writeKey"], "path": handler.path}
            )
            self.seen.extend(request["batch"])
            if status == 200:
                self.stored.extend(request["batch"])
            self._changed.notify_all()
        body = {"success": status == 200, "accepted": len(request["batch"]), "rejected": []}
        self.reply(handler, status, json.dumps(body), "application/json")

    def reply(self, handler: BaseHTTPRequestHandler, status: int, body: str, kind: str) -> None:
        origin = handler.headers.get("Origin")
        cors = {"Access-Control-Allow-Origin": origin, "Access-Control-Allow-Credentials": "true", "Vary": "Origin"} if origin else {}
        raw = body.encode()
        try:
            handler.send_response(status)
            for name, value in {"Content-Type": kind, "Content-Length": str(len(raw)), **cors}.items():
                handler.send_header(name, value)
            handler.end_headers()
            handler.wfile.write(raw)
        except OSError:
            pass  # the page has gone: it may do that

    def wait_until(self, true: Callable[[], object], what: str, timeout_s: float = 10.0) -> None:
        with self._changed:
            assert self._changed.wait_for(true, timeout_s), f"did not come: {what}; stored: {names(self.stored)}"

    def wait_for(self, *wanted: str, timeout_s: float = 10.0) -> None:
        """Wait until an event of each of these names is stored."""
        self.wait_until(lambda: set(wanted) <= set(names(self.stored)), ", ".join(wanted), timeout_s)

    def last(self, name: str) -> Event:
        return next(event for event in reversed(self.stored) if name_of(event) == name)

    @contextmanager
    def expecting(self, *expected: str, refuted: tuple[str, ...] = ()) -> Iterator[None]:
        """Around one action: what it has to send, and what it must not."""
        before = len(self.stored)
        yield
        self.wait_until(lambda: set(expected) <= set(names(self.stored[before:])), ", ".join(expected))
        time.sleep(0.3)  # long enough for what must not come
        assert not set(refuted) & set(names(self.stored[before:])), names(self.stored[before:])

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def name_of(event: Event) -> str:
    """The event's name in the catalogue."""
    if event["type"] == "track":
        return str(event["event"])
    return "page_view" if event["type"] == "page" else str(event["type"])


def names(events: list[Event]) -> list[str]:
    return [name_of(event) for event in events]


def distinct(events: list[Event], prefix: str) -> list[str]:
    """Names of the events that begin with `prefix`, copies (by id) counted once."""
    return sorted({event["messageId"]: name_of(event) for event in events if name_of(event).startswith(prefix)}.values())
