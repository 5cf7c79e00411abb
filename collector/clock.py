"""`POST /v1/clock`: time for a lane that follows the clock of its events."""

from collections.abc import Callable

import msgspec

from collector.answers import Answer, Refused, malformed, ok
from collector.asgi import Request
from collector.auth import Keys
from collector.collect import LANE_HEADER
from collector.lanes import Lanes
from collector.limits import LATEST_MS
from collector.store import Store
from schemas.journeys import Tick
from schemas.topics import LIVE

_MAX_BODY_BYTES = 4096
_encode = msgspec.json.Encoder().encode


class ClockCall(msgspec.Struct):
    """The body; the lane may be given as a header instead."""

    now_ms: int
    lane: str = ""


_decode = msgspec.json.Decoder(ClockCall).decode


class Ticker:
    """Appends a tick to every `events` partition of a lane."""

    def __init__(self, keys: Keys, lanes: Lanes, store: Store, now_ms: Callable[[], int]) -> None:
        self._keys, self._lanes, self._store, self._now_ms = keys, lanes, store, now_ms

    async def tick(self, request: Request) -> Answer:
        self._keys.need_secret(request.headers, self._now_ms())
        try:
            call = _decode(await request.body(_MAX_BODY_BYTES))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise malformed(f"The body is not {{lane, now_ms}}: {error}") from error
        lane = call.lane or request.headers.get(LANE_HEADER, LIVE)
        if lane == LIVE:
            raise Refused(400, "live_lane", "The live lane follows the wall clock; its ticks are its workers'.")
        if not 0 < call.now_ms < LATEST_MS:
            raise malformed("now_ms is not a time in epoch milliseconds.")
        partitions = await self._lanes.partitions(lane)
        await self._store.tick(lane, _encode(Tick(now_ms=call.now_ms)), partitions)
        return ok(partitions=partitions)
