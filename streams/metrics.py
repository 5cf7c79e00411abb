"""What a worker reports about itself."""

from prometheus_client import Counter, Gauge, Histogram

LINES = Counter("cartwake_stream_lines", "Lines by agent and what became of them", ["agent", "what"])
RECORDS = Counter("cartwake_stream_records", "Input records applied", ["agent"])
TRANSACTIONS = Counter("cartwake_stream_transactions", "Transactions by outcome", ["agent", "outcome"])
TRANSACTION_SECONDS = Histogram(
    "cartwake_stream_transaction_seconds", "Time of one transaction, from applying its records to its commit", ["agent"]
)
STATE_KEYS = Gauge("cartwake_stream_state_keys", "Keys restored from the changelog", ["agent", "partition"])
RESTORE_SECONDS = Gauge("cartwake_stream_restore_seconds", "How long the last restore took", ["agent", "partition"])
QUEUE_RECORDS = Gauge("cartwake_stream_queue_records", "Records that wait for the next transaction", ["agent", "partition"])
LAG_RECORDS = Gauge("cartwake_stream_lag_records", "Records written and not applied", ["agent", "partition"])
LAG_SECONDS = Gauge(
    "cartwake_stream_lag_seconds", "How long the oldest record that is not applied has been waiting", ["agent", "partition"]
)
