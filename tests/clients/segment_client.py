"""Segment's Python client, unmodified: `segment_client.py URL WRITE_KEY COUNT`."""

import sys

from segment import analytics

url, key, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
analytics.host, analytics.write_key, analytics.upload_size = url, key, 4
for number in range(count):
    analytics.track("u1", "Product Added", {"product_id": f"p{number}", "price": 2.5, "quantity": 1, "currency": "EUR"})
analytics.shutdown()
