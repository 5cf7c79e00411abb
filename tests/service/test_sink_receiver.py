"""The demo's receiver believes only signed requests, and counts what came twice."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web

from runtime.secrets import new_webhook_secret
from sinks import payload, signature
from sinks.receiver import Receiver
from tests.unit.test_sink_webhooks import TRIGGER

SECRET = new_webhook_secret()
BODY = payload.body(TRIGGER)


@pytest.fixture
async def url() -> AsyncIterator[str]:
    runner = web.AppRunner(Receiver(SECRET, time.time, fail_first=1).app(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def test_it_fails_first_then_counts_and_refuses_a_bad_signature(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    good = signature.headers(SECRET, "t1", int(time.time()), BODY)
    bad = signature.headers(new_webhook_secret(), "t1", int(time.time()), BODY)
    statuses = []
    async with aiohttp.ClientSession() as session:
        for headers in (bad, good, good, good):
            async with session.post(f"{url}/hook", data=BODY, headers=headers) as answer:
                statuses.append(answer.status)
        async with session.get(f"{url}/received") as answer:
            received = await answer.json()
    assert statuses == [401, 503, 200, 200]
    assert (received["count"], received["distinct"], received["duplicates"]) == (2, 1, 1)
    assert [(each["id"], each["duplicate"]) for each in received["last"]] == [("t1", False), ("t1", True)]
    refused, first, again = capsys.readouterr().out.splitlines()
    assert refused.startswith("refused: ")
    assert first.endswith("u:ann left 1 x Shoe: 12.50 EUR  t1")
    assert again.endswith("(again)")
