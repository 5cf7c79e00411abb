"""All that is kept of a person, and how an event, time or another person's state changes it.

The truth is `base` (what is older than the allowed lateness, folded) and `journal` (newer entries, in event time). The `head` is
computed from both: an event that arrives in order is applied to it, one that arrives late makes it be computed anew. So the result is a
function of the events, not of their arrival.
"""

import msgspec

from schemas.rows import EventRow
from streams.logic import carts, churn, entry, funnel, sessions
from streams.logic.carts import Carts
from streams.logic.churn import Churn
from streams.logic.entry import Entry
from streams.logic.funnel import Funnel
from streams.logic.policy import Policy
from streams.logic.sessions import Sessions

MAX_JOURNAL = 4_000  # entries; more in a week is a bot or a till, whose late events may come too late for their carts
_FOLD_SLACK_MS = 3_600_000  # fold at most once an hour of lane time
_FOLD_MARGIN_MS = 86_400_000  # what waits longer than the lateness: events on their way through a chain of merges


class FirstTouch(msgspec.Struct, array_like=True):
    """Where a person came from: the earliest event that has a channel. `seen_ms`: the earliest event of all."""

    seen_ms: int
    at_ms: int = 0
    message_id: str = ""
    channel: str = ""
    device_type: str = ""
    campaign_name: str = ""


class Flow(msgspec.Struct, array_like=True):
    """Carts and sessions at one point of event time."""

    carts: Carts
    sessions: Sessions


class Sent(msgspec.Struct, array_like=True):
    """What was last written of an object: its version and a digest of its row; `decision` and `reason` of a trigger."""

    version: int
    digest: int
    decision: str = ""
    reason: str = ""


class Person(msgspec.Struct, array_like=True):
    """One person; `merged_into` is set once another id has taken over, and then little else is."""

    person_id: str
    merged_into: str = ""
    members: dict[str, int] = {}  # ids that were given up for this one, and when (event time)
    links: int = 0  # version of this group's identities rows
    first: FirstTouch | None = None
    device_id: str = ""
    share: tuple[int, str] | None = None  # the last share this person came through, and when
    funnel: Funnel = msgspec.field(default_factory=Funnel)
    churn: Churn = msgspec.field(default_factory=Churn)
    base: Flow = msgspec.field(default_factory=lambda: Flow(Carts(), Sessions()))
    journal: list[Entry] = []
    folded_ms: int = 0
    sent: dict[str, Sent] = {}


_pack = msgspec.msgpack.Encoder().encode
_unpack_flow = msgspec.msgpack.Decoder(Flow).decode


