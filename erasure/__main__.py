"""`python -m erasure JOB`: does one erasure that was asked for over HTTP (`erasure.jobs`), until it is done."""

from __future__ import annotations

import sys
import time

from erasure.jobs import forget, taken
from erasure.perform import persist
from runtime.settings import ensure_secrets, load

PATIENCE_S = 3600.0  # for readers that are behind and for Kafka's compaction


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def main() -> int:
    settings = ensure_secrets(load())
    with taken(settings, sys.argv[1]) as asked:
        if asked is not None and persist(settings, asked, _now_ms, PATIENCE_S):
            forget(settings, asked.job_id)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
