"""Brings old orders in, with their own times: `python history.py orders.csv http://127.0.0.1:18080`.

The file has the columns order_id, user_id, ordered_at (ISO 8601 with a zone), value, currency. Ids are made from the order's, so a second
run, or one that goes on where the first was stopped, counts nothing twice within the collector's memory of ids (48 h).
Events older than the lateness (7 days) are stored, and counted in every view of orders; they move no live cart, funnel or segment.
To have those as well, replay the file in a lane of its own (docs/replay.md).
"""

from __future__ import annotations

import csv
import os
import sys
from datetime import datetime

import cartwake


def main(file: str, host: str) -> int:
    wrong: list[cartwake.Rejected] = []
    client = cartwake.Client(
        os.environ.get("CARTWAKE_KEY", "demo-server"),
        host,
        source="store",
        max_queue_events=1_000_000,
        on_rejected=wrong.extend,
    )
    count = 0
    with open(file, newline="", encoding="utf-8") as rows:
        for row in csv.DictReader(rows):
            count += 1
            client.purchase(
                {"order_id": row["order_id"], "value": row["value"], "currency": row["currency"]},
                user_id=row["user_id"],
                timestamp=datetime.fromisoformat(row["ordered_at"]),
                message_id=f"order-{row['order_id']}",
            )
    sent = client.close(600)
    for each in wrong[:10]:
        print(f"{each.message['properties']['order_id']}: {each.reason}", file=sys.stderr)
    print(f"{count - len(wrong) - client.dropped} of {count} orders sent, {len(wrong)} refused, {client.dropped} given up")
    return 0 if sent and not wrong and not client.dropped else 1


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: history.py FILE.csv http://collector:18080")
    sys.exit(main(*sys.argv[1:]))
