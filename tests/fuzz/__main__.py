"""The long run: `python -m tests.fuzz --requests 100000 [--dialect snowplow] [--seed 1]`; one line for each dialect."""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
import time

from tests.fuzz.judge import fuzz
from tests.fuzz.seeds import SEEDS


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--requests", type=int, default=100_000, metavar="N", help="of each dialect (default: 100000)")
    parser.add_argument("--dialect", action="append", default=[], choices=list(SEEDS), help="only this one; may be given several times")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="another number makes other requests")
    asked = parser.parse_args()
    logging.disable(logging.WARNING)
    for dialect in asked.dialect or SEEDS:
        began_s = time.perf_counter()
        counts = asyncio.run(fuzz(dialect, asked.requests, asked.seed))
        figures = ", ".join(f"{name}: {count:,}" for name, count in sorted(counts.items()))
        print(f"{dialect}: {asked.requests:,} requests in {time.perf_counter() - began_s:.0f} s; {figures}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
