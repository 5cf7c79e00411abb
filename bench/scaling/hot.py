"""A person with very many events (a till without loyalty numbers, a bot): what each further event costs. Timed on the stream in memory."""

from __future__ import annotations

import time
from typing import NamedTuple

from schemas.collected import Collected
from streams.logic.policy import Policy
from streams.memory import MemoryStream

_START_MS = 1_700_000_000_000
_DAY_MS = 86_400_000
_NAMES = ("view_item", "add_to_cart", "begin_checkout", "purchase")
_RECORD_EVENTS = 50


class Heat(NamedTuple):
    """After so many events of one person: the cost of the next ones and the size of its state."""

    events: int
    us_per_event: float
    state_bytes: int


def measure(events_a_day: int, events: int, steps: int) -> list[Heat]:
    """Events come in order, evenly over the day; one tick a record."""
    stream = MemoryStream(Policy(lane="live", partitions=1))
    found = []
    each = events // steps
    for step in range(steps):
        began_s = time.process_time()
        for first in range(step * each, (step + 1) * each, _RECORD_EVENTS):
            stream.send([_event(number, events_a_day) for number in range(first, first + _RECORD_EVENTS)])
            stream.tick(_START_MS + (first + _RECORD_EVENTS) * _DAY_MS // events_a_day)
            stream.run()
        took_s = time.process_time() - began_s
        state = max(map(len, stream.state["journey", 0].values()))
        found.append(Heat((step + 1) * each, round(took_s / each * 1e6, 1), state))
        stream.rows.clear()
    return found


def _event(number: int, events_a_day: int) -> Collected:
    at_ms = _START_MS + number * _DAY_MS // events_a_day
    return Collected(
        event=_NAMES[number % len(_NAMES)],
        message_id=f"m{number}",
        write_key="k",
        user_id="till",
        client_at_ms=at_ms,
        received_at_ms=at_ms,
        source="store",
    )
