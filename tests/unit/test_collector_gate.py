"""What requests hold together, without a server: parts of bodies, complete ones, and what is left when they go."""

from __future__ import annotations

import pytest

from collector.answers import Refused
from collector.asgi import Message, Request
from collector.gate import Gate


def request_of(*parts: bytes) -> Request:
    """A request whose body arrives in parts."""
    waiting: list[Message] = [
        {"type": "http.request", "body": part, "more_body": index + 1 < len(parts)} for index, part in enumerate(parts)
    ]

    async def receive() -> Message:
        return waiting.pop(0)

    return Request({"method": "POST", "path": "/", "headers": []}, receive)


def test_bodies_are_refused_before_they_exceed_the_limit_together() -> None:
    gate = Gate(max_requests=10, max_bytes=100)
    with gate.enter() as first, gate.enter() as second:
        first.arrived(60)
        second.arrived(40)
        with pytest.raises(Refused) as refused:
            second.arrived(1)
        assert (refused.value.status, refused.value.code, refused.value.retry_after_s) == (503, "overloaded", 3)
        assert gate.used_bytes == 100
    assert gate.used_bytes == 0


def test_a_body_counts_as_large_as_it_is_unpacked() -> None:
    gate = Gate(max_requests=10, max_bytes=100)
    with gate.enter() as packed:
        packed.arrived(10)
        packed.read(90)
        assert gate.used_bytes == 90
        with gate.enter() as other, pytest.raises(Refused):
            other.arrived(5)
            other.read(11)
        assert gate.used_bytes == 90
    assert (gate.used_bytes, gate.requests) == (0, 0)


def test_requests_count_from_when_they_are_read() -> None:
    gate = Gate(max_requests=1, max_bytes=100)
    with gate.enter() as slow, gate.enter() as quick:
        slow.arrived(1)
        quick.read(1)
        with pytest.raises(Refused):
            slow.read(1)
    with gate.enter() as next_one:
        next_one.read(1)
        assert gate.requests == 1
    assert gate.requests == 0


async def test_a_refused_body_is_read_to_its_end_and_forgotten() -> None:
    gate = Gate(max_requests=1, max_bytes=5)
    request = request_of(b"aaaa", b"bbbb", b"cccc")
    with gate.enter() as place, pytest.raises(Refused):
        await request.body(100, place.arrived)
    assert gate.used_bytes == 0
    await request.drain()
    await request.drain()  # nothing is asked for beyond the end


async def test_a_body_that_is_complete_is_not_drained() -> None:
    request = request_of(b"aa", b"bb")
    assert await request.body(4) == b"aabb"
    await request.drain()
