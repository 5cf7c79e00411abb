"""The events of a lane as the collector wrote them, from the table `events`, in the order in which they came in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from schemas.collected import Collected

Lines = Callable[[str, Mapping[str, Any]], bytes]
AT_ONCE = 100_000  # events that are held in memory
HOUR_MS = 3_600_000
HOURS = """SELECT toUnixTimestamp(toStartOfHour(received_at)) * 1000, count() FROM events
    WHERE lane = {lane:String} AND toUnixTimestamp64Milli(received_at) BETWEEN {from_ms:Int64} AND {until_ms:Int64} - 1
    GROUP BY 1 ORDER BY 1"""
PLAIN = """event message_id write_key event_raw device_id user_id previous_id source channel device_type user_agent page_url page_path
    page_title referrer campaign_source campaign_medium campaign_name locale timezone country items cart_items cart_id order_id value
    currency coupon payment_method checkout_step search_term list_id share_id parent_share_id method content_type group_buy_id rating
    target props""".split()
EVENTS = f"""SELECT {", ".join(PLAIN)}, cart_emptied OR notEmpty(cart_items) AS cart_given,
        toUnixTimestamp64Milli(received_at) AS received_at_ms, ifNull(toUnixTimestamp64Milli(client_at), 0) AS client_at_ms,
        ifNull(toUnixTimestamp64Milli(sent_at), 0) AS sent_at_ms
    FROM events WHERE lane = {{lane:String}} AND toUnixTimestamp64Milli(received_at) BETWEEN {{from_ms:Int64}} AND {{until_ms:Int64}} - 1
    ORDER BY received_at, occurred_at, message_id
    SETTINGS output_format_json_quote_decimals = 1, output_format_json_quote_64bit_integers = 0"""


class _Stored(Collected, kw_only=True):
    cart_given: bool = False


_decode = msgspec.json.Decoder(_Stored).decode
_FIELDS = [field.name for field in msgspec.structs.fields(Collected)]


def slices(hours: list[tuple[int, int]], at_once: int = AT_ONCE) -> Iterator[tuple[int, int]]:
    """Spans (epoch ms, without the end) of whole hours with about `at_once` events each; an hour is never divided."""
    start, held = None, 0
    for number, (hour_ms, count) in enumerate(hours):
        start = hour_ms if start is None else start
        held += count
        if held >= at_once or number == len(hours) - 1:
            yield start, hour_ms + HOUR_MS
            start, held = None, 0


def collected(line: bytes) -> Collected:
    """A row of the table as the event that the collector took in. When it happened is worked out again, from the same times."""
    row = _decode(line)
    made = Collected(**{name: getattr(row, name) for name in _FIELDS})
    if not row.cart_given:
        made.cart_items = None
    return made
