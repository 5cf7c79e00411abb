"""RudderStack's Python client, unmodified (it packs with gzip): `rudder_client.py URL WRITE_KEY COUNT`."""

import sys

from rudderstack import analytics

url, key, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
analytics.dataPlaneUrl, analytics.write_key = url, key
for number in range(count):
    analytics.track("u1", "Product Added", {"product_id": f"p{number}", "price": 2.5, "quantity": 1, "currency": "EUR"})
analytics.shutdown()
