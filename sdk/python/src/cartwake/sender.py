"""The background thread: takes batches from the buffer and sends each until the collector has answered for it."""

from __future__ import annotations

import json
import logging
import os
import threading
import weakref
from pathlib import Path
from typing import Any

from cartwake.buffer import Buffer
from cartwake.policy import Policy
from cartwake.reports import Message, NotSent, OnError, OnRejected, Refused, Rejected
from cartwake.spool import Spool
from cartwake.transport import Answer, Transport

log = logging.getLogger("cartwake")
_ENVELOPE_BYTES = 512


class Sender:
    """Owns the queue. `put` never waits for the network; a thread starts with the first event of a process."""

    def __init__(
        self, write_key: str, transport: Transport, policy: Policy, on_error: OnError | None, on_rejected: OnRejected | None
    ) -> None:
        self._write_key = write_key
        self._policy = policy
        self._transport = transport
        self._on_error = on_error
        self._on_rejected = on_rejected
        self.dropped = 0
        self._begin()
        _senders.add(self)

    def _begin(self) -> None:
        """The state of a process that has sent nothing yet."""
        self._changed = threading.Condition()
        self._buffer: Buffer | Spool = Spool(Path(self._policy.spool_dir), self._policy) if self._policy.spool_dir else Buffer(self._policy)
        self._in_flight: list[bytes] = []
        self._thread: threading.Thread | None = None
        self._hurry = False  # somebody waits for the queue to be empty
        self._closing = False
        self._given_up = False
        if len(self._buffer):  # left on disk by a process before this one
            self._start()

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="cartwake", daemon=True)
            self._thread.start()

    def after_fork(self) -> None:
        """In the child: what waits belongs to the parent, which sends it; locks and thread did not come along."""
        self._buffer.forget()
        self._transport.after_fork()
        self._begin()

    def put(self, event: bytes) -> None:
        if len(event) > self._policy.max_event_bytes:
            return self._report(NotSent(f"larger than {self._policy.max_event_bytes} bytes"), [event])
        with self._changed:
            gone = [event] if self._closing else self._buffer.put(event)
            why = "the client is closed" if self._closing else "the queue is full"
            if not self._closing:
                self._start()
            if len(self._buffer) == 1 or self._buffer.full_batch:
                self._changed.notify_all()
        if gone:
            self._report(NotSent(why), gone)

    def flush(self, timeout_s: float | None) -> bool:
        """Wait until everything is answered for; False when `timeout_s` passed before."""
        with self._changed:
            self._hurry = True
            self._changed.notify_all()
            try:
                return self._changed.wait_for(lambda: not self._waiting, timeout_s)
            finally:
                self._hurry = False

    def close(self, timeout_s: float) -> bool:
        """Send what there is, at once and then as the back-off allows, and end; what is left at the end is reported."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
            done = self._changed.wait_for(lambda: not self._waiting, timeout_s)
            self._given_up = True
            left = [] if self._policy.spool_dir else self._in_flight
            left = [*left, *self._buffer.clear()]
            self._in_flight = []
            self._changed.notify_all()
        if done and self._thread is not None:
            self._thread.join(timeout_s)
        if left:
            self._report(NotSent(f"no answer within {timeout_s:g} s of the end"), left)
        return done

    @property
    def _waiting(self) -> int:
        return len(self._buffer) + len(self._in_flight)

    def _run(self) -> None:
        while batch := self._next_batch():
            self._deliver(batch)
            with self._changed:
                if not self._given_up:
                    self._buffer.settle()
                self._in_flight = []
                self._changed.notify_all()
        self._transport.close()

    def _next_batch(self) -> list[bytes]:
        """Waits for events, then for company as long as they may wait; nothing when it is time to end."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._buffer) or self._closing)
            self._changed.wait_for(lambda: self._buffer.full_batch or self._hurry or self._closing, self._policy.flush_interval_s)
            self._in_flight = self._buffer.take(self._policy.max_batch_bytes - _ENVELOPE_BYTES)
            return self._in_flight

    def _deliver(self, batch: list[bytes]) -> None:
        failures = 0
        while True:
            with self._changed:
                if self._given_up:
                    return
                was_closing = self._closing
            answer = self._transport.post(self._write_key, batch)
            if answer.accepted:
                return self._settle(answer, batch)
            if answer.final:
                return self._report(_refusal(answer), batch)
            wait_s = self._policy.wait_s(failures, answer.retry_after_s)
            failures += 1
            log.info("cartwake: %s, next try in %.1f s", answer.status or "no answer", wait_s)
            with self._changed:
                if self._changed.wait_for(lambda: self._given_up or (self._closing and not was_closing), wait_s):  # noqa: B023
                    failures = 0

    def _settle(self, answer: Answer, batch: list[bytes]) -> None:
        rejected = [found for found in (_rejected(entry, batch) for entry in answer.body.get("rejected") or ()) if found]
        if not rejected:
            return
        log.warning("cartwake: the collector rejected %d of %d events, the first: %s", len(rejected), len(batch), rejected[0].reason)
        if self._on_rejected is not None:
            _guarded(self._on_rejected, rejected)

    def _report(self, error: NotSent, events: list[bytes]) -> None:
        self.dropped += len(events)
        log.warning("cartwake: %d events were not sent: %s", len(events), error)
        if self._on_error is not None:
            _guarded(self._on_error, error, [_decoded(event) for event in events])


def _guarded(callback: Any, *given: Any) -> None:
    """A callback that fails must not end the thread."""
    try:
        callback(*given)
    except Exception:
        log.exception("cartwake: a callback failed")


def _decoded(event: bytes) -> Message:
    message: Message = json.loads(event)
    return message


def _refusal(answer: Answer) -> Refused:
    return Refused(answer.status, str(answer.body.get("code", "refused")), str(answer.body.get("message", "")))


def _rejected(entry: Any, batch: list[bytes]) -> Rejected | None:
    index = entry.get("index") if isinstance(entry, dict) else None
    if not isinstance(index, int) or not 0 <= index < len(batch):
        return None
    return Rejected(_decoded(batch[index]), str(entry.get("code", "")), str(entry.get("message", "")))


_senders: weakref.WeakSet[Sender] = weakref.WeakSet()


def _after_fork() -> None:
    for sender in _senders:
        sender.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
