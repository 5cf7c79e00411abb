"""The demo shop's server: `python -m runtime.shop` serves `examples/shop`, the SDK, and what the webhook receiver has got."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
import urllib.error
import urllib.request
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).resolve().parents[1]
PAGES = ROOT / "examples" / "shop"
SDK = ROOT / "sdk" / "js" / "dist" / "cartwake.js"
TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
JSON = "application/json"
RECEIVER_TIMEOUT_S = 2.0


@dataclass(frozen=True)
class Shop:
    """What the page is told: where events go, and how long a cart may be left alone."""

    collector: str
    write_key: str
    idle_s: float = 20.0
    receiver: str = ""
    currency: str = "EUR"

    def config(self) -> bytes:
        """`/config.json`."""
        told = {"collector": self.collector, "write_key": self.write_key, "idle_s": self.idle_s, "currency": self.currency}
        return json.dumps({**told, "receiver": bool(self.receiver)}).encode()

    def policy(self) -> str:
        """As strict as it can be: the SDK needs no more than leave to reach its collector."""
        return f"default-src 'self'; connect-src 'self' {self.collector}; img-src 'self' data:; style-src 'self'; frame-ancestors 'none'"


@dataclass(frozen=True)
class Answer:
    status: int
    type: str
    body: bytes


def answer(shop: Shop, path: str) -> Answer:
    """What a GET of `path` gets."""
    path = path.split("?", 1)[0]
    if path == "/config.json":
        return Answer(200, JSON, shop.config())
    if path == "/received":
        return received(shop)
    if path == "/healthz":
        return Answer(200, "text/plain", b"ok\n")
    file = SDK if path == "/cartwake.js" else PAGES / "index.html" if path == "/" or path.startswith("/p/") else PAGES / path[1:]
    if file.suffix not in TYPES or file.parent not in (PAGES, SDK.parent) or not file.is_file():
        return Answer(404, "text/plain", b"no such page\n")
    return Answer(200, f"{TYPES[file.suffix]}; charset=utf-8", file.read_bytes())


def received(shop: Shop) -> Answer:
    """The webhooks that have come, from the receiver; an empty list where there is none."""
    if not shop.receiver:
        return Answer(200, JSON, b'{"last": []}')
    try:
        with urllib.request.urlopen(f"{shop.receiver.rstrip('/')}/received", timeout=RECEIVER_TIMEOUT_S) as response:
            return Answer(200, JSON, response.read())
    except (OSError, urllib.error.URLError):
        return Answer(502, JSON, b'{"success": false, "code": "receiver_away", "message": "the webhook receiver does not answer"}')


def make_server(shop: Shop, port: int, host: str = "127.0.0.1") -> ThreadingHTTPServer:
    """A server that is bound (port 0: any free one) and waits for `serve_forever`."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            found = answer(shop, self.path)
            headers = {"Content-Type": found.type, "Content-Length": str(len(found.body)), "Cache-Control": "no-cache"}
            safety = {"Content-Security-Policy": shop.policy(), "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin"}
            self.send_response(found.status)
            for name, value in {**headers, **safety}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(found.body)

        def log_message(self, format: str, *args: object) -> None:
            """Quiet: the page says more."""

    server = ThreadingHTTPServer((host, port), Handler)
    server.daemon_threads = True
    return server


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m runtime.shop", description=__doc__)
    parser.add_argument("--port", type=int, required=True, help="port to listen on; 0: any free one")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--collector", required=True, help="base URL of the collector, as the browser reaches it")
    parser.add_argument("--write-key", required=True, help="the shop's write key")
    parser.add_argument("--idle-s", type=float, default=20.0, help="idle time after which a cart counts as abandoned")
    parser.add_argument("--receiver", default="", help="base URL of the webhook receiver, whose GET /received the page shows")
    given = parser.parse_args(arguments)
    shop = Shop(given.collector.rstrip("/"), given.write_key, given.idle_s, given.receiver)
    server = make_server(shop, given.port, given.host)

    def stop(_signal: int, _frame: FrameType | None) -> None:
        threading.Thread(target=server.shutdown).start()  # it waits for the loop that this handler interrupts

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    print(f"the shop is open: http://{given.host}:{server.server_port}", flush=True)
    server.serve_forever()
    server.server_close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
