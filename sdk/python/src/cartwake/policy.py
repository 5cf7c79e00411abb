"""How events are gathered, sent and tried again."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field

MAX_RETRY_AFTER_S = 1800.0


@dataclass(frozen=True)
class Policy:
    flush_interval_s: float = 0.5  # longest time an event waits for company
    max_batch_events: int = 500
    max_batch_bytes: int = 500_000
    max_event_bytes: int = 32_768  # the collector takes no larger one
    max_queue_events: int = 10_000
    max_queue_bytes: int = 64 << 20
    spool_dir: str = ""  # where events wait on disk instead of in memory; "": in memory
    spool_max_bytes: int = 256 << 20
    timeout_s: float = 10.0
    retry_base_s: float = 0.5  # first back-off; doubles
    retry_max_s: float = 60.0
    exit_timeout_s: float = 10.0  # how long the end of the program waits for the queue
    gzip: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)

    def wait_s(self, failures: int, retry_after_s: float) -> float:
        """How long to wait after so many failures in a row: with jitter, and at least what the server asked for."""
        backoff_s = min(self.retry_base_s * 2.0 ** min(failures, 30), self.retry_max_s) * random.uniform(0.5, 1.0)
        return max(backoff_s, min(retry_after_s, MAX_RETRY_AFTER_S))
