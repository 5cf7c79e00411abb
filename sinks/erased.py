"""Who was erased, as the sink knows it: looked up again every second, so that a late row of theirs is not written."""

from __future__ import annotations

import json

from schemas.suppression import SQL, Suppression
from sinks.clickhouse import ClickHouse, WarehouseAway, WarehouseError

EVERY_S = 1.0  # less than what the eraser waits between its rounds
CHANGED = "SELECT count(), toString(max(erased_at)) AS last FROM erasures FORMAT JSONCompactEachRow"


class Erased:
    """`list` is what is known; `refresh` asks whether there is more. A warehouse that is away changes nothing: nothing is written then."""

    def __init__(self, warehouse: ClickHouse, salt: str) -> None:
        self.list = Suppression(salt)
        self._warehouse, self._salt = warehouse, salt
        self._seen: list[object] = []
        self._due_s = 0.0

    async def refresh(self, now_s: float) -> None:
        """At most once in EVERY_S; `now_s` is a monotonic time."""
        if now_s < self._due_s:
            return
        self._due_s = now_s + EVERY_S
        try:
            state = json.loads(await self._warehouse.execute(CHANGED))
            if state == self._seen:
                return
            rows = await self._warehouse.execute(f"{SQL} FORMAT TabSeparated")
        except (WarehouseAway, WarehouseError):
            return
        self.list = Suppression(self._salt, rows.decode().split())
        self._seen = state
