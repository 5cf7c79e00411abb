"""The way of events from a request's bytes to Kafka's acknowledgement."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from collector import body, intake
from collector.answers import Answer, Refused, Rejected, malformed
from collector.asgi import Request
from collector.auth import Keys
from collector.context import Visitor
from collector.dialects.dialect import Given, Sent
from collector.dialects.registry import Route
from collector.enrich.address import client_of
from collector.enrich.agent import is_visitors
from collector.enrich.places import Places
from collector.erased import Erased
from collector.gate import Gate, Place
from collector.lanes import Lanes
from collector.limits import TIME_MAX_CHARS
from collector.metrics import Metrics
from collector.minimal import allowed
from collector.rate import Rates
from collector.salvage import opened
from collector.steps import Envelope, read_time
from collector.store import Store
from collector.surrogates import mended
from runtime.settings import Settings
from schemas.topics import LIVE

LANE_HEADER = "x-cartwake-lane"
CLOCK_HEADER = "x-cartwake-clock"


class Target(NamedTuple):
    """Where a request's events go, and when they count as received."""

    lane: str
    received_at_ms: int


class Collect:
    """Handlers for requests that bring events, whatever the dialect."""

    def __init__(
        self,
        settings: Settings,
        keys: Keys,
        lanes: Lanes,
        store: Store,
        gate: Gate,
        rates: Rates,
        metrics: Metrics,
        places: Places,
        erased: Erased,
        now_ms: Callable[[], int],
    ) -> None:
        self._settings, self._keys, self._lanes, self._store = settings, keys, lanes, store
        self._gate, self._rates, self._metrics, self._places, self._now_ms = gate, rates, metrics, places, now_ms
        self._erased, self._allowed = erased, allowed(settings.fields_allowed)

    def handler(self, route: Route) -> Callable[[Request], Any]:
        """For one address."""

        async def handle(request: Request) -> Answer:
            try:
                target = self._target(request.headers)
                with self._gate.enter() as place:
                    return await self._handle(request, target, route, place)
            except Refused as refused:
                raise route.dialect.refusal(refused) from None  # under no name: the frame would hold on to it, and it to the body

        return handle

    async def _handle(self, request: Request, target: Target, route: Route, place: Place) -> Answer:
        max_bytes = self._settings.max_batch_bytes
        packed = await request.body(max_bytes, place.arrived)
        text = mended(body.unpacked(packed, request.headers.get("content-encoding", ""), max_bytes))
        del packed  # while Kafka is awaited the text is all that is held
        place.read(len(text))
        self._store.need_room(target.lane, len(text))
        sent = opened(route.dialect, self._given(request, text, target, route))
        envelope = self._envelope(request, target, route, sent)
        try:
            self._meter(envelope.write_key, len(sent.events), target.lane)
            accepted, rejected = await self._take(sent.events, envelope, target.lane)
        except Refused as refused:
            if refused.status == 503 and target.lane == LIVE:
                self._rates.give_back(envelope.write_key, len(sent.events))
            raise
        return route.dialect.answer(route.kind, accepted, rejected)

    def _meter(self, write_key: str, events: int, lane: str) -> None:
        """Refused with 429 beyond the key's rate or quota. Other lanes need the secret key, and know no such limits."""
        over = self._rates.take(write_key, events, self._now_ms()) if lane == LIVE else None
        if over:
            self._metrics.count_limited(write_key, over.code, events)
            raise Refused(429, over.code, f"This write key may send {over.limit}; send again later.", over.retry_after_s)

    def _target(self, headers: Mapping[str, str]) -> Target:
        """Another lane or another clock needs the secret key."""
        lane, clock = headers.get(LANE_HEADER), headers.get(CLOCK_HEADER)
        if lane is None and clock is None:
            return Target(LIVE, self._now_ms())
        self._keys.need_secret(headers, self._now_ms())
        if clock is None:
            return Target(lane or LIVE, self._now_ms())
        received_at_ms = read_time("X-Cartwake-Clock", int(clock)) if clock.isdecimal() and len(clock) < 16 else None
        if not isinstance(received_at_ms, int):
            raise malformed("X-Cartwake-Clock is not a time in epoch milliseconds.")
        return Target(lane or LIVE, received_at_ms)

    def _given(self, request: Request, text: bytes, target: Target, route: Route) -> Given:
        return Given(
            text=text,
            headers=request.headers,
            query=request.query,
            kind=route.kind,
            received_at_ms=target.received_at_ms,
            max_events=self._settings.max_batch_events,
        )

    def _envelope(self, request: Request, target: Target, route: Route, sent: Sent) -> Envelope:
        write_key = self._keys.write_key(request.headers, self._now_ms(), *sent.keys)
        agent = request.headers.get("user-agent", "")
        return Envelope(
            write_key=write_key,
            source=self._keys.write_keys[write_key],
            received_at_ms=target.received_at_ms,
            max_event_bytes=self._settings.max_event_bytes,
            max_record_bytes=self._settings.max_record_bytes,
            visitor=Visitor(
                user_agent=agent[:512] if is_visitors(agent) else "",
                address=client_of(request.peer, request.headers, self._settings.proxies),
                places=self._places,
            ),
            kind=sent.kind,
            sent_at=_short(sent.sent_at),
            context=sent.context if isinstance(sent.context, dict) else None,
            dialect=route.dialect,
            outer=sent.outer,
            erased=self._erased.list,
            fields_allowed=self._allowed,
        )

    async def _take(self, raws: Sequence[bytes | msgspec.Raw], envelope: Envelope, lane: str) -> tuple[int, list[Rejected]]:
        """How many were taken, and the others; only when all of it is stored."""
        try:
            partitions = await self._lanes.partitions(lane)
            rejected_partitions = await self._lanes.partitions(lane, "rejected")
        except Refused:
            if not self._store.spills(lane):
                raise
            partitions = 0
        found = intake.take(raws, envelope, lane, partitions or 1)
        if partitions:
            await self._store.put(lane, found.lines, found.rejected_lines, rejected_partitions)
        else:  # Kafka has been away since the start, so that nobody knows the partitions
            await self._store.put_later(found.lines.get(0, []), found.rejected_lines)
        self._metrics.count_events(found.accepted, intake.codes(found.rejected))
        self._metrics.count_dropped(found.fields_dropped)
        return found.accepted, found.rejected


def _short(sent_at: Any) -> Any:
    """A time that is said once for all events, so that it is cheap to look at for each: what is no time stays none."""
    if isinstance(sent_at, str):
        return sent_at[: TIME_MAX_CHARS + 1]
    return sent_at if sent_at is None or isinstance(sent_at, (int, float)) else [type(sent_at).__name__]
