"""Events that reached the stream before the refusal of analytics that they come after: taken out of the warehouse once it is known.

The stream takes them out of what it derives (streams/logic/withdrawal.py); rows of `events` it cannot call back.
"""

from __future__ import annotations

import json
import logging

from runtime.settings import Settings
from sinks.clickhouse import ClickHouse, WarehouseAway, WarehouseError
from sinks.cluster import for_cluster

EVERY_S = 600.0
MARGIN_MS = 3_600_000  # rows of one reception may be written in any order
TABLES = ("events", "orders")  # with a row for each event
log = logging.getLogger(__name__)

NEWS = """SELECT max(toUnixTimestamp64Milli(received_at)) AS last_ms FROM consents
    WHERE lane = {lane:String} AND purpose = 'analytics' AND NOT granted AND toUnixTimestamp64Milli(received_at) >= {since_ms:Int64}
    FORMAT JSONEachRow"""
ORIGIN = "if(device_id != '', concat('d:', device_id), concat('u:', user_id))"
# Of two decisions of one millisecond the refusal; what is said about consent is always kept.
FOUND = f"""SELECT lane, write_key, message_id FROM
(
    SELECT lane, write_key, message_id, {ORIGIN} AS origin, occurred_at FROM events
    WHERE lane = {{lane:String}} AND event != 'consent' AND {ORIGIN} IN
    (
        SELECT {ORIGIN} FROM consents WHERE lane = {{lane:String}} AND purpose = 'analytics' AND NOT granted
    )
) AS e
ASOF INNER JOIN
(
    SELECT {ORIGIN} AS origin, occurred_at, min(granted) AS is_granted FROM consents
    WHERE lane = {{lane:String}} AND purpose = 'analytics' GROUP BY origin, occurred_at
) AS c ON c.origin = e.origin AND c.occurred_at <= e.occurred_at
WHERE NOT is_granted"""


class Overtaken:
    """`sweep` a lane now and then."""

    def __init__(self, warehouse: ClickHouse, settings: Settings, lane: str) -> None:
        self._warehouse, self._cluster, self._lane = warehouse, settings.warehouse_cluster, lane
        self._since_ms = 0

    async def sweep(self) -> int:
        """How many events are gone. Without a new refusal it asks one small question. While the warehouse is away: next time."""
        try:
            return await self._sweep()
        except (WarehouseAway, WarehouseError) as error:
            log.warning("events after a refusal were not looked for: %s", error)
            return 0

    async def _sweep(self) -> int:
        lane = {"lane": self._lane}
        news = json.loads(await self._warehouse.execute(NEWS, {**lane, "since_ms": str(self._since_ms)}))
        last_ms = int(news["last_ms"])
        if not last_ms:
            return 0
        found = int(await self._warehouse.execute(f"SELECT count() FROM ({FOUND})", lane))
        for table in TABLES if found else ():
            statement = f"ALTER TABLE {table} DELETE WHERE (lane, write_key, message_id) IN ({FOUND}) SETTINGS mutations_sync = 0"
            await self._warehouse.execute(for_cluster(statement, self._cluster), lane)
        self._since_ms = last_ms - MARGIN_MS
        return found
