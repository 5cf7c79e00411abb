"""`python -m bench.scaling`: simulate, and work out what some loads need. `--write` keeps the results and fills in docs/scaling.md."""

from __future__ import annotations

import argparse
import sys

import msgspec

from bench.lab import say_on_stderr
from bench.scaling import inputs, page, results
from bench.scaling.plan import plan


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.scaling", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--write", action="store_true", help="keep the results, and fill in docs/scaling.md")
    parser.add_argument(
        "--docs", action="store_true", help="simulate nothing: fill in docs/scaling.md from the inputs and the results kept"
    )
    args = parser.parse_args()
    given = inputs.load()
    found = results.load(given) if args.docs else results.run(given, say_on_stderr)
    if args.write or args.docs:
        results.PATH.write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=1) + b"\n")
        page.PAGE.write_text(page.fill(page.PAGE.read_text(encoding="utf-8"), page.sections(given, found)), encoding="utf-8")
    if args.json:
        plans = [plan(given, found.flow, found.ticks, rate, persons)._asdict() for persons in page.PERSONS for rate in page.RATES]
        print(msgspec.json.format(msgspec.json.encode({"plans": plans, "results": found}), indent=2).decode())
    else:
        for name, text in page.sections(given, found).items():
            print(f"{name}\n\n{text}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
