"""Sends messages to the collector until it has acknowledged them: for replays and the simulator.

Messages of one key (device, else user) arrive in the order given: a batch is split by key into a few requests that run side by side, and
the next batch waits for all of them. So does the clock: what it says has been received has been acknowledged.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Protocol

import aiohttp
import msgspec

from runtime.address import collector_url, trust
from runtime.settings import Settings
from schemas.partition import partition_of

REQUEST_TIMEOUT_S = 30.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 3.0
NEW_LANE_GRACE_S = 5.0  # the collector may not have seen the topics of a new lane yet


class SendError(RuntimeError):
    """The collector refused the request as such (or GaveUp). Stop and show the message."""


class GaveUp(SendError):
    """The collector stayed away, or did not take it, for longer than the patience. Whether the events are stored is not known."""


class Outgoing(Protocol):
    """One message of Segment's API as JSON, and the key whose order is kept."""

    @property
    def key(self) -> str: ...

    @property
    def body(self) -> bytes: ...


class Refused(msgspec.Struct, frozen=True):
    """One event that the collector did not take, as its answer says."""

    index: int = -1
    id: str | None = None
    code: str = ""
    message: str = ""


class Answer(msgspec.Struct):
    """The collector's answer to a batch."""

    accepted: int
    rejected: list[Refused] = []


class Sent:
    """What the answers added up to. `resent`: events of requests that were repeated without knowing whether they had arrived."""

    def __init__(self) -> None:
        self.accepted = 0
        self.rejected: Counter[str] = Counter()
        self.resent = 0
        self.refused: list[Refused] = []  # the first few, to be shown


class Sender:
    """`async with Sender(settings, write_key, lane=...) as sender: await sender.send(messages, clock_ms)`. Counts are in `sender.sent`."""

    def __init__(
        self,
        settings: Settings,
        write_key: str,
        *,
        lane: str = "",
        concurrency: int = 4,
        patience_s: float = 120.0,
        timeout_s: float = REQUEST_TIMEOUT_S,
        url: str = "",
    ) -> None:
        self.sent = Sent()
        self._url = url or collector_url(settings)
        self._trust = trust(settings)
        self._secret_key = settings.secret_key
        self._write_key = write_key
        self._lane = lane
        self._concurrency = concurrency
        self._patience_s, self._timeout_s = patience_s, timeout_s
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Sender:
        timeout = aiohttp.ClientTimeout(total=self._timeout_s)
        connector = aiohttp.TCPConnector(ssl=self._trust) if self._trust else None
        headers = {"Authorization": f"Bearer {self._secret_key}"}
        self._session = aiohttp.ClientSession(timeout=timeout, headers=headers, connector=connector)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._session is not None:
            await self._session.close()

    async def send(self, messages: Sequence[Outgoing], clock_ms: int | None = None) -> None:
        """Returns when all of them are acknowledged. `clock_ms` is the time of reception in a lane of event time."""
        headers = {"X-Cartwake-Lane": self._lane} if self._lane else {}
        if clock_ms is not None:
            headers["X-Cartwake-Clock"] = str(clock_ms)
        shards: defaultdict[int, list[bytes]] = defaultdict(list)
        for message in messages:
            shards[partition_of(message.key, self._concurrency)].append(message.body)
        try:
            async with asyncio.TaskGroup() as group:
                for bodies in shards.values():
                    group.create_task(self._batch(bodies, headers))
        except ExceptionGroup as errors:  # not `except*`: before Python 3.11.3 that wraps what is raised in it in a group again
            refused = errors.subgroup(SendError)
            if refused is None:
                raise
            raise refused.exceptions[0] from errors

    async def clock(self, now_ms: int) -> None:
        """Tell the lane that everything received before `now_ms` has been sent."""
        body = msgspec.json.encode({"lane": self._lane, "now_ms": now_ms})
        await self._post("/v1/clock", body, {}, 0)

    async def _batch(self, bodies: list[bytes], headers: dict[str, str]) -> None:
        key = msgspec.json.encode(self._write_key)
        body = b'{"writeKey":' + key + b',"batch":[' + b",".join(bodies) + b"]}"
        answer = msgspec.json.decode(await self._post("/v1/batch", body, headers, len(bodies)), type=Answer)
        self.sent.accepted += answer.accepted
        self.sent.rejected.update(refused.code for refused in answer.rejected)
        self.sent.refused += answer.rejected[: max(0, 10 - len(self.sent.refused))]
        if answer.accepted + len(answer.rejected) != len(bodies):
            raise SendError(f"the collector counted {answer.accepted} + {len(answer.rejected)} events of {len(bodies)}")

    async def _post(self, path: str, body: bytes, headers: dict[str, str], events: int) -> bytes:
        """The body of the answer 200; repeats while the collector is away or busy."""
        loop = asyncio.get_running_loop()
        began_s, pause_s = loop.time(), FIRST_PAUSE_S
        while True:
            status, retry_after_s, answer = await self._attempt(path, body, headers)
            if status == 200:
                return answer
            is_new_lane = status == 404 and loop.time() < began_s + NEW_LANE_GRACE_S
            if 0 < status < 500 and status != 429 and not is_new_lane:
                raise SendError(f"{self._url}{path}: {status} {answer.decode(errors='replace')[:500]}")
            if loop.time() > began_s + self._patience_s:
                raise GaveUp(f"{self._url}{path}: no success for {self._patience_s:.0f} s, last: {status or ''} {answer.decode()[:500]}")
            if status not in (404, 429):
                self.sent.resent += events
            await asyncio.sleep(min(max(pause_s, retry_after_s), LONGEST_PAUSE_S))
            pause_s *= 2

    async def _attempt(self, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, float, bytes]:
        """Status, Retry-After and body; status 0 when there was no answer."""
        assert self._session is not None, "use `async with`"
        all_headers: dict[str, Any] = {"Content-Type": "application/json", **headers}
        try:
            async with self._session.post(self._url + path, data=body, headers=all_headers) as response:
                return response.status, _seconds(response.headers.get("Retry-After", "")), await response.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return 0, 0.0, f"{type(error).__name__}: {error}".encode()


def _seconds(text: str) -> float:
    return float(text) if text.isdigit() else 0.0
