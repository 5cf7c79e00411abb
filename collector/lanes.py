"""Which lanes there are: those whose topics Kafka has. Asked in the background, and at once when a lane is not known."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable

from collector.answers import Refused, unavailable
from collector.limits import LANE_REFRESH_S, LANE_TIMEOUT_S
from schemas.topics import LIVE, lane_topic

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


class Lanes:
    """Numbers of partitions by topic, as Kafka said last."""

    def __init__(self, ask: Callable[[], Awaitable[dict[str, int]]]) -> None:
        self._ask = ask
        self._topics: dict[str, int] = {}
        self._asked_at_s = 0.0
        self._is_away = False
        self._lock = asyncio.Lock()

    async def partitions(self, lane: str, topic: str = "events") -> int:
        """The number of partitions. Refused with 404 when the lane has no topics, with 503 when Kafka does not say."""
        name = lane_topic(lane, topic)
        if count := self._topics.get(name):
            return count
        if not _NAME.fullmatch(lane):
            raise _unknown(lane)
        await self.refresh()
        if count := self._topics.get(name):
            return count
        raise unavailable("not_ready", "Kafka does not have the topics yet; send again later.") if lane == LIVE else _unknown(lane)

    async def refresh(self) -> None:
        """Ask Kafka now; those who come while it is being asked share the next answer."""
        came_at_s = time.monotonic()
        async with self._lock:
            if self._asked_at_s < came_at_s:
                await self._ask_now()
            if self._is_away:
                raise unavailable("kafka_away", "Kafka cannot be reached; send again later.")

    async def _ask_now(self) -> None:
        self._asked_at_s, self._is_away = time.monotonic(), False
        try:
            async with asyncio.timeout(LANE_TIMEOUT_S):
                self._topics = await self._ask()
        except Exception:
            self._is_away = True

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
