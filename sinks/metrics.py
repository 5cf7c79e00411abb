"""What the sinks count. Names, units and meanings stand here and nowhere else."""

from prometheus_client import Counter, Gauge, Histogram

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

ROWS = Counter("cartwake_sink_rows", "Rows written to the warehouse", ["table"])
INSERT_S = Histogram("cartwake_sink_insert_seconds", "Duration of an insert that succeeded", ["table"], buckets=_SECONDS)
RETRIES = Counter("cartwake_sink_retries", "Inserts that failed and are repeated", ["table"])
REJECTED = Counter("cartwake_sink_rejected_rows", "Rows that the warehouse refused, kept in the table rejected", ["table"])
REPEATED = Counter("cartwake_sink_repeated_ranges", "Ranges that an earlier owner left open and that were written again", ["table"])
BUFFERED_BYTES = Gauge("cartwake_sink_buffered_bytes", "Bytes read from Kafka and not yet in the warehouse")
QUERYABLE_S = Histogram(
    "cartwake_sink_queryable_seconds", "From the stream's record to rows that can be queried, of each record", ["table"], buckets=_SECONDS
)
FRESHNESS_S = Histogram(
    "cartwake_sink_freshness_seconds",
    "From the collector's reception to rows of `events` that can be queried, of each record",
    buckets=_SECONDS,
)
LAG_RECORDS = Gauge("cartwake_sink_lag_records", "Records of the topic that are not in the warehouse yet", ["table"])
LAG_S = Gauge("cartwake_sink_lag_seconds", "Age of the oldest record that was read and is not in the warehouse yet", ["table"])
PAUSED = Gauge("cartwake_sink_paused_partitions", "Partitions not read because too much is waiting")

WEBHOOKS = Counter("cartwake_webhook_attempts", "Attempts to deliver a trigger", ["outcome"])
WEBHOOK_S = Histogram("cartwake_webhook_seconds", "Duration of an attempt", buckets=_SECONDS)
WAITING = Gauge("cartwake_webhook_waiting", "Triggers that are neither delivered nor given up")
