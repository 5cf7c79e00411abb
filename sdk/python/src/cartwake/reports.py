"""What the callbacks are told about events that did not make it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable

Message = dict[str, Any]


class NotSent(Exception):
    """Events that this client gave up: `str(error)` says why (queue full, closed, too large, no answer before the exit)."""


class Refused(NotSent):
    """The collector refused a whole request for good. Sending the events again does not help; mend the key, the host or the client."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code


@dataclass(frozen=True)
class Rejected:
    """One event that the collector took the request of, but not the event itself."""

    message: Message
    code: str
    reason: str


OnError = Callable[[NotSent, list[Message]], None]
OnRejected = Callable[[list[Rejected]], None]
