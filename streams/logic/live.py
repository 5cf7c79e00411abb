"""A person in memory: the state, carts and sessions as they are now, and what this batch did to them.

An event that arrives in order is applied to what is there; one that arrives late makes carts or sessions be computed anew from the
journal. Only what a batch changed is looked at when its rows are written.
"""

from collections.abc import Callable

import msgspec

from schemas.rows import EventRow
from streams.logic import carts, churn, consents, entry, funnel, person, sessions, share, stays, withdrawal
from streams.logic.carts import Carts
from streams.logic.entry import Entry
from streams.logic.limits import joined
from streams.logic.person import Person
from streams.logic.policy import Policy
from streams.logic.sessions import Session, Sessions

MAX_JOURNAL = 4_000  # entries; more in a week is a bot or a till, whose late events may come too late for their carts
_FOLD_SLACK_MS = 21_600_000  # fold at most once in six hours of lane time
FOLD_MARGIN_MS = 86_400_000  # what waits longer than the lateness: events on their way through a chain of merges
_encode = msgspec.msgpack.Encoder().encode
_decode_carts = msgspec.msgpack.Decoder(Carts).decode
_decode_sessions = msgspec.msgpack.Decoder(Sessions).decode


class Live(msgspec.Struct, gc=False, eq=False):
    """`on_event`, `on_time` and `absorb` change it; the flags say which rows may have to be written.

    A structure, because those are made quicker than other objects and need not be known to the garbage collector.
    """

    state: Person
    clock_ms: int
    policy: Policy
    absorbed: bool = False
    new_members: bool = False
    rebuilt: bool = False  # carts or sessions are computed anew: any row may have changed, or be gone
    touch_changed: bool = False
    funnel_changed: bool = False  # there are new marks
    carts_changed: bool = False
    stays_changed: bool = False
    visits: dict[int, Session] = {}  # sessions that changed, by their object
    shares_from_ms: int | None = None  # shares and orders since then may have another row
    reworked: bool = False  # a cart event came late: a trigger that was due by `known_until_ms` and appears only now is not sent
    known_until_ms: int = 0
    _carts: Carts | None = None
    _sessions: Sessions | None = None
    _steps: dict[str, tuple[int, ...]] = {}

    def __post_init__(self) -> None:
        self.known_until_ms = self.clock_ms
        self._steps = self.policy.steps()
        if not self.state.journal and self.state.base is None:
            self._carts, self._sessions = Carts(), Sessions()

    def begin_batch(self, settled_ms: int) -> None:
        """Forget what the last batch did. `settled_ms`: the clock when it ended; what was due by then has been told."""
        self.absorbed = self.new_members = self.rebuilt = self.touch_changed = self.funnel_changed = False
        self.carts_changed = self.stays_changed = self.reworked = False
        self.visits = {}
        self.shares_from_ms = None
        self.known_until_ms = settled_ms

    @property
    def carts(self) -> Carts:
        """Carts now; computed anew where they are out of date, once for all late events of a batch."""
        found = self._carts
        if found is None:
            base = self.state.base
            found = self._carts = Carts() if base is None else _decode_carts(_encode(base.carts))
            for item in self.state.journal:
                if item.cart is not None:
                    carts.step(found, item, self.policy)
            self.carts_changed |= carts.advance(found, self.clock_ms, self.policy)
        return found

    @property
    def sessions(self) -> Sessions:
        """Sessions now, computed anew in the same way."""
        found = self._sessions
        if found is None:
            base = self.state.base
            found = self._sessions = Sessions() if base is None else _decode_sessions(_encode(base.sessions))
            for item in self.state.journal:
                sessions.apply(found, item, self.policy)
        return found

    def on_event(self, event: EventRow) -> None:
        """Take one event that is not late."""
        state, policy = self.state, self.policy
        item = entry.entry_of(event, state.device_id)
        state.device_id = item.device_id or state.device_id
        if person.touch(state, event):
            self.touch_changed = True
        if item.weight and churn.seen(state.churn, item.at_ms, policy):
            self.stays_changed = True
        steps = self._steps.get(event.event)
        if steps and funnel.add(state.funnel, item.at_ms, steps, policy):
            self.funnel_changed = True
        visits = bool(item.weight and item.device_id)
        if not self.rebuilt:  # what is not in memory is computed before the event stands in the journal
            if visits and self._sessions is None:
                self._sessions = self.sessions
            if item.cart is not None and self._carts is None:
                self._carts = self.carts
        place = entry.insert(state.journal, item)
        if item.cart is not None:
            self._on_cart(item, place)
        if visits:
            self._on_visit(item, place == len(state.journal) - 1)
        if item.share is not None or event.event == "purchase":
            self.shares_from_ms = item.at_ms if self.shares_from_ms is None else min(self.shares_from_ms, item.at_ms)

    def on_consent(self, event: EventRow) -> None:
        """A decision counts however late it comes. Events that it should have kept out, and that overtook it, are taken out again."""
        if not consents.take(self.state.consents, event):
            return
        self.carts_changed = True  # a trigger that was decided may have to be stopped
        if withdrawal.take_out(self.state, consents.origin_of(event), self.policy):
            self.touch_changed = True
            self.start_over()

    def _on_cart(self, item: Entry, place: int) -> None:
        """Carts know nothing of other events, so only a later cart event makes this one late."""
        journal = self.state.journal
        self.carts_changed = True
        if place < len(journal) - 1:
            self.reworked = True
        if self._carts is None:
            return
        is_last = all(journal[later].cart is None for later in range(place + 1, len(journal)))
        if is_last and (item.at_ms >= self.clock_ms or not self._clock_touched(self._carts, item.at_ms)):
            carts.step(self._carts, item, self.policy)
            carts.advance(self._carts, self.clock_ms, self.policy)
        else:
            self.reworked = self.rebuilt = True
            self._carts = None

    def _on_visit(self, item: Entry, is_last: bool) -> None:
        """Sessions of one device know nothing of others."""
        found = self._sessions
        if found is None:
            return
        latest = found.latest.get(item.device_id)
        changed: Session | None
        if latest is None or item.at_ms > latest.ended_ms or is_last:
            changed = sessions.apply(found, item, self.policy)
        else:
            changed = sessions.insert(found, item)
        if changed is None:
            self.rebuilt = True
            self._sessions = None
        else:
            self.visits[id(changed)] = changed

    def _clock_touched(self, found: Carts, late_ms: int) -> bool:
        """Whether time has already done something to a cart that an event of `late_ms` should have come before."""
        return any(e.idle and e.changed_ms + self.policy.abandon_idle_ms > late_ms for e in found.open.values()) or any(
            e.status == "expired" and (e.closed_ms or 0) > late_ms for e in found.closed
        )

    def on_time(self, clock_ms: int) -> None:
        """Let time pass."""
        if clock_ms > self.clock_ms:
            self.clock_ms = clock_ms
        if self._carts is not None and carts.advance(self._carts, self.clock_ms, self.policy):
            self.carts_changed = True
        if stays.is_due(self.state.churn, self.clock_ms, self.policy):
            self.stays_changed = True

    def fold(self, forget_sent: Callable[["Live"], None]) -> None:
        """Move what no event can change any more into the base, once its rows are written, and forget what has ended."""
        state = self.state
        until_ms = self.clock_ms - self.policy.lateness_ms - FOLD_MARGIN_MS
        if len(state.journal) > MAX_JOURNAL:
            until_ms = max(until_ms, state.journal[-MAX_JOURNAL // 2].at_ms)
        elif until_ms < state.folded_ms + _FOLD_SLACK_MS:
            return
        churn.forget(state.churn, until_ms, self.policy)
        if self._is_young(until_ms):
            state.folded_ms = until_ms
            return
        person.fold(state, until_ms, self.policy)
        base = state.base
        for found in (base.carts if base else None, self._carts):
            if found is not None and found.closed:
                carts.forget(found, until_ms)
        for visits in (base.sessions if base else None, self._sessions):
            if visits is not None and visits.latest:
                sessions.forget(visits, until_ms, self.policy)
        person.tidy(state)
        forget_sent(self)

    def _is_young(self, until_ms: int) -> bool:
        """Whether nothing of this person is older: then there is nothing to fold and to forget."""
        state = self.state
        if state.churn.sent or (state.journal and state.journal[0].at_ms < until_ms) or (state.sent and state.folded_ms):
            return False
        return state.base is None

    def next_cart_ms(self) -> int | None:
        """When time alone changes something about carts next. The stays have a time of their own (`churn.next_wake_ms`)."""
        return carts.next_wake_ms(self.carts, self.clock_ms, self.policy)

    def absorb(self, loser: Person, at_ms: int, known_until_ms: int) -> None:
        """Another person's state becomes this person's; its triggers had been told until `known_until_ms`."""
        state = self.state
        self.known_until_ms = min(self.known_until_ms, known_until_ms)
        state.members.update({**loser.members, loser.person_id: at_ms})
        state.links = max(state.links, loser.links) + 1
        self.new_members = True
        state.first = person.earlier(state.first, loser.first)
        state.device_id = state.device_id or loser.device_id
        funnel.merge(state.funnel, loser.funnel, self.policy)
        churn.merge(state.churn, loser.churn, self.policy)
        until_ms = max(state.folded_ms, loser.folded_ms)  # as far for both: no entry may be older than the base it is applied to
        person.fold(state, until_ms, self.policy)
        person.fold(loser, until_ms, self.policy)
        if state.base is None or loser.base is None:
            state.base = state.base or loser.base
        else:
            carts.merge(state.base.carts, loser.base.carts)
            sessions.merge(state.base.sessions, loser.base.sessions)
        state.opened = share.later(state.opened, loser.opened)
        for key, sent in loser.sent.items():
            ours = state.sent.get(key)
            state.sent[key] = sent if ours is None else max(sent, ours, key=lambda s: s.version)
        state.bounds = joined(state.bounds, loser.bounds)
        consents.merge(state.consents, loser.consents)
        state.journal = entry.merged(state.journal, loser.journal)
        self.absorbed = True
        self.start_over()

    def start_over(self) -> None:
        """The journal is another one: everything is computed anew from it, and any row may have changed."""
        self.funnel_changed = self.reworked = self.rebuilt = True
        self._carts = self._sessions = None
