"""A shop's end of the webhooks, for the demo and for tests: checks each request and says what came."""

from __future__ import annotations

import asyncio
import random
from collections import Counter, deque
from typing import Any

import msgspec
from aiohttp import web

from sinks.schedule import Clock
from sinks.signature import SignatureError, verify

LAST = 50


class Receiver:
    """Answers 200, or 503 while it plays a shop in trouble."""

    def __init__(self, secret: str, clock: Clock, fail_first: int = 0, fail_rate: float = 0.0) -> None:
        self._clock = clock
        self._secret, self._fail_first, self._fail_rate = secret, fail_first, fail_rate
        self._requests = 0
        self._seen: Counter[str] = Counter()
        self._last: deque[dict[str, Any]] = deque(maxlen=LAST)

    def app(self) -> web.Application:
        app = web.Application()
        app.add_routes([web.post("/", self.receive), web.post("/{path:.*}", self.receive), web.get("/received", self.received)])
        app.add_routes([web.get("/healthz", self.healthz)])
        return app

    async def receive(self, request: web.Request) -> web.Response:
        body = await request.read()
        try:
            webhook_id = verify(self._secret, request.headers, body, int(self._clock()))
        except SignatureError as error:
            print(f"refused: {error}", flush=True)
            return web.Response(status=401, text=f"{error}\n")
        self._requests += 1
        if self._requests <= self._fail_first or random.random() < self._fail_rate:
            return web.Response(status=503, text="the shop is in trouble\n", headers={"Retry-After": "0"})
        self._note(webhook_id, msgspec.json.decode(body))
        return web.Response(text="ok\n")

    async def received(self, _: web.Request) -> web.Response:
        count = self._seen.total()
        return web.json_response(
            {"count": count, "distinct": len(self._seen), "duplicates": count - len(self._seen), "last": list(self._last)}
        )

    async def healthz(self, _: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    def _note(self, webhook_id: str, message: dict[str, Any]) -> None:
        is_duplicate = webhook_id in self._seen
        self._seen[webhook_id] += 1
        self._last.append({"id": webhook_id, "duplicate": is_duplicate, **message})
        print(describe(webhook_id, message.get("data", {}), is_duplicate), flush=True)


def describe(webhook_id: str, data: dict[str, Any], is_duplicate: bool) -> str:
    """One line: who left what, worth how much."""
    items = ", ".join(f"{item['quantity']} x {item['name'] or item['product_id']}" for item in data.get("items", ()))
    who = f"{data.get('fired_at', '')}  {data.get('person_id', '?')}"
    worth = f"{data.get('value')} {data.get('currency')}"
    return f"{who} left {items or 'a cart'}: {worth}  {webhook_id}{'  (again)' if is_duplicate else ''}"


async def run_receiver(secret: str, host: str, port: int, stop: asyncio.Event, clock: Clock, fail_first: int, fail_rate: float) -> None:
    """The process, until `stop`."""
    runner = web.AppRunner(Receiver(secret, clock, fail_first, fail_rate).app(), access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        print(f"listening on http://{host}:{runner.addresses[0][1]}", flush=True)
        await stop.wait()
    finally:
        await runner.cleanup()
