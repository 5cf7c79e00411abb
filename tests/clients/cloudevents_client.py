"""The CloudEvents SDK with plain HTTP: `cloudevents_client.py URL WRITE_KEY COUNT MODE`, MODE structured, binary or batch."""

import sys
import time
from datetime import UTC, datetime

import requests
from cloudevents.core.bindings.http import HTTPMessage, to_binary, to_structured
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

url, key, count, mode = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]


def event_of(number: int) -> CloudEvent:
    attributes = {
        "id": str(number),
        "source": f"/shop/{mode}",
        "type": "com.example.add_to_cart",
        "specversion": "1.0",
        "subject": "u1",
        "time": datetime(2026, 11, 22, tzinfo=UTC),
        "datacontenttype": "application/json",
    }
    return CloudEvent(attributes, {"product_id": f"p{number}", "price": 2.5, "quantity": 1, "currency": "EUR"})


def deliver(message: HTTPMessage) -> None:
    """A webhook that is not answered with 200 is sent again, as the specification of webhooks wants it."""
    for _ in range(20):
        try:
            if (
                requests.post(
                    f"{url}/cloudevents", data=message.body, headers={**message.headers, "X-Write-Key": key}, timeout=10
                ).status_code
                == 200
            ):
                return
        except requests.ConnectionError:
            pass
        time.sleep(0.2)
    sys.exit("the collector did not come back")


events = [event_of(number) for number in range(count)]
if mode == "batch":  # the SDK writes single events only: a batch is a list of them
    written = b",".join(to_structured(event, JSONFormat()).body for event in events)
    deliver(HTTPMessage({"content-type": "application/cloudevents-batch+json"}, b"[" + written + b"]"))
else:
    write = to_binary if mode == "binary" else to_structured
    for event in events:
        deliver(write(event, JSONFormat()))
