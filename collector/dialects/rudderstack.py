"""RudderStack's HTTP API: Segment's calls, and two addresses and a place for the key that Segment does not have."""

from collector.dialects.dialect import Given, Sent
from collector.dialects.segment import BATCH, Segment

# Its clients send to `/v1/...` as Segment's do; what they send there is read by Segment's dialect, which takes all of it.
ROUTES = {"/beacon/v1/batch": BATCH, "/v1/import": BATCH}


class Rudderstack(Segment):
    name = "rudderstack"

    def open(self, given: Given) -> Sent:
        sent = super().open(given)
        sent.keys = (*sent.keys, given.query.get("writeKey"))  # a beacon cannot have headers
        return sent


RUDDERSTACK = Rudderstack()
