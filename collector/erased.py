"""Who was erased, as the collector knows it: asked of the warehouse every second. While that is away what is known counts.

The stream refuses them, too, and knows them sooner; this keeps what they send out of Kafka.
"""

import asyncio
import logging
import urllib.error
import urllib.request
from urllib.parse import urlencode

from runtime.settings import Settings
from schemas.suppression import SQL, Suppression

EVERY_S = 1.0
_TIMEOUT_S = 5.0
_CHANGED = "SELECT count(), toString(max(erased_at)) FROM erasures FORMAT TabSeparated"
log = logging.getLogger(__name__)


class Erased:
    """`list` is what is known now."""

    def __init__(self, settings: Settings) -> None:
        self.list = Suppression(settings.erasure_salt)
        self._settings = settings
        self._seen = b""
        self._is_away = False

    async def keep_fresh(self) -> None:
        """For ever."""
        while True:
            try:
                await self.refresh()
                self._is_away = False
            except OSError as error:  # of urllib as well
                if not self._is_away:
                    log.info("the warehouse does not say who was erased: %s", error)
                self._is_away = True
            await asyncio.sleep(EVERY_S)

    async def refresh(self) -> None:
        """Raises OSError when the warehouse is away, or has no such table yet."""
        state = await asyncio.to_thread(self._ask, _CHANGED)
        if state != self._seen:
            rows = await asyncio.to_thread(self._ask, f"{SQL} FORMAT TabSeparated")
            self.list = Suppression(self._settings.erasure_salt, rows.decode().split())
            self._seen = state

    def _ask(self, sql: str) -> bytes:
        settings = self._settings
        query = urlencode({"database": settings.warehouse_database})
        request = urllib.request.Request(
            f"http://{settings.warehouse_host}:{settings.warehouse_port}/?{query}",
            sql.encode(),
            {"X-ClickHouse-User": settings.warehouse_user, "X-ClickHouse-Key": settings.warehouse_password},
        )
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:
            found: bytes = answer.read()
        return found
