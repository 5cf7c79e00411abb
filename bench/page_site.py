"""What `cartwake bench page` opens: a page with the SDK and one with an empty script, and a collector that can be away."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

SDK = Path(__file__).parents[1] / "sdk" / "js" / "dist" / "cartwake.js"
# The observer stands first, so that it sees everything; the rest is the snippet of the SDK's README.
HEAD = """<!doctype html><title>Sencha</title><script>
new PerformanceObserver((list) => (window.long = [...(window.long || []), ...list.getEntries().map((entry) => entry.duration)]))
  .observe({ type: "longtask", buffered: true });
</script>"""
STUB = """<script>
(q=>window.cartwake=new Proxy(q,{get:(_,m)=>m=="q"?q:(...a)=>q.push([m,...a])}))([]);
cartwake.init({ writeKey: "web", currency: "EUR" });
</script>"""
BODY = "<h1>Sencha</h1><button>Into the cart</button>"
PAGES = {
    "/blank": "<!doctype html><title>blank</title>",
    "/empty": HEAD + "<script async src=/empty.js></script>" + BODY,
    "/tracked": HEAD + STUB + "<script async src=/cartwake.js></script>" + BODY,
}


class Site:
    """`ids`: of the events that were taken, each once. `is_away`: the collector answers 503."""

    def __init__(self) -> None:
        self.is_away = False
        self.ids: set[str] = set()
        self.requests = 0
        self._changed = threading.Condition()
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                if self.path.endswith(".js"):
                    site.answer(self, 200, SDK.read_text(encoding="utf-8") if self.path == "/cartwake.js" else "", "text/javascript")
                else:
                    site.answer(self, 200 if self.path in PAGES else 404, PAGES.get(self.path, ""), "text/html")

            def do_POST(self) -> None:
                site.take(self)

            def log_message(self, format: str, *args: object) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def take(self, handler: BaseHTTPRequestHandler) -> None:
        batch = json.loads(handler.rfile.read(int(handler.headers["Content-Length"])))["batch"]
        with self._changed:
            is_away = self.is_away
            self.requests += 1
            if not is_away:
                self.ids |= {event["messageId"] for event in batch}
            self._changed.notify_all()
        body = {"success": not is_away, "accepted": 0 if is_away else len(batch), "rejected": []}
        self.answer(handler, 503 if is_away else 200, json.dumps(body), "application/json")

    def answer(self, handler: BaseHTTPRequestHandler, status: int, body: str, kind: str) -> None:
        raw = body.encode()
        try:
            handler.send_response(status)
            for name, value in {"Content-Type": kind, "Content-Length": str(len(raw)), "Cache-Control": "no-store"}.items():
                handler.send_header(name, value)
            handler.end_headers()
            handler.wfile.write(raw)
        except OSError:
            pass  # the page has gone

    def has_come(self, events: int, timeout_s: float = 60.0) -> bool:
        """Waits until so many events were taken."""
        with self._changed:
            return self._changed.wait_for(lambda: len(self.ids) >= events, timeout_s)

    def forget(self) -> None:
        with self._changed:
            self.ids.clear()
            self.requests = 0

    @contextmanager
    def open(self) -> Iterator[Site]:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
