"""`cartwake clv fit`: how often each customer will buy again, and what that will be worth."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from dataclasses import asdict

from runtime.settings import load

HELP = "fit customer lifetime value to the orders in the warehouse"
EXAMPLE = "cartwake clv fit\ncartwake clv fit --from-day 2025-01-01 --to-day 2025-12-31 --periods 26 --discount 0.002 --json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=("fit",), help="fit BG/NBD and Gamma-Gamma, and write the tables clv_models and clv")
    parser.add_argument("--lane", default="live", help="the lane whose orders are looked at (default: live)")
    parser.add_argument("--from-day", default="", help="first day of orders, YYYY-MM-DD (default: that of the first order)")
    parser.add_argument("--to-day", default="", help="last day of orders (default: that of the last order)")
    parser.add_argument("--period-days", type=float, default=7.0, help="days of one period, the unit of time (default: 7)")
    parser.add_argument("--periods", type=int, default=52, help="periods ahead that the value is for (default: 52)")
    parser.add_argument("--discount", type=float, default=0.0, help="rate for one period by which later purchases count less (default: 0)")
    parser.add_argument("--json", action="store_true", help="the models as JSON")


def run(args: argparse.Namespace) -> int:
    """0 when every currency has a model, 1 when one has none."""
    try:
        from analytics.maximum import FitError
        from sinks.clickhouse import WarehouseAway, WarehouseError
        from sinks.clv import Wanted, fit
    except ModuleNotFoundError as error:
        print(f"cartwake: {error.name} is missing; it comes with the extra `clv` (pip install 'cartwake-server[clv]')", file=sys.stderr)
        return 1
    if args.period_days <= 0 or args.periods < 1 or args.discount < 0:
        print("cartwake: --period-days and --periods must be above 0, --discount at least 0", file=sys.stderr)
        return 2
    wanted = Wanted(args.lane, args.from_day, args.to_day, args.period_days, args.periods, args.discount)
    try:
        models, failed = asyncio.run(fit(load(args.config), wanted))
    except (FitError, WarehouseAway, WarehouseError) as error:
        print(f"cartwake: {error}", file=sys.stderr)
        return 1
    if args.json:
        print(json.dumps({"models": [asdict(model) for model in models], "failed": failed}))
    else:
        for model in models:
            b, s = model.buying, model.spending
            print(f"{model.currency}: {model.customers} customers, {model.repeaters} who came back and spent something")
            print(f"  BG/NBD       r {b.r:.4f}  alpha {b.alpha:.4f}  a {b.a:.4f}  b {b.b:.4f}  log likelihood {b.log_likelihood:.1f}")
            print(f"  Gamma-Gamma  p {s.p:.4f}  q {s.q:.4f}  v {s.v:.4f}  log likelihood {s.log_likelihood:.1f}")
    for currency, reason in failed.items():
        print(f"cartwake: {currency or 'no currency'}: {reason}", file=sys.stderr)
    return 1 if failed else 0
