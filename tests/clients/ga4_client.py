"""ga4mp, a client of Google's Measurement Protocol: `ga4_client.py URL WRITE_KEY COUNT`.

It sends once and raises when that fails: sending again is the caller's part, done here as a shop would. The package is as published;
only the address it keeps in an attribute is another.
"""

import sys
import time
import urllib.error

from ga4mp import GtagMP

url, key, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
client = GtagMP(api_secret=key, measurement_id="G-SHOP", client_id="c1")
client._base_domain = f"{url}/mp/collect"
for number in range(count):
    event = client.create_new_event(name="add_to_cart")
    event.set_event_param("currency", "EUR")
    event.set_event_param("items", [{"item_id": f"p{number}", "price": 2.5, "quantity": 1}])
    client.send([event], postpone=True)
waiting, client._event_list = client._event_list, []
for event in waiting:
    for _ in range(20):
        client._event_list = [event]
        try:
            client.postponed_send()
            break
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.2)
    else:
        sys.exit("the collector did not come back")
