"""The second agent's logic: one partition's persons, their carts, sessions, funnel and flags, and the time that moves them."""

import heapq
import weakref
from itertools import islice
from typing import cast

import msgspec

from schemas.journeys import Erase, Kind, Tick, lines_of
from schemas.reasons import RejectReason
from schemas.rows import ClockRow, EventRow
from streams.logic import churn, erased, funnel, person_rows, stays, stored
from streams.logic.applied import Applied
from streams.logic.churn import Churn
from streams.logic.clock import Clock
from streams.logic.consents import refuses_event
from streams.logic.erased import Erased
from streams.logic.links import Links, send_on
from streams.logic.live import FOLD_MARGIN_MS, Live
from streams.logic.output import Handle, Line, Output
from streams.logic.person import Person
from streams.logic.policy import Policy

MAX_DUE = 2_000  # persons that time moves in one batch, so that a transaction stays small
_HOT = 5_000  # persons kept decoded
_DUE_SLACK = 1_000  # entries of the index that may be out of date however few persons there are
_CLOCK = b"@clock"
_OWN = {Kind.EVENT.value: "_on_event", Kind.TICK.value: "_on_tick", Kind.ERASE.value: "_on_erase"}
_EVENT = Kind.EVENT.value
_encode = msgspec.json.Encoder().encode
_decode_event = msgspec.json.Decoder(EventRow).decode
_decode_tick = msgspec.json.Decoder(Tick).decode
_decode_erase = msgspec.json.Decoder(Erase).decode


class Fired(msgspec.Struct):
    """What the order of a batch's triggers goes by."""

    fired_at_ms: int
    trigger_id: str


_decode_fired = msgspec.json.Decoder(Fired).decode


