"""The collector's application without a server: `async with collector() as lab: await lab.ask("POST", "/v1/batch", body)`."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import msgspec

from collector.app import App
from collector.memory_log import MemoryLog
from runtime.settings import Settings
from schemas.collected import Collected
from schemas.rows import RejectedRow

NOW_MS = 1_700_000_000_000
SECRET = "sk_test"
PARTITIONS = 3


class Answered(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Lab:
    """One application; all that it has stored is in `log`."""

    def __init__(self, app: App, log: MemoryLog) -> None:
        self.app, self.log = app, log

    async def ask(self, method: str, address: str, body: Any = b"", headers: Mapping[str, str] | None = None) -> Answered:
        """`address` may have a query; a `body` that is no bytes goes as JSON."""
        path, _, query = address.partition("?")
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        found = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in (headers or {}).items()]
        return await self.exchange(method, path, query.encode("latin-1"), found, data)

    async def exchange(
        self, method: str, path: str, query: bytes, headers: list[tuple[bytes, bytes]], body: bytes, parts: int = 1, leaves: bool = False
    ) -> Answered:
        """With what a server would make of a request's bytes. The body comes in `parts`; `leaves`: the client goes before the last."""
        step = max(1, -(-len(body) // parts))
        pieces = [body[start : start + step] for start in range(0, len(body), step)] or [b""]
        incoming = [{"type": "http.request", "body": each, "more_body": True} for each in pieces]
        if leaves:
            incoming[-1] = {"type": "http.disconnect"}
        else:
            incoming[-1]["more_body"] = False
        messages: list[Any] = []

        async def receive() -> dict[str, Any]:
            return incoming.pop(0)

        async def take(message: Any) -> None:
            messages.append(message)

        peer = ("203.0.113.7", 5)
        scope = {"type": "http", "method": method, "path": path, "query_string": query, "headers": headers, "client": peer}
        await self.app(scope, receive, take)
        start, end = messages
        told = {name.decode("latin-1"): value.decode("latin-1") for name, value in start["headers"]}
        return Answered(start["status"], told, end["body"])

    def taken(self) -> list[Collected]:
        return [msgspec.json.decode(line, type=Collected) for line in self._lines("events")]

    def rejected(self) -> list[RejectedRow]:
        return [msgspec.json.decode(line, type=RejectedRow) for line in self._lines("rejected")]

    def _lines(self, topic: str) -> list[bytes]:
        return [line for name, _, value, _ in self.log.records if name == topic for line in value.split(b"\n")]


@asynccontextmanager
async def collector(now_ms: Callable[[], int] = lambda: NOW_MS, **changes: Any) -> AsyncIterator[Lab]:
    """One write key `wk` unless `changes` (settings) say otherwise; nothing is written to disk."""
    settings = Settings(**{"write_keys": {"wk": "web"}, "secret_key": SECRET, "spill_max_bytes": 0, **changes})
    log = MemoryLog({"events": PARTITIONS, "rejected": PARTITIONS})
    app = App(settings, now_ms, log)
    app.start()
    try:
        yield Lab(app, log)
    finally:
        await app.stop()
