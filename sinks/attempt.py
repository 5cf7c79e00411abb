"""One attempt to deliver a webhook."""

from __future__ import annotations

import time
from dataclasses import dataclass

import aiohttp

from schemas.rows import DeliveryRow
from sinks import metrics, payload, signature
from sinks.faults import reach
from sinks.letter import Letter
from sinks.schedule import Clock, retry_after_s

TIMEOUT_S = 15.0
GONE = 410
MAX_ERROR = 300
USER_AGENT = "cartwake-webhooks/1"


@dataclass(frozen=True)
class Result:
    """What the receiver said: `verdict` is delivered, failed or gone. `status` is 0 when it said nothing."""

    verdict: str
    status: int
    error: str
    retry_after_s: float
    at_ms: int
    duration_ms: int

    def row(self, letter: Letter, outcome: str, url: str) -> DeliveryRow:
        trigger = letter.trigger
        return DeliveryRow(
            lane=trigger.lane,
            trigger_id=trigger.trigger_id,
            attempt=letter.attempts,
            attempted_at_ms=self.at_ms,
            outcome=outcome,
            url=url,
            status_code=self.status,
            error=self.error,
            duration_ms=self.duration_ms,
        )


def unsent(reason: str, now_ms: int) -> Result:
    """Given up without asking the receiver."""
    return Result("gone", 0, reason, 0.0, now_ms, 0)


class Postman:
    """Posts signed bodies to one address."""

    def __init__(self, session: aiohttp.ClientSession, url: str, secret: str, clock: Clock) -> None:
        self.url = url
        self.clock = clock
        self._session, self._secret = session, secret

    async def post(self, letter: Letter) -> Result:
        """Never raises for what the receiver does."""
        started_s, at_ms = time.monotonic(), int(self.clock() * 1000)
        body = payload.body(letter.trigger)
        headers = signature.headers(self._secret, letter.trigger.trigger_id, at_ms // 1000, body)
        headers |= {"Content-Type": "application/json", "User-Agent": USER_AGENT}
        status, error, wait_s = 0, "", 0.0
        try:
            async with self._session.post(self.url, data=body, headers=headers, allow_redirects=False) as response:
                status = response.status
                wait_s = retry_after_s(response.headers.get("Retry-After", ""), at_ms / 1000)
                error = "" if _is_success(status) else (await response.content.read(MAX_ERROR)).decode(errors="replace")
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as failure:
            error = f"{type(failure).__name__}: {failure}"[:MAX_ERROR]
        reach("after_post")
        seconds = time.monotonic() - started_s
        metrics.WEBHOOK_S.observe(seconds)
        verdict = "delivered" if _is_success(status) else "gone" if status == GONE else "failed"
        return Result(verdict, status, error, wait_s, at_ms, round(seconds * 1000))


def _is_success(status: int) -> bool:
    return 200 <= status < 300
