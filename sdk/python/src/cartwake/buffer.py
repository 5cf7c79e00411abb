"""Encoded events in memory: bounded by number and bytes, taken in batches. Not thread-safe: the sender's lock guards it."""

from __future__ import annotations

from collections import deque

from cartwake.policy import Policy


class Buffer:
    """A queue that drops its oldest events when it is full."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._events: deque[bytes] = deque()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._events)

    @property
    def full_batch(self) -> bool:
        return len(self._events) >= self._policy.max_batch_events or self._bytes >= self._policy.max_batch_bytes

    def put(self, event: bytes) -> list[bytes]:
        """Keep an event; returns the old ones that had to go for it."""
        self._events.append(event)
        self._bytes += len(event)
        gone = []
        while len(self._events) > self._policy.max_queue_events or self._bytes > self._policy.max_queue_bytes:
            gone.append(self._pop())
        return gone

    def take(self, room_bytes: int) -> list[bytes]:
        """The oldest events that make up one batch; at least one if there is any."""
        batch: list[bytes] = []
        while self._events and len(batch) < self._policy.max_batch_events:
            room_bytes -= len(self._events[0]) + 1
            if batch and room_bytes < 0:
                break
            batch.append(self._pop())
        return batch

    def settle(self) -> None:
        """What was taken is answered for; memory has nothing to do then."""

    def forget(self) -> None:
        """In a forked child: what waits is the parent's."""

    def clear(self) -> list[bytes]:
        everything = list(self._events)
        self._events.clear()
        self._bytes = 0
        return everything

    def _pop(self) -> bytes:
        event = self._events.popleft()
        self._bytes -= len(event)
        return event
