"""Sessions: a handle kept between requests, for temporary tables, SET and USE."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from chdb.state.sqlitelike import Connection

from runtime.local.warehouse.errors import WarehouseError
from runtime.local.warehouse.request import Session

MAX_SESSIONS = 1000


@dataclass(slots=True)
class _Kept:
    handle: Connection
    expires_at_s: float = 0.0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Sessions:
    def __init__(self, open_handle: Callable[[], Connection], clock_s: Callable[[], float] = time.monotonic) -> None:
        self._open = open_handle
        self._clock_s = clock_s
        self._kept: dict[tuple[str, str], _Kept] = {}

    def __len__(self) -> int:
        return len(self._kept)

    @asynccontextmanager
    async def use(self, user: str, asked: Session) -> AsyncIterator[Connection]:
        """The session's handle, for one request at a time. Raises 372 where it must exist and does not, 373 while it is in use."""
        self.expire()
        key = (user, asked.id)
        kept = self._kept.get(key)
        if kept is None:
            if asked.must_exist:
                raise WarehouseError(372, "SESSION_NOT_FOUND", f"Session {asked.id} not found.")
            if len(self._kept) >= MAX_SESSIONS:
                raise WarehouseError(202, "TOO_MANY_SIMULTANEOUS_QUERIES", f"More than {MAX_SESSIONS} sessions.")
            kept = self._kept[key] = _Kept(self._open())
        if kept.lock.locked():
            raise WarehouseError(373, "SESSION_IS_LOCKED", f"Session {asked.id} is locked by a concurrent client.")
        async with kept.lock:
            try:
                yield kept.handle
            finally:
                kept.expires_at_s = self._clock_s() + asked.timeout_s
        if asked.close_after:
            self._drop(key)

    def expire(self) -> None:
        now_s = self._clock_s()
        for key in [key for key, kept in self._kept.items() if not kept.lock.locked() and kept.expires_at_s <= now_s]:
            self._drop(key)

    def close(self) -> None:
        for key in list(self._kept):
            self._drop(key)

    def _drop(self, key: tuple[str, str]) -> None:
        self._kept.pop(key).handle.close()
