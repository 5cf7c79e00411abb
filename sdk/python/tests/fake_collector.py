"""A collector on a real socket that answers what the test tells it to."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True)
class Reply:
    status: int = 200
    body: bytes | None = None  # default: a collector's
    headers: Mapping[str, str] = field(default_factory=dict)
    hang_s: float = 0.0


class FakeCollector:
    """`replies` are given out in turn, then `usual`; `requests` are the bodies that came, `stored` the events acknowledged."""

    def __init__(self) -> None:
        self.replies: list[Reply] = []
        self.usual = Reply()
        self.requests: list[Json] = []
        self.headers: list[dict[str, str]] = []
        self.stored: list[Json] = []
        self.arrived = threading.Condition()
        self._ending = threading.Event()
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                collector.answer(self)

            def log_message(self, *_: Any) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        raw = handler.rfile.read(int(handler.headers["Content-Length"]))
        request = json.loads(gzip.decompress(raw) if handler.headers.get("Content-Encoding") == "gzip" else raw)
        with self.arrived:
            reply = self.replies.pop(0) if self.replies else self.usual
            self.requests.append(request)
            self.headers.append(dict(handler.headers.items()))
            if reply.status == 200 and reply.body is None:
                self.stored.extend(request["batch"])
            self.arrived.notify_all()
        self._ending.wait(reply.hang_s)
        body = reply.body
        if body is None:
            ok = {"success": True, "accepted": len(request["batch"]), "rejected": []}
            body = json.dumps(ok if reply.status == 200 else {"success": False, "code": "test", "message": "as told"}).encode()
        handler.send_response(reply.status)
        for name, value in {"Content-Length": str(len(body)), **reply.headers}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    def wait_for_requests(self, count: int, timeout_s: float = 5.0) -> None:
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.requests) >= count, timeout_s), f"{len(self.requests)} requests came, not {count}"

    def wait_for_stored(self, count: int, timeout_s: float = 5.0) -> None:
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.stored) >= count, timeout_s), f"{len(self.stored)} events came, not {count}"

    def close(self) -> None:
        self._ending.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
