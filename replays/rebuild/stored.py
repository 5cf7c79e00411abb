"""The events of a lane as the collector wrote them, from the table `events`, in the order in which they came in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from schemas.collected import Collected

Lines = Callable[[str, Mapping[str, Any]], bytes]
AT_ONCE = 100_000  # events that are held in memory
HOUR_MS = 3_600_000
# Hours of which the shadow lacks events. Whatever came into the table late, or was read before it was whole, is found by that.
HOURS = """SELECT toUnixTimestamp(toStartOfHour(received_at)) * 1000,
        countIf(lane = {lane:String}) - countIf(lane = {shadow:String}) AS lacking
    FROM events WHERE lane IN ({lane:String}, {shadow:String}) AND toUnixTimestamp64Milli(received_at) < {until_ms:Int64}
    GROUP BY 1 HAVING lacking > 0 ORDER BY 1"""
TIMES = {"client_at_ms", "received_at_ms", "sent_at_ms"}
FOLDED = {"ip_country"}  # stands in the column country, where the client named none
FIELDS = [field.name for field in msgspec.structs.fields(Collected)]
PLAIN = [name for name in FIELDS if name not in TIMES | FOLDED]
EVENTS = f"""SELECT {", ".join(PLAIN)}, cart_emptied OR notEmpty(cart_items) AS cart_given,
        toUnixTimestamp64Milli(received_at) AS received_at_ms, ifNull(toUnixTimestamp64Milli(client_at), 0) AS client_at_ms,
        ifNull(toUnixTimestamp64Milli(sent_at), 0) AS sent_at_ms
    FROM events WHERE lane = {{lane:String}} AND toUnixTimestamp64Milli(received_at) BETWEEN {{from_ms:Int64}} AND {{until_ms:Int64}} - 1
    AND (write_key, message_id) NOT IN (SELECT write_key, message_id FROM events WHERE lane = {{shadow:String}}
        AND toUnixTimestamp64Milli(received_at) BETWEEN {{from_ms:Int64}} AND {{until_ms:Int64}} - 1)
    ORDER BY received_at, occurred_at, message_id
    SETTINGS output_format_json_quote_decimals = 1, output_format_json_quote_64bit_integers = 0"""


class _Stored(Collected, kw_only=True):
    cart_given: bool = False


_decode = msgspec.json.Decoder(_Stored).decode


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
    made = Collected(**{name: getattr(row, name) for name in FIELDS})
    if not row.cart_given:
        made.cart_items = None
    return made
