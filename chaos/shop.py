"""The shop's end of the webhooks: checks each one and notes it, and now and then is in trouble itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from random import Random
from types import TracebackType

import msgspec
from aiohttp import web

from sinks.signature import SignatureError, verify

TROUBLE_SHARE, LOST_ANSWER_SHARE = 0.03, 0.02  # of requests


class Shop:
    """`async with Shop(secret, port, clock, random) as shop:`.

    `came`: by lane and webhook id the episodes that it came with, one for each time.
    """

    def __init__(self, secret: str, port: int, clock: Callable[[], float], random: Random) -> None:
        self.came: defaultdict[str, defaultdict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        self.forged = 0
        self.answers_lost = 0
        self._secret, self._port, self._clock, self._random = secret, port, clock, random
        app = web.Application()
        app.add_routes([web.post("/", self._receive)])
        self._runner = web.AppRunner(app, access_log=None)

    async def __aenter__(self) -> Shop:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._runner.cleanup()

    async def _receive(self, request: web.Request) -> web.Response:
        body = await request.read()
        try:
            webhook_id = verify(self._secret, request.headers, body, int(self._clock()))
        except SignatureError as error:
            self.forged += 1
            return web.Response(status=401, text=f"{error}\n")
        chance = self._random.random()
        if chance < TROUBLE_SHARE:
            return web.Response(status=503, text="the shop is in trouble\n")
        told = msgspec.json.decode(body)["data"]
        self.came[told["lane"]][webhook_id].append(told["episode_id"])
        if chance < TROUBLE_SHARE + LOST_ANSWER_SHARE and request.transport is not None:
            self.answers_lost += 1
            request.transport.abort()
        return web.Response(text="ok\n")
