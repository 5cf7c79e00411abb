"""Which lanes there are: those whose topics Kafka has. Asked in the background, and at once when a lane is not known."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable

from collector.answers import Refused, unavailable
from collector.limits import LANE_REFRESH_S, LANE_RETRY_S
from schemas.topics import LIVE, lane_topic

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")


class Lanes:
    """Numbers of partitions by topic, as Kafka said last."""

    def __init__(self, ask: Callable[[], Awaitable[dict[str, int]]]) -> None:
        self._ask = ask
        self._topics: dict[str, int] = {}
        self._asked_at_s = -LANE_RETRY_S
        self._lock = asyncio.Lock()

    async def partitions(self, lane: str, topic: str = "events") -> int:
        """The number of partitions. Refused with 404 when the lane has no topics, with 503 when Kafka does not say."""
        if not _NAME.fullmatch(lane):
            raise _unknown(lane)
        name = lane_topic(lane, topic)
        if name not in self._topics:
            await self.refresh(if_older_s=LANE_RETRY_S)
        if count := self._topics.get(name, 0):
            return count
        if lane == LIVE:
            raise unavailable("not_ready", "Kafka does not have the topics yet; send again later.")
        raise _unknown(lane)

    async def refresh(self, if_older_s: float = 0.0) -> None:
        """Ask Kafka now, unless that was done within `if_older_s`."""
        async with self._lock:
            if time.monotonic() - self._asked_at_s < if_older_s:
                return
            try:
                self._topics = await asyncio.wait_for(self._ask(), timeout=3.0)
            except Exception as error:
                raise unavailable("kafka_away", f"Kafka cannot be reached: {error!r}") from error
            self._asked_at_s = time.monotonic()

    async def keep_fresh(self) -> None:
        """For ever: notice lanes that were deleted or made anew."""
        while True:
            await asyncio.sleep(LANE_REFRESH_S)
            try:
                await self.refresh()
            except Refused:
                continue


def _unknown(lane: str) -> Refused:
    return Refused(404, "unknown_lane", f"There is no lane {lane[:64]!r}: its topics do not exist.")
