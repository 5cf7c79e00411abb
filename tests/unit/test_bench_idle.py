"""Whose rows the latency of an idle shop is taken from: each must come, or the measurement would wait for nothing."""

from __future__ import annotations

import msgspec
import orjson
import pytest

from bench.idle import body, mark_of, marks
from collector.intake import take
from collector.steps import Envelope
from schemas.collected import Collected
from streams.logic.policy import Policy
from streams.memory import MemoryStream

AT_MS = 1_767_225_600_000


def sent(number: int, at_ms: int) -> Collected:
    """The request, as the collector passes it on."""
    envelope = Envelope(write_key="k", source="web", received_at_ms=at_ms, max_event_bytes=32_768, kind="track")
    taken = take([body(number, at_ms)], envelope, "t", 1)
    assert taken.accepted == 1
    return msgspec.json.decode(taken.lines[0][0], type=Collected)


@pytest.mark.parametrize("number", range(3))
def test_each_event_brings_the_rows_that_are_waited_for(number: int) -> None:
    stream = MemoryStream(Policy(lane="t", partitions=1))
    for visit in range(3):  # the same visitor comes back
        again, at_ms = number + 6_000 * visit, AT_MS + 30_000 * visit
        stream.rows.clear()
        stream.send([sent(again, at_ms)])
        stream.run()
        found = {mark_of(topic, orjson.dumps(row)) for topic in ("journeys", "sessions", "carts") for row in stream.rows[topic]}
        assert set(marks(again, at_ms)) == found
