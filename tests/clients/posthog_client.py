"""PostHog's Python client, unmodified: `posthog_client.py URL WRITE_KEY COUNT [v1]`, the last for its newer protocol."""

import sys

from posthog import Posthog

url, key, count, newer = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4:] == ["v1"]
client = Posthog(key, host=url, flush_at=4, max_retries=10, capture_mode="v1" if newer else "v0")
for number in range(count):
    properties = {"product_id": f"p{number}", "price": 2.5, "quantity": 1, "currency": "EUR"}
    client.capture("Product Added", distinct_id="u1", properties=properties)
client.shutdown()
