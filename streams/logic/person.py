"""All that is kept of a person.

The truth is `base` (what is older than the allowed lateness, folded) and `journal` (newer entries, in event time). Carts and sessions as
they are now are computed from both (`streams.logic.live`), so the result is a function of the events, not of their arrival.
"""

import operator
from bisect import bisect_left

import cramjam
import msgspec

from schemas.rows import EventRow
from streams.logic import carts, sessions, share
from streams.logic.carts import Carts
from streams.logic.churn import Churn
from streams.logic.consents import Consents
from streams.logic.entry import Entry
from streams.logic.funnel import Funnel
from streams.logic.ids import device_person, user_person
from streams.logic.limits import Bounds
from streams.logic.policy import Policy
from streams.logic.sent import Sent
from streams.logic.sessions import Sessions

_encode = msgspec.msgpack.Encoder().encode


class FirstTouch(msgspec.Struct, array_like=True, gc=False):
    """Where a person came from: the earliest event that has a channel. `seen_ms`, `origin`: the earliest of all, and whom it names."""

    seen_ms: int
    at_ms: int = 0
    message_id: str = ""
    channel: str = ""
    device_type: str = ""
    campaign_name: str = ""
    origin: str = ""  # u:<user> or d:<device>; the smaller one of two events at one time


class Flow(msgspec.Struct, array_like=True, gc=False):
    """Carts and sessions at one point of event time."""

    carts: Carts = msgspec.field(default_factory=Carts)
    sessions: Sessions = msgspec.field(default_factory=Sessions)

    @property
    def is_empty(self) -> bool:
        return not (self.carts.open or self.carts.closed or self.sessions.latest or self.sessions.closed)


class Person(msgspec.Struct, array_like=True, gc=False):
    """One person; `merged_into` is set once another id has taken over, and then little else is."""

    person_id: str
    merged_into: str = ""
    members: dict[str, int] = {}  # ids that were given up for this one, and when (event time)
    links: int = 0  # version of this group's identities rows
    first: FirstTouch | None = None
    device_id: str = ""
    opened: share.Open | None = None  # of the base: the last share this person came through, while it may bring an order
    funnel: Funnel = msgspec.field(default_factory=Funnel)
    churn: Churn = msgspec.field(default_factory=Churn)
    base: Flow | None = None  # None: nothing is folded yet, or nothing of it is left
    journal: list[Entry] = []
    folded_ms: int = 0
    sent: dict[bytes, Sent] = {}  # but for stays
    bounds: Bounds | None = None
    consents: Consents = {}  # by device (or user, where no device was named) and purpose


_decode = msgspec.msgpack.Decoder(Person).decode
_decode_churn = msgspec.msgpack.Decoder(Churn).decode
_NO_CHURN = Churn()
_LENGTH_BYTES = 4
_at_ms = operator.attrgetter("at_ms")


def pack(state: Person, head: bytes = b"") -> bytes:
    """The state in bytes: the churn flags by themselves, which time moves, then MessagePack in an LZ4 block, a third to a half of its
    size (ids and addresses repeat). `head` is put before all that.
    """
    flags, state.churn = state.churn, _NO_CHURN
    try:
        rest = _encode(state)
    finally:
        state.churn = flags
    return b"".join((head, packed_churn(flags), cramjam.lz4.compress_block(rest)))


def unpack(value: bytes) -> Person:
    state = _decode(cramjam.lz4.decompress_block(rest_of(value)))
    state.churn = churn_of(value)
    return state


def packed_churn(flags: Churn) -> bytes:
    """How a packed person begins."""
    found = _encode(flags)
    return len(found).to_bytes(_LENGTH_BYTES, "big") + found


def churn_of(value: bytes, begin: int = 0) -> Churn:
    """The flags of a person packed from `begin` on."""
    return _decode_churn(value[begin + _LENGTH_BYTES : _rest_at(value, begin)])


def rest_of(value: bytes, begin: int = 0) -> bytes:
    """What stands behind them."""
    return value[_rest_at(value, begin) :]


def _rest_at(value: bytes, begin: int) -> int:
    begin_rest = begin + _LENGTH_BYTES
    return begin_rest + int.from_bytes(value[begin:begin_rest], "big")


def fold(state: Person, until_ms: int, policy: Policy) -> None:
    """The base as it was at `until_ms`; the journal keeps what came after."""
    state.folded_ms = until_ms
    journal = state.journal
    if journal and journal[0].at_ms < until_ms:
        base = state.base = state.base or Flow()
        count = bisect_left(journal, until_ms, key=_at_ms)
        old, state.journal = journal[:count], journal[count:]
        is_over = old[-1].at_ms < until_ms - policy.session_idle_ms  # then no visit goes on, and all are forgotten
        if is_over:
            base.sessions = Sessions()
        for item in old:
            if item.cart is not None:
                carts.step(base.carts, item, policy)
            if not is_over:
                sessions.apply(base.sessions, item, policy)
        state.opened = share.latest(state.opened, old, until_ms, policy)
    if state.base is not None:
        carts.advance(state.base.carts, until_ms, policy)
    tidy(state)


def tidy(state: Person) -> None:
    """A base in which nothing is left goes: what is not there costs no memory."""
    if state.base is not None and state.base.is_empty:
        state.base = None


def touch(state: Person, event: EventRow) -> bool:
    """Keep where the person first came from; True when that changed."""
    at_ms = event.occurred_at_ms
    first = state.first
    if first is None:
        first = state.first = FirstTouch(at_ms, origin=_named(event))
    else:
        if at_ms <= first.seen_ms:
            first.origin = min((at_ms, _named(event)), (first.seen_ms, first.origin or state.person_id))[1]
        if at_ms >= first.seen_ms and (not event.channel or (first.channel and at_ms > first.at_ms)):
            return False
    first.seen_ms = min(first.seen_ms, at_ms)
    if event.channel and (not first.channel or (at_ms, event.message_id) < (first.at_ms, first.message_id)):
        first.at_ms, first.message_id = at_ms, event.message_id
        first.channel, first.device_type, first.campaign_name = event.channel, event.device_type, event.campaign_name
    return True


def earlier(ours: FirstTouch | None, theirs: FirstTouch | None) -> FirstTouch | None:
    """Of two first touches the first."""
    if ours is None or theirs is None:
        return ours or theirs
    touched = [t for t in (ours, theirs) if t.channel]
    found = min(touched, key=lambda t: (t.at_ms, t.message_id)) if touched else ours
    seen_ms, origin = min((ours.seen_ms, ours.origin), (theirs.seen_ms, theirs.origin))
    return msgspec.structs.replace(found, seen_ms=seen_ms, origin=origin)


def _named(event: EventRow) -> str:
    """Whom the event itself speaks of: what came before it does not matter, so every order of arrival gives the same."""
    return user_person(event.user_id) if event.user_id else device_person(event.device_id)
