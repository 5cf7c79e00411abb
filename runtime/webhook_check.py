"""Whether every trigger that was to be sent was, once: the warehouse's word and the receiver's."""

from __future__ import annotations

import asyncio
import json
import time
import urllib.request

from runtime.compare import Line, line_of
from runtime.figures import Ask

TO_SEND = "SELECT countIf(decision = 'send') FROM triggers_now WHERE lane = {lane:String}"
# A trigger that was taken back before its webhook left is settled as well.
SETTLED = """SELECT uniqExactIf(trigger_id, outcome = 'delivered'),
    uniqExactIf(trigger_id, outcome = 'dead' AND error = 'the trigger was taken back') FROM deliveries WHERE lane = {lane:String}"""
DELIVERED = "SELECT uniqExactIf((lane, trigger_id), outcome = 'delivered') FROM deliveries"
PATIENCE_S, POLL_S = 30.0, 0.3


async def check_webhooks(ask: Ask, lane: str, receiver_url: str) -> list[Line]:
    """The lines to add to a comparison; waits for webhooks that are under way."""
    deadline_s = time.monotonic() + PATIENCE_S
    while True:
        lines = await asyncio.to_thread(_lines, ask, lane, receiver_url)
        if all(line.equal for line in lines) or time.monotonic() > deadline_s:
            return lines
        await asyncio.sleep(POLL_S)


def _lines(ask: Ask, lane: str, receiver_url: str) -> list[Line]:
    of_lane = {"lane": lane}
    to_send = ask(TO_SEND, of_lane)[0][0]
    delivered, taken_back = ask(SETTLED, of_lane)[0]
    with urllib.request.urlopen(f"{receiver_url}/received", timeout=5) as response:
        received = json.load(response)
    return [
        line_of("webhooks delivered (distinct) = triggers to send", to_send - taken_back, delivered),
        line_of("webhooks that the receiver verified (distinct)", received["distinct"], ask(DELIVERED, {})[0][0]),
        line_of("webhooks that came twice", 0, received["duplicates"]),
    ]
