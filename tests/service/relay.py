"""A way to the collector that fails on command: `Relay(port, [Fault.BUSY, Fault.AWAY])` fails the first two requests, in that order."""

from __future__ import annotations

import http.client
import threading
from collections import deque
from collections.abc import Iterable
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import msgspec

from collector.answers import cors, unavailable
from collector.dialects.registry import ROUTES
from schemas.collected import Collected
from streams.logic.dedup import Dedup, Verdict, content_of

PATHS = frozenset(route.path for route in ROUTES)
_HOP = {"connection", "transfer-encoding", "content-length", "host", "keep-alive"}


class Fault(Enum):
    BUSY = "503 with Retry-After, as the collector says it while Kafka is away"
    AWAY = "the connection breaks before an answer, as when the collector is killed"
    UNHEARD = "the collector has stored the events, and its answer is lost"


class Relay:
    """A server of its own in front of a collector. Faults are for requests that bring events; others pass."""

    def __init__(self, collector_port: int, faults: Iterable[Fault]) -> None:
        self.faults = deque(faults)
        self.statuses: list[int] = []  # what the collector answered, in order
        self.errors: list[str] = []
        self.turned_away = 0  # requests that found no collector
        self._port, self._lock = collector_port, threading.Lock()
        relay = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one_request(self) -> None:
                try:
                    super().handle_one_request()
                except (ConnectionError, TimeoutError):  # the client is gone, or shall think that we are
                    self.close_connection = True

            def do_POST(self) -> None:
                relay._pass(self)

            do_GET = do_OPTIONS = do_HEAD = do_POST

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Relay:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _next_fault(self, request: BaseHTTPRequestHandler) -> Fault | None:
        path = request.path.partition("?")[0].rstrip("/")
        with self._lock:
            return self.faults.popleft() if self.faults and request.command != "OPTIONS" and path in PATHS else None

    def _pass(self, request: BaseHTTPRequestHandler) -> None:
        body = _body_of(request)
        fault = self._next_fault(request)
        if fault is Fault.AWAY:
            raise ConnectionAbortedError
        if fault is Fault.BUSY:
            answer = unavailable("kafka_away", "Kafka does not acknowledge; send again later.").answer()
            headers = [(name.decode(), value.decode()) for name, value in answer.headers]
            _reply(request, answer.status, [*headers, *_cors(request)], answer.body)
            return
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        try:
            kept = {name: value for name, value in request.headers.items() if name.lower() not in _HOP}
            connection.request(request.command, request.path, body, kept)
            found = connection.getresponse()
            text = found.read()
        except ConnectionRefusedError:
            with self._lock:
                self.turned_away += 1
            raise
        finally:
            connection.close()
        with self._lock:
            self.statuses.append(found.status)
            if found.status >= 400:
                self.errors.append(f"{request.command} {request.path}: {text[:300]!r}")
        if fault is Fault.UNHEARD:
            raise ConnectionAbortedError
        _reply(request, found.status, found.getheaders(), text)


def _body_of(request: BaseHTTPRequestHandler) -> bytes:
    if request.headers.get("Transfer-Encoding", "").lower() != "chunked":
        return request.rfile.read(int(request.headers.get("Content-Length") or 0))
    parts = []
    while size := int(request.rfile.readline().split(b";")[0], 16):
        parts.append(request.rfile.read(size))
        request.rfile.readline()
    request.rfile.readline()
    return b"".join(parts)


def _cors(request: BaseHTTPRequestHandler) -> list[tuple[str, str]]:
    origin = request.headers.get("Origin")
    return [(name.decode(), value.decode()) for name, value in cors(origin)] if origin else []


def _reply(request: BaseHTTPRequestHandler, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
    request.send_response_only(status)
    for name, value in headers:
        if name.lower() not in _HOP:
            request.send_header(name, value)
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    request.wfile.write(body)


def judged(lines: Iterable[bytes], write_key: str) -> tuple[int, list[Collected]]:
    """(how many lines a write key has, those of them that the stream's de-duplication counts). No id may have two contents."""
    mine = [(line, found) for line in lines if (found := msgspec.json.decode(line, type=Collected)).write_key == write_key]
    dedup = Dedup(48 * 3_600_000, 1000)
    verdicts = [(dedup.judge(found.write_key, found.message_id, found.received_at_ms, content_of(line)), found) for line, found in mine]
    assert Verdict.REUSED not in {verdict for verdict, _ in verdicts}, [line for line, _ in mine]
    return len(mine), [found for verdict, found in verdicts if verdict is Verdict.NEW]
