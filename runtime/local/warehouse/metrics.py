"""What the warehouse counts."""

import psutil
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from runtime.local.warehouse.execution import Stats

_SECONDS = (0.001, 0.005, 0.02, 0.1, 0.5, 2.0, 10.0, 60.0)


class Metrics:
    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        name = "cartwake_warehouse_"
        self._queries = Counter(name + "queries", "Statements that ran to their end, inserts with rows aside", registry=self.registry)
        self._inserts = Counter(name + "inserts", "Inserts with rows that ran to their end", registry=self.registry)
        self._rows_read = Counter(name + "rows_read", "Rows read by queries", registry=self.registry)
        self._rows_written = Counter(name + "rows_written", "Rows written, with those of materialised views", registry=self.registry)
        self._errors = Counter(name + "errors", "Statements that failed, by ClickHouse's error code", ["code"], registry=self.registry)
        self._seconds = Histogram(name + "seconds", "Seconds from request to answer", ["kind"], buckets=_SECONDS, registry=self.registry)
        self.running = Gauge(name + "running", "Requests under way or waiting for their turn", registry=self.registry)
        self.sessions = Gauge(name + "sessions", "Sessions kept", registry=self.registry)
        Gauge(name + "rss_bytes", "Memory resident", registry=self.registry).set_function(lambda: psutil.Process().memory_info().rss)

    def done(self, is_insert: bool, stats: Stats, seconds: float) -> None:
        (self._inserts if is_insert else self._queries).inc()
        self._seconds.labels("insert" if is_insert else "query").observe(seconds)
        self._rows_read.inc(0 if is_insert else stats.read_rows)
        self._rows_written.inc(stats.written_rows)

    def failed(self, code: int) -> None:
        self._errors.labels(str(code)).inc()

    def text(self) -> bytes:
        return generate_latest(self.registry)
