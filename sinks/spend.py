"""Puts what was paid for advertising into the table `spend`. An import of a day and campaign takes the place of the one before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

import orjson

from runtime.settings import Settings
from sinks.clickhouse import connect
from sinks.spend_file import Key, Paid

BATCH_ROWS = 50_000
COLUMNS = ("lane", *Key._fields, "cost", "clicks", "impressions", "version", "file")


async def write_spend(settings: Settings, lane: str, rows: Mapping[Key, Paid], version: int, file: str) -> None:
    """`version`: epoch ms of the import; of two imports the higher one is valid. Raises WarehouseAway and WarehouseError."""
    async with connect(settings) as warehouse:
        lines = _lines(lane, rows, version, file)
        while batch := list(islice(lines, BATCH_ROWS)):
            await warehouse.insert("spend", COLUMNS, b"\n".join(batch), {"async_insert": "0"})


def _lines(lane: str, rows: Mapping[Key, Paid], version: int, file: str) -> Iterator[bytes]:
    for key, paid in rows.items():
        row: dict[str, Any] = {**key._asdict(), "cost": str(paid.cost), "clicks": paid.clicks, "impressions": paid.impressions}
        yield orjson.dumps({"lane": lane, **row, "version": version, "file": file})