class Journey:
    """One `journeys` partition: `on_record` for each record, `flush` at the end of a batch. Holds the partition's whole state."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.persons: dict[str, bytes] = {}  # as the changelog has them (`stored`)
        self._clock = Clock(0, policy.partitions)
        self._due: list[tuple[int, str]] = []
        self._hot: dict[str, Live] = {}
        self._touched: dict[str, Live] = {}
        self._applied = Applied()
        self._at_work = ""  # the person that the line in hand is about
        self._woken: set[str] = set()  # whose entry of the index has been taken out
        self._idle: list[tuple[str, Churn]] = []  # those of them whom time only moves between segments
        self._clock_moved = False
        self._acts_until_ms = 0  # how far time acts in this flush: the clock, or less while more persons are due than one flush takes
        self.settled_ms = 0  # the clock that everyone who was due has been told of
        self._told_ms = 0
        self._events = 0  # of this batch
        self._erased = Erased(policy.erasure_salt)
        self._links = Links(weakref.proxy(self)).handles

    @property
    def partition(self) -> int:
        """Which partition this is; set by the pipeline."""
        return self._clock.partition

    @partition.setter
    def partition(self, partition: int) -> None:
        self._clock.partition = partition

    @property
    def clock_ms(self) -> int:
        return self._clock.now_ms

    def load(self, key: bytes, value: bytes) -> None:
        """Take one changelog entry back (restore)."""
        if key == _CLOCK:
            self._clock.load(value)
            return
        if key.startswith(erased.PREFIX):
            self._erased.load(key)
            return
        person_id = key.decode()
        self.persons[person_id] = value

    def restored(self) -> None:
        """All changelog entries are loaded. The next flush tells the clock, lest the batch that moved it ended before it could."""
        self._clock_moved = self.clock_ms > 0
        self.settled_ms = self.clock_ms
        self._index()

    def _index(self) -> None:
        """Build the index of what is due when."""
        self._due = [(wake, person_id) for person_id, value in self.persons.items() if (wake := stored.wake_ms(value)) != stored.NEVER]
        heapq.heapify(self._due)

    def on_record(self, kind: str, value: bytes, out: Output) -> None:
        """Apply one record; a line that cannot be processed goes to `rejected` and costs no other line."""
        if kind == Kind.MIXED:
            for line_kind, line in lines_of(kind, value):
                self._apply([line], line_kind, out)
        else:
            self._apply(value.split(b"\n"), kind, out)

    def _handle_of(self, kind: str) -> Handle:
        """Looked up each time: a table of own methods would be a cycle, and a state that is let go has to be gone at once."""
        own = _OWN.get(kind)
        return getattr(self, own) if own else self._links.get(kind, _on_stranger)

    def _apply(self, lines: list[bytes], kind: str, out: Output) -> None:
        if self._erased.is_any:
            lines, found = [line for line in lines if not self._erased.names(line)], lines
            out.count("of_erased", len(found) - len(lines))
        if kind == _EVENT:
            self._apply_events(lines, out)
        else:
            self._apply_others(lines, kind, out)

    def _apply_events(self, lines: list[bytes], out: Output) -> None:
        handle, begin = self._on_event, 0
        for at, line in enumerate(lines):
            mark, self._at_work = out.mark(), ""
            try:
                handle(line, out)
            except Exception as error:  # poison must not stop the partition
                self._applied.add_events(lines[begin:at])
                begin = at + 1
                self._take_back(line, error, mark, out)
        self._applied.add_events(lines[begin:] if begin else lines)

    def _apply_others(self, lines: list[bytes], kind: str, out: Output) -> None:
        handle = self._handle_of(kind)
        for line in lines:
            mark, self._at_work = out.mark(), ""
            try:
                handle(line, out)
            except Exception as error:
                self._take_back(line, error, mark, out)
            else:
                if self._at_work:
                    self._applied.add(self._at_work, kind, line)

    def _take_back(self, line: bytes, error: Exception, mark: int, out: Output) -> None:
        out.back_to(mark)
        self._undo(self._at_work)
        self._reject(line, error, out)

    def _undo(self, person_id: str) -> None:
        """Make a person anew: as the last batch left it, then this batch's lines but for the one that failed half-way."""
        self._let_go(person_id)
        for kind, line in self._applied.of(person_id) if person_id else ():
            self._handle_of(kind)(line, Output(self.policy.partitions))

    def _let_go(self, person_id: str) -> None:
        self._hot.pop(person_id, None)
        self._touched.pop(person_id, None)

    def _reject(self, line: bytes, error: Exception, out: Output) -> None:
        message = f"{type(error).__name__}: {error}"
        out.reject(self.policy.lane, "journey", RejectReason.INTERNAL_ERROR, message, line, at_ms=self.clock_ms)

    def flush(self, out: Output) -> bool:
        """Let time act, write rows and state of everyone touched; True when more is due than one batch takes."""
        more = self._wake_due(out)
        if not more:
            self.settled_ms = self._acts_until_ms = self.clock_ms
        for live in list(self._touched.values()):
            self._write_or_reject(live, out)
        self._move_idle(out)
        out.changes.update(self._erased.changes())
        out.count("events", self._events)
        self._events = 0
        out.sort("triggers", self.partition, _fired_at)
        self._touched.clear()
        self._woken.clear()
        self._applied.clear()
        if len(self._due) > 2 * len(self.persons) + _DUE_SLACK:  # most of it is out of date
            self._index()
        if self._clock_moved:
            for target, tick in self._clock.say():
                out.emit_to("journeys", target, _encode(tick), Kind.TICK)
            out.changes[_CLOCK] = self._clock.dump()
            if not more:
                self._write_clock(out)
        for person_id in list(islice(self._hot, max(0, len(self._hot) - _HOT))):
            del self._hot[person_id]
        return more

    def _write_clock(self, out: Output) -> None:
        self._clock_moved = False
        if self.clock_ms == self._told_ms:
            return
        self._told_ms = self.clock_ms
        row = ClockRow(lane=self.policy.lane, partition=self.partition, now_at_ms=self.clock_ms, version=self.clock_ms)
        out.emit_to("clocks", self.partition, _encode(row))

    def person(self, person_id: str) -> Live:
        self._at_work = person_id
        live = self._touched.get(person_id)
        if live is not None:
            return live
        live = self._hot.pop(person_id, None)
        if live is None:
            value = self.persons.get(person_id)
            state = stored.person(value) if value else Person(person_id)
            live = Live(state, self.settled_ms, self.policy)
        else:
            live.begin_batch(self.settled_ms)
        self._hot[person_id] = self._touched[person_id] = live
        return live

    def _on_event(self, line: bytes, out: Output) -> None:
        event = _decode_event(line)
        live = self.person(event.person_id)
        if live.state.merged_into:
            send_on(live.state.merged_into, msgspec.Raw(line), out)
        else:
            self.take(live, event, out)

    def take(self, live: Live, event: EventRow, out: Output) -> None:
        """An event of this person."""
        if event.event == "consent":
            live.on_consent(event)
        elif live.state.consents and refuses_event(live.state.consents, event):
            out.count("refused")  # it was on its way when the person refused
            return
        if not event.late:
            live.on_event(event)
        self._events += 1

    def _on_tick(self, line: bytes, out: Output) -> None:
        self._clock.hear(_decode_tick(line))
        self._clock_moved = True

    def _on_erase(self, line: bytes, out: Output) -> None:
        """Every state of these ids goes. Copies of this come from each partition of `events`; the first one says it all."""
        new = self._erased.add(_decode_erase(line).hashes)
        if not new:
            return
        for person_id in [each for each in {**self.persons, **self._touched} if self._erased.is_one_of(each, new)]:
            try:
                person_rows.stop(self.person(person_id), out)
            except Exception:  # a state that cannot be read has to go all the same
                out.count("erased_unread")
            self._let_go(person_id)
            self._applied.forget(person_id)
            if self.persons.pop(person_id, None) is not None:
                out.changes[person_id.encode()] = None
        self._at_work = ""

    def knows(self, person_id: str) -> bool:
        """Whether there has been anything of this person."""
        return person_id in self.persons or person_id in self._touched

    def replace(self, state: Person) -> Live:
        """From now on this is the person of that id."""
        live = Live(state, self.settled_ms, self.policy)
        self._hot[state.person_id] = self._touched[state.person_id] = live
        return live

    def _wake_due(self, out: Output) -> bool:
        """Touch everyone whose time has come; True when there are more than one batch takes."""
        for _ in range(MAX_DUE):
            if not self._due or self._due[0][0] > self.clock_ms:
                return False
            wake_ms, person_id = heapq.heappop(self._due)
            value = self.persons.get(person_id)
            due_ms = stored.NEVER if value is None else stored.wake_ms(value)
            if wake_ms < due_ms < stored.NEVER:  # it was put off since then
                heapq.heappush(self._due, (due_ms, person_id))
            elif value is not None and due_ms == wake_ms and person_id not in self._woken:  # the same entry may stand there twice
                self._woken.add(person_id)
                try:
                    self._wake(person_id, value)
                except Exception as error:
                    self._let_go(person_id)
                    self._reject(person_id.encode(), error, out)
        if not self._due or self._due[0][0] > self.clock_ms:
            return False
        self._acts_until_ms = self._due[0][0]  # who is taken now is not told of what comes after
        return True

    def _wake(self, person_id: str, value: bytes) -> None:
        flags = None
        if person_id not in self._touched:
            flags = stored.if_only_stays_move(value, self.clock_ms, self.clock_ms - self.policy.lateness_ms - FOLD_MARGIN_MS)
        if flags is None:
            self.person(person_id)
        else:
            self._idle.append((person_id, flags))

    def _write_or_reject(self, live: Live, out: Output) -> None:
        """A person who cannot be written stays as the last batch left it; what this batch said of it goes to `rejected`."""
        mark, person_id = out.mark(), live.state.person_id
        try:
            self._write(live, out)
        except Exception as error:
            out.back_to(mark)
            self._let_go(person_id)
            lines = [line for _, line in self._applied.of(person_id)]
            for line in lines or [person_id.encode()]:
                self._reject(line, error, out)

    def _write(self, live: Live, out: Output) -> None:
        state = live.state
        cart_ms = churn_ms = None
        if state.merged_into:
            self._hot.pop(state.person_id, None)  # hardly ever asked for again: the room is for others
        else:
            live.on_time(self._acts_until_ms)
            if live.funnel_changed:
                live.funnel_changed = funnel.update(state.funnel, self.policy)
            person_rows.write_rows(live, out)
            live.fold(person_rows.forget_sent)
            cart_ms, churn_ms = live.next_cart_ms(), churn.next_wake_ms(state.churn, live.clock_ms, self.policy)
        self._keep(state.person_id, stored.value_of(state, cart_ms, churn_ms), out)

    def _keep(self, person_id: str, value: bytes, out: Output) -> None:
        before = self.persons.get(person_id)
        if value == before:
            return
        self.persons[person_id] = value
        out.changes[person_id.encode()] = value
        wake_ms = stored.wake_ms(value)
        if wake_ms != stored.NEVER and (before is None or person_id in self._woken or wake_ms < stored.wake_ms(before)):
            heapq.heappush(self._due, (wake_ms, person_id))  # else an entry of an earlier time stands there, and finds the later one

    def _move_idle(self, out: Output) -> None:
        """Those whom time only moves between segments."""
        for person_id, flags in self._idle:
            mark, live = out.mark(), self._hot.get(person_id)
            try:
                if live is not None:
                    flags, live.clock_ms = live.state.churn, self._acts_until_ms
                stays.move(flags, person_id, self._acts_until_ms, self.policy, out)
                self._keep(person_id, stored.with_flags(self.persons[person_id], flags, self._acts_until_ms, self.policy), out)
            except Exception as error:
                out.back_to(mark)
                self._let_go(person_id)
                self._reject(person_id.encode(), error, out)
        self._idle.clear()


def _fired_at(line: Line) -> tuple[int, str]:
    row = _decode_fired(cast(bytes, line))
    return (row.fired_at_ms, row.trigger_id)


def _on_stranger(_: bytes, __: Output) -> None:
    raise ValueError("a record of a kind that journeys do not have")