class Live:
    """A person in memory: the state with its head, and what this batch did to it."""

    __slots__ = ("_head", "absorbed", "clock_ms", "funnel_changed", "known_until_ms", "new_members", "policy", "reworked", "state")

    def __init__(self, state: Person, clock_ms: int, policy: Policy) -> None:
        self.state = state
        self.policy = policy
        self.clock_ms = clock_ms
        self._head: Flow | None = None
        self.begin_batch()

    def begin_batch(self) -> None:
        self.funnel_changed = False
        self.absorbed = False
        self.new_members: list[str] = []
        self.reworked = False  # an event came late: a trigger that was due by `known_until_ms` and appears only now is not sent
        self.known_until_ms = max(self.clock_ms, self.state.journal[-1].at_ms if self.state.journal else 0)

    @property
    def head(self) -> Flow:
        """Carts and sessions now. Computed anew where it is out of date, once for all late events of a batch."""
        if self._head is None:
            head = self._head = _unpack_flow(_pack(self.state.base))
            for item in self.state.journal:
                _step(head, item, self.policy)
            carts.advance(head.carts, self.clock_ms, self.policy)
        return self._head

    def on_event(self, event: EventRow) -> None:
        """Take one event that is not late."""
        state, policy = self.state, self.policy
        item = entry.entry_of(event)
        state.device_id = event.device_id or state.device_id
        _touch(state, event)
        if item.weight:
            churn.seen(state.churn, item.at_ms, policy)
        self.funnel_changed |= funnel.add(state.funnel, item.at_ms, policy.steps_of(event.event), policy)
        head = self._head if self.reworked else self.head
        in_order = entry.insert(state.journal, item)
        if head is not None and in_order and (item.at_ms >= self.clock_ms or not self._clock_touched(head, item)):
            _step(head, item, policy)
            carts.advance(head.carts, self.clock_ms, policy)
        else:
            self.reworked = True
            self._head = None

    def _clock_touched(self, head: Flow, item: Entry) -> bool:
        """Whether time has already done something to a cart that this entry should have come before."""
        late_ms = item.at_ms
        return any(e.idle and e.changed_ms + self.policy.abandon_idle_ms > late_ms for e in head.carts.open.values()) or any(
            e.status == "expired" and (e.closed_ms or 0) > late_ms for e in head.carts.closed
        )

    def on_time(self, clock_ms: int) -> None:
        """Let time pass."""
        self.clock_ms = max(self.clock_ms, clock_ms)
        if self._head is not None:
            carts.advance(self._head.carts, self.clock_ms, self.policy)
        churn.advance(self.state.churn, self.clock_ms, self.policy)

    def fold(self) -> None:
        """Move what no event can change any more into the base, once its rows are written, and forget what has ended."""
        state = self.state
        until_ms = self.clock_ms - self.policy.lateness_ms - _FOLD_MARGIN_MS
        if len(state.journal) > MAX_JOURNAL:
            until_ms = max(until_ms, state.journal[-MAX_JOURNAL // 2].at_ms)
        elif until_ms < state.folded_ms + _FOLD_SLACK_MS:
            return
        _fold(state, until_ms, self.policy)
        _forget(state.base, until_ms, self.policy)
        _forget(self.head, until_ms, self.policy)
        state.churn.stays = [s for s in state.churn.stays if s.left_ms is None or s.left_ms >= until_ms]

    def next_wake_ms(self) -> int | None:
        waits = (carts.next_wake_ms(self.head.carts, self.policy), churn.next_wake_ms(self.state.churn, self.policy))
        return min((wait for wait in waits if wait is not None), default=None)

    def absorb(self, loser: Person, at_ms: int, known_until_ms: int) -> None:
        """Another person's state becomes this person's; it had let time pass until `known_until_ms`, the sign-in included."""
        state = self.state
        self.known_until_ms = min(self.known_until_ms, known_until_ms)
        self.on_time(at_ms)
        gone = [loser.person_id, *loser.members]
        state.members.update({**loser.members, loser.person_id: at_ms})
        state.links = max(state.links, loser.links) + 1
        self.new_members.extend(gone)
        state.first = _earlier(state.first, loser.first)
        state.share = max(filter(None, (state.share, loser.share)), default=None)
        state.device_id = state.device_id or loser.device_id
        funnel.merge(state.funnel, loser.funnel, self.policy)
        churn.merge(state.churn, loser.churn, self.policy)
        until_ms = max(state.folded_ms, loser.folded_ms)  # as far for both: no entry may be older than the base it is applied to
        _fold(state, until_ms, self.policy)
        _fold(loser, until_ms, self.policy)
        carts.merge(state.base.carts, loser.base.carts)
        sessions.merge(state.base.sessions, loser.base.sessions)
        for key, sent in loser.sent.items():
            ours = state.sent.get(key)
            state.sent[key] = sent if ours is None else max(sent, ours, key=lambda s: s.version)
        journal = {item.order: item for item in [*state.journal, *loser.journal]}
        state.journal = [journal[order] for order in sorted(journal)]
        self.absorbed = True
        self.funnel_changed = True
        self.reworked = True
        self._head = None
        churn.advance(state.churn, self.clock_ms, self.policy)


def _step(flow: Flow, item: Entry, policy: Policy) -> None:
    carts.advance(flow.carts, item.at_ms, policy)
    carts.apply(flow.carts, item, policy)
    sessions.apply(flow.sessions, item, policy)


def _fold(state: Person, until_ms: int, policy: Policy) -> None:
    """The base as it was at `until_ms`; the journal keeps what came after."""
    state.folded_ms = until_ms
    old = [item for item in state.journal if item.at_ms < until_ms]
    state.journal = state.journal[len(old) :]
    for item in old:
        _step(state.base, item, policy)
    carts.advance(state.base.carts, until_ms, policy)


def _forget(flow: Flow, until_ms: int, policy: Policy) -> None:
    """Ended carts and visits that no late event can reach any more."""
    flow.carts.closed = [e for e in flow.carts.closed if (e.closed_ms or 0) >= until_ms]
    ended_ms = until_ms - policy.session_idle_ms  # a visit that goes on just after `until_ms` is still the same one
    flow.sessions.closed = [s for s in flow.sessions.closed if s.ended_ms >= ended_ms]
    flow.sessions.latest = {d: s for d, s in flow.sessions.latest.items() if s.ended_ms >= ended_ms}


def _touch(state: Person, event: EventRow) -> None:
    at_ms = event.occurred_at_ms
    if state.first is None:
        state.first = FirstTouch(at_ms)
    first = state.first
    first.seen_ms = min(first.seen_ms, at_ms)
    if event.channel and (not first.channel or (at_ms, event.message_id) < (first.at_ms, first.message_id)):
        first.at_ms, first.message_id = at_ms, event.message_id
        first.channel, first.device_type, first.campaign_name = event.channel, event.device_type, event.campaign_name


def _earlier(ours: FirstTouch | None, theirs: FirstTouch | None) -> FirstTouch | None:
    if ours is None or theirs is None:
        return ours or theirs
    touched = [t for t in (ours, theirs) if t.channel]
    found = min(touched, key=lambda t: (t.at_ms, t.message_id)) if touched else ours
    return msgspec.structs.replace(found, seen_ms=min(ours.seen_ms, theirs.seen_ms))
