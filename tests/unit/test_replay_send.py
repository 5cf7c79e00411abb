"""The sender, against a collector that answers what the test tells it to."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest
from aiohttp import web

from replays.rows import Ready
from runtime.send import GaveUp, Sender, SendError
from runtime.settings import Settings

SETTINGS = Settings(secret_key="sk_test")


class Collector:
    """Answers with the given statuses in turn, then with 200; keeps what it was sent."""

    def __init__(self, statuses: list[int]) -> None:
        self.statuses: Iterator[int] = iter(statuses)
        self.taken: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []

    async def answer(self, request: web.Request) -> web.StreamResponse:
        status = next(self.statuses, 200)
        if status == 0:
            assert request.transport is not None
            request.transport.close()
        if status != 200:
            return web.Response(status=status, headers={"Retry-After": "0"}, text="not now")
        events = msgspec.json.decode(await request.read())["batch"]
        self.taken += events
        self.headers.append(dict(request.headers))
        bad = [{"index": n, "id": None, "code": "no_identity", "message": "?"} for n, event in enumerate(events) if event["n"] < 0]
        return web.json_response({"success": True, "accepted": len(events) - len(bad), "rejected": bad})


@asynccontextmanager
async def serving(collector: Collector) -> AsyncIterator[str]:
    app = web.Application()
    app.add_routes([web.post("/{path:.*}", collector.answer)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def message(n: int, key: str = "k") -> Ready:
    return Ready(n, n, key, msgspec.json.encode({"n": n, "key": key}))


async def test_counts_are_the_answers_and_the_headers_say_lane_and_clock() -> None:
    collector = Collector([])
    async with serving(collector) as url, Sender(SETTINGS, "key", lane="x", url=url) as sender:
        await sender.send([message(1), message(-2), message(3)], 77)
    assert (sender.sent.accepted, dict(sender.sent.rejected), sender.sent.resent) == (2, {"no_identity": 1}, 0)
    headers = collector.headers[0]
    assert (headers["X-Cartwake-Lane"], headers["X-Cartwake-Clock"], headers["Authorization"]) == ("x", "77", "Bearer sk_test")


@pytest.mark.parametrize(("status", "resent"), [(503, 2), (500, 2), (0, 2), (429, 0), (404, 0)])
async def test_a_request_is_repeated_until_it_is_acknowledged(status: int, resent: int) -> None:
    collector = Collector([status])
    async with serving(collector) as url, Sender(SETTINGS, "key", url=url) as sender:
        await sender.send([message(1), message(2)])
    assert (len(collector.taken), sender.sent.accepted, sender.sent.resent) == (2, 2, resent)


async def test_order_is_kept_for_each_key() -> None:
    collector = Collector([])
    async with serving(collector) as url, Sender(SETTINGS, "key", url=url) as sender:
        for start in range(0, 60, 20):
            await sender.send([message(n, f"k{n % 7}") for n in range(start, start + 20)])
    for key in {event["key"] for event in collector.taken}:
        mine = [event["n"] for event in collector.taken if event["key"] == key]
        assert mine == sorted(mine)
    assert len(collector.taken) == 60


async def test_a_refused_request_is_an_error_at_once_and_a_collector_that_stays_away_one_in_the_end() -> None:
    async with serving(Collector([401])) as url, Sender(SETTINGS, "key", url=url) as sender:
        with pytest.raises(SendError, match="401 not now") as refused:
            await sender.send([message(1)])
        assert not isinstance(refused.value, GaveUp)
    async with Sender(SETTINGS, "key", url="http://127.0.0.1:9", patience_s=0.2) as sender:
        with pytest.raises(GaveUp, match="no success"):
            await sender.send([message(1)])
