"""A person as the changelog holds it: 8 bytes when time moves it next, 8 bytes when time moves its carts next, the `pack`ed state.

So whom time only moves between segments (most persons of a shop, sooner or later) is moved without a look at the rest.
"""

from struct import Struct

from streams.logic import churn
from streams.logic.churn import Churn
from streams.logic.person import Person, churn_of, pack, packed_churn, rest_of, unpack
from streams.logic.policy import Policy

NEVER = (1 << 63) - 1
_TIMES = Struct(">QQ")
_HEAD_BYTES = _TIMES.size


def wake_ms(value: bytes) -> int:
    """When time moves the person next; NEVER if not."""
    return int.from_bytes(value[:8], "big")


def person(value: bytes) -> Person:
    return unpack(value[_HEAD_BYTES:])


def value_of(state: Person, cart_ms: int | None, churn_ms: int | None) -> bytes:
    """The entry of a person whose carts and whose stays time moves next at these times."""
    return pack(state, _head(cart_ms, churn_ms))


def if_only_stays_move(value: bytes, clock_ms: int, unfolded_ms: int) -> Churn | None:
    """The flags of a person for whom `clock_ms` is nothing but the end of an idle time; None if it is more.

    `unfolded_ms`: who was last active before has history that time folds (`Live.fold`).
    """
    if int.from_bytes(value[8:_HEAD_BYTES], "big") <= clock_ms:
        return None
    flags = churn_of(value, _HEAD_BYTES)
    return flags if flags.last_ms >= unfolded_ms else None


def with_flags(value: bytes, flags: Churn, now_ms: int, policy: Policy) -> bytes:
    """The entry with other flags."""
    cart_ms = int.from_bytes(value[8:_HEAD_BYTES], "big")
    return _head(cart_ms, churn.next_wake_ms(flags, now_ms, policy)) + packed_churn(flags) + rest_of(value, _HEAD_BYTES)


def _head(cart_ms: int | None, churn_ms: int | None) -> bytes:
    if cart_ms is None:
        cart_ms = NEVER
    return _TIMES.pack(cart_ms if churn_ms is None or churn_ms > cart_ms else churn_ms, cart_ms)
