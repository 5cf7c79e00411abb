"""`python -m erasure JOB`: does one erasure that was asked for (`erasure.jobs`), until it is done; `--requests`: `erasure.daily`."""

from __future__ import annotations

import signal
import sys
import threading
import time

from erasure.daily import run_daily
from erasure.jobs import forget, taken
from erasure.perform import persist
from runtime import logging as logs
from runtime.settings import Settings, ensure_secrets, load

PATIENCE_S = 3600.0  # for readers that are behind and for Kafka's compaction


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def main() -> int:
    settings = ensure_secrets(load())
    if sys.argv[1] == "--requests":
        return _requests(settings)
    with taken(settings, sys.argv[1]) as asked:
        if asked is not None and persist(settings, asked, _now_ms, PATIENCE_S):
            forget(settings, asked.job_id)
    return 0


def _requests(settings: Settings) -> int:
    logs.setup("erasure-requests", settings.log_level)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    run_daily(settings, stop, _now_ms)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
