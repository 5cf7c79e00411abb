"""One request to the collector, and what its answer means."""

from __future__ import annotations

import gzip
import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Protocol

from cartwake.encode import dumps, iso
from cartwake.policy import Policy

TRY_AGAIN = frozenset({408, 429})


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirected POST becomes a GET: it would be answered, and the events lost."""

    def redirect_request(self, *_: Any) -> None:
        return None


@dataclass(frozen=True)
class Answer:
    """`status` 0 means that there was none."""

    status: int
    body: dict[str, Any]
    retry_after_s: float = 0.0

    @property
    def accepted(self) -> bool:
        """Stored. A 200 that is not the collector's (a portal, a static host) is no answer."""
        return self.status == 200 and "success" in self.body

    @property
    def final(self) -> bool:
        """Refused, and would be again."""
        return 400 <= self.status < 500 and self.status not in TRY_AGAIN


class Transport(Protocol):
    """Takes batches to where they are kept. Called by the sender's thread alone."""

    def post(self, write_key: str, events: Sequence[bytes]) -> Answer:
        """Send encoded messages, and wait for what becomes of them."""

    def after_fork(self) -> None:
        """In the child: connections are the parent's."""

    def close(self) -> None:
        """Nothing more will be sent."""


class HttpTransport:
    """POSTs batches to one collector."""

    def __init__(self, host: str, policy: Policy) -> None:
        self._url = host.rstrip("/") + "/v1/batch"
        self._policy = policy
        self._opener = urllib.request.build_opener(_NoRedirect())

    def after_fork(self) -> None:
        """Each request has a connection of its own."""

    def close(self) -> None:
        """The same."""

    def post(self, write_key: str, events: Sequence[bytes]) -> Answer:
        head = dumps({"writeKey": write_key, "sentAt": iso(int(time.time() * 1000))})
        return self._send(head[:-1] + b',"batch":[' + b",".join(events) + b"]}")

    def _send(self, body: bytes) -> Answer:
        headers = {"Content-Type": "application/json", **self._policy.headers}
        if self._policy.gzip:
            body = gzip.compress(body, 6)
            headers["Content-Encoding"] = "gzip"
        request = urllib.request.Request(self._url, body, headers, method="POST")
        try:
            with self._opener.open(request, timeout=self._policy.timeout_s) as response:
                return Answer(response.status, _object(response.read()))
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, _object(_read(error)), retry_after_s(error.headers.get("Retry-After")))
        except (OSError, http.client.HTTPException):
            return Answer(0, {})


def _read(error: urllib.error.HTTPError) -> bytes:
    try:
        return error.read()
    except (OSError, http.client.HTTPException):
        return b""


def _object(text: bytes) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def retry_after_s(header: str | None) -> float:
    """Seconds until the time that a Retry-After names: a number of seconds or a date; 0 where it names none."""
    if not header:
        return 0.0
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(header).timestamp() - time.time())
    except (TypeError, ValueError):
        return 0.0
