"""Snowplow's Python tracker, unmodified: `snowplow_client.py URL WRITE_KEY COUNT [get]`, the last for `GET /i`.

It tries again by itself after a while, for as long as its process lives; this one lives until all is delivered. With GET it looks at the
last answer of a batch only and forgets the others that failed, so there each event is waited for before the next.
"""

import sys
import threading
from typing import Literal

from snowplow_tracker import Emitter, SelfDescribing, SelfDescribingJson, Subject, Tracker

ACTION = "iglu:com.snowplowanalytics.snowplow.ecommerce/snowplow_ecommerce_action/jsonschema/1-0-2"
PRODUCT = "iglu:com.snowplowanalytics.snowplow.ecommerce/product/jsonschema/1-0-0"
PATIENCE_S = 120

url, key, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
method: Literal["get", "post"] = "get" if sys.argv[4:] == ["get"] else "post"
delivered, changed = 0, threading.Condition()


def on_success(events: list[dict[str, str]]) -> None:
    global delivered
    with changed:
        delivered += len(events)
        changed.notify_all()


def wait_for(number: int) -> None:
    with changed:
        if not changed.wait_for(lambda: delivered >= number, PATIENCE_S):
            sys.exit(f"only {delivered} of {number} events are delivered")


emitter = Emitter(url, method=method, batch_size=1 if method == "get" else 4, on_success=on_success)
tracker = Tracker("shop", emitter, app_id=key, subject=Subject().set_user_id("u1"))
for number in range(count):
    product = SelfDescribingJson(PRODUCT, {"id": f"p{number}", "category": "c", "price": 2.5, "quantity": 1, "currency": "EUR"})
    tracker.track(SelfDescribing(SelfDescribingJson(ACTION, {"type": "add_to_cart"}), context=[product]))
    if method == "get":
        wait_for(number + 1)
tracker.flush()
wait_for(count)
