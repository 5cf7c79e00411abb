"""When an event really happened: the client's clock, corrected by what the collector saw."""

import msgspec

from streams.logic.policy import Policy


class Times(msgspec.Struct, frozen=True, gc=False):
    """`skew_ms` is what was added to the client's time; `late` events are stored but move no window."""

    occurred_at_ms: int
    skew_ms: int
    late: bool


def correct(client_at_ms: int, sent_at_ms: int, received_at_ms: int, policy: Policy) -> Times:
    """Skew = received - sent, believed only above `skew_min_ms` (below it is transit); 0 means that a time was not given."""
    skew_ms = received_at_ms - sent_at_ms if sent_at_ms else 0
    if abs(skew_ms) <= policy.skew_min_ms:
        skew_ms = 0
    if not client_at_ms:
        return Times(received_at_ms, 0, False)
    occurred_at_ms = client_at_ms + skew_ms
    if occurred_at_ms > received_at_ms + policy.future_max_ms or occurred_at_ms <= 0:
        return Times(received_at_ms, received_at_ms - client_at_ms, False)
    return Times(occurred_at_ms, skew_ms, received_at_ms - occurred_at_ms > policy.lateness_ms)
