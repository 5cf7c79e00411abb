"""What the daily reconciliation says of itself. Names, units and meanings stand here and nowhere else."""

from prometheus_client import Gauge

DIFFERENCES = Gauge("cartwake_reconcile_differences", "Persons whose live results the events do not give, at the last run", ["subject"])
EXPLAINED = Gauge("cartwake_reconcile_explained", "Persons who differ for a reason that is allowed, at the last run", ["subject"])
LAST_RUN_S = Gauge("cartwake_reconcile_last_run_timestamp_seconds", "When the last run ended that could ask; 0: none yet")
DURATION_S = Gauge("cartwake_reconcile_duration_seconds", "How long that run took")
FAILED = Gauge("cartwake_reconcile_failures", "Runs in a row that could not ask the warehouse")
