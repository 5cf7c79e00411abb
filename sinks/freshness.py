"""How long rows were on their way, and how many still are. The wall clock comes in as `clock`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sinks import metrics
from sinks.buffer import Record
from sinks.schedule import Clock

_RECEIVED = re.compile(rb'"received_at_ms":(\d+)')  # of the record's first line, which was received first


class Freshness:
    """Of one table. `has_reception`: its lines say when the collector received them, by the wall clock."""

    def __init__(self, table: str, has_reception: bool, clock: Clock) -> None:
        self._table, self._has_reception, self._clock = table, has_reception, clock

    def written(self, records: Sequence[Record]) -> None:
        """These can be queried from now on."""
        now_ms = self._clock() * 1000
        for record in records:
            metrics.QUERYABLE_S.labels(self._table).observe(_seconds(now_ms, record.timestamp_ms))
            if self._has_reception and (found := _RECEIVED.search(record.value)):
                metrics.FRESHNESS_S.observe(_seconds(now_ms, int(found[1])))

    def waiting(self, records: int, oldest_ms: int | None) -> None:
        """So many are not in the warehouse; the oldest that was read has this time, None if none was."""
        metrics.LAG_RECORDS.labels(self._table).set(records)
        metrics.LAG_S.labels(self._table).set(0 if oldest_ms is None else _seconds(self._clock() * 1000, oldest_ms))


def _seconds(now_ms: float, then_ms: int) -> float:
    """Not below 0: two machines' clocks may differ."""
    return max(0.0, (now_ms - then_ms) / 1000)
