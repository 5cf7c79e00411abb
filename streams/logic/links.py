"""Which person ids are one person, in the journeys: merging two, refusing what is too much, taking a device away again.

An id is given up at once, and its state goes to the winner. A winner that has no room sends it back. Records may find that an id has been
given up for another one, which they are passed on to; `via` then says for which, so that what was merged with an id that comes back is
merged with that id and not with whoever had it (docs/decisions/identity-limits.md).
"""

from typing import Protocol

import msgspec

from schemas.journeys import Absorb, Kind, Merge, Refuse, Split, Unlink
from schemas.rows import EventRow, IdentityRow
from streams.logic import person_rows
from streams.logic.ids import device_person, user_person, winner_and_loser
from streams.logic.limits import Bounds, is_stray, refuses
from streams.logic.live import Live
from streams.logic.output import Handle, Output
from streams.logic.person import Person, pack, unpack
from streams.logic.policy import Policy
from streams.logic.split import split


class Forward(msgspec.Struct):
    """An event on its way to the person that took its own over."""

    to: str
    event: msgspec.Raw


_decode_event = msgspec.json.Decoder(EventRow).decode
_decode_forward = msgspec.json.Decoder(Forward).decode
_decode_merge = msgspec.json.Decoder(Merge).decode
_decode_absorb = msgspec.json.Decoder(Absorb).decode
_decode_refuse = msgspec.json.Decoder(Refuse).decode
_decode_unlink = msgspec.json.Decoder(Unlink).decode
_decode_split = msgspec.json.Decoder(Split).decode


class Persons(Protocol):
    """The partition's persons. `person` marks who is at work, `replace` makes a state the person of its id."""

    policy: Policy
    settled_ms: int

    @property
    def clock_ms(self) -> int: ...

    def person(self, person_id: str) -> Live: ...
    def knows(self, person_id: str) -> bool: ...
    def replace(self, state: Person) -> Live: ...
    def take(self, live: Live, event: EventRow, out: Output) -> None: ...


class Links:
    """Handles of records, by kind."""

    def __init__(self, persons: Persons) -> None:
        self._persons = persons
        self.handles: dict[str, Handle] = {
            Kind.FORWARD: self._on_forward,
            Kind.MERGE: self._on_merge,
            Kind.ABSORB: self._on_absorb,
            Kind.REFUSE: self._on_refuse,
            Kind.UNLINK: self._on_unlink,
            Kind.SPLIT: self._on_split,
        }

    def _on_forward(self, line: bytes, out: Output) -> None:
        forward = _decode_forward(line)
        event = _decode_event(forward.event)
        live = self._persons.person(forward.to)
        state = live.state
        if state.merged_into:
            send_on(state.merged_into, forward.event, out)
        elif is_stray(state.person_id, state.members, state.bounds, event.person_id):
            send_on(event.person_id, forward.event, out)
        else:
            self._persons.take(live, event, out)

    def _on_merge(self, line: bytes, out: Output) -> None:
        merge = _decode_merge(line)
        winner, loser = winner_and_loser(merge.a, merge.b)
        if winner == loser:
            return
        live = self._persons.person(loser)
        state = live.state
        if state.merged_into:
            _send_merge(Merge(a=state.merged_into, b=winner, at_ms=merge.at_ms, reason=merge.reason, via=merge.via or loser), out)
        elif merge.via and is_stray(loser, state.members, state.bounds, merge.via):
            _send_merge(Merge(a=merge.via, b=winner, at_ms=merge.at_ms, reason=merge.reason), out)
        elif state.bounds is None or state.bounds.refused_by != winner:
            self._give_up(live, winner, merge, out)

    def _give_up(self, live: Live, winner: str, merge: Merge, out: Output) -> None:
        person_rows.leave(live, out)
        loser = live.state.person_id
        absorb = Absorb(
            winner=winner,
            loser=loser,
            at_ms=merge.at_ms,
            known_until_ms=self._persons.settled_ms,
            reason=merge.reason,
            state=pack(live.state),
            via=merge.via,
        )
        out.emit("journeys", winner, absorb, Kind.ABSORB)
        self._persons.replace(Person(loser, merged_into=winner))
        out.count("merges")

    def _on_absorb(self, line: bytes, out: Output) -> None:
        absorb = _decode_absorb(line)
        live = self._persons.person(absorb.winner)
        state = live.state
        if state.merged_into:
            passed_on = msgspec.structs.replace(absorb, winner=state.merged_into, via=absorb.via or absorb.winner)
            out.emit("journeys", state.merged_into, passed_on, Kind.ABSORB)
        elif absorb.via and is_stray(state.person_id, state.members, state.bounds, absorb.via):
            out.emit("journeys", absorb.loser, _refusal("", absorb), Kind.REFUSE)
            _send_merge(Merge(a=absorb.loser, b=absorb.via, at_ms=absorb.at_ms, reason=absorb.reason), out)
        else:
            self._absorb_or_refuse(live, absorb, out)

    def _absorb_or_refuse(self, live: Live, absorb: Absorb, out: Output) -> None:
        state, loser = live.state, unpack(absorb.state)
        most = self._persons.policy.identity_max_devices
        if not refuses(state.person_id, state.members, state.bounds, loser.person_id, loser.members, most):
            person_rows.write_before_fold(live, loser, out)
            live.absorb(loser, absorb.at_ms, absorb.known_until_ms)
            return
        out.emit("journeys", absorb.loser, _refusal(state.person_id, absorb), Kind.REFUSE)
        out.count("merges_refused")
        bounds = state.bounds or Bounds()
        if not bounds.is_full:
            state.bounds = msgspec.structs.replace(bounds, is_full=True)
            self._write_own_link(state, absorb.at_ms, "full", out)

    def _on_refuse(self, line: bytes, out: Output) -> None:
        refuse = _decode_refuse(line)
        if not self._persons.person(refuse.loser).state.merged_into:
            raise ValueError("a refusal for a person that was not given up")
        state = unpack(refuse.state)
        if refuse.winner:
            state.bounds = msgspec.structs.replace(state.bounds or Bounds(), refused_by=refuse.winner)
        reason = f"refused by {refuse.winner}" if refuse.winner else "not merged"
        self._come_back(state, refuse.at_ms, refuse.known_until_ms, reason, out)

    def _on_unlink(self, line: bytes, out: Output) -> None:
        unlink = _decode_unlink(line)
        device, user = device_person(unlink.device_id), user_person(unlink.user_id)
        if unlink.person == device:
            out.emit("journeys", user, msgspec.structs.replace(unlink, person=user), Kind.UNLINK)
        elif self._persons.knows(unlink.person):
            live = self._persons.person(unlink.person)
            if live.state.merged_into:
                passed_on = msgspec.structs.replace(unlink, person=live.state.merged_into)
                out.emit("journeys", passed_on.person, passed_on, Kind.UNLINK)
            else:
                self._split(live, unlink, out)

    def _split(self, live: Live, unlink: Unlink, out: Output) -> None:
        """Send a device its part of this person's history, and what was sent of it."""
        state, device = live.state, device_person(unlink.device_id)
        person_rows.write_rows(live, out)
        was_member = device in state.members
        part = split(state, unlink.device_id, live.policy)
        if part is None:
            return
        live.start_over()
        person_rows.hand_over(live, Live(part, live.clock_ms, live.policy))
        said = Split(
            device_id=unlink.device_id,
            holder=state.person_id,
            was_member=was_member,
            at_ms=unlink.at_ms,
            by=unlink.by,
            known_until_ms=self._persons.settled_ms,
            state=pack(part),
        )
        out.emit("journeys", device, said, Kind.SPLIT)
        out.count("splits")

    def _on_split(self, line: bytes, out: Output) -> None:
        said = _decode_split(line)
        device, reason = device_person(said.device_id), f"unlinked by {said.by}"
        live = self._persons.person(device)
        holder = live.state.merged_into
        if holder and said.was_member:
            self._come_back(unpack(said.state), said.at_ms, said.known_until_ms, reason, out)
        elif holder:
            known_ms = said.known_until_ms  # not the operator's time: it may be far from the lane's
            absorb = Absorb(winner=holder, loser=device, at_ms=known_ms, known_until_ms=known_ms, reason=reason, state=said.state)
            out.emit("journeys", holder, absorb, Kind.ABSORB)
        else:
            part, has_new_members = unpack(said.state), live.new_members
            person_rows.write_before_fold(live, part, out)
            live.absorb(part, said.known_until_ms, said.known_until_ms)
            del live.state.members[device]
            live.new_members = has_new_members
            self._write_own_link(live.state, said.at_ms, reason, out)

    def _come_back(self, state: Person, at_ms: int, known_until_ms: int, reason: str, out: Output) -> None:
        """An id that was given up is a person again. What it passed on in the meantime may come back to it: it looks closely.

        Its triggers had been told until `known_until_ms`; time may have gone on here while the state was on its way.
        """
        state.bounds = state.bounds or Bounds()
        live = self._persons.replace(state)
        live.known_until_ms = min(live.known_until_ms, known_until_ms)
        live.on_time(self._persons.clock_ms)
        self._write_own_link(state, at_ms, reason, out)
        person_rows.come_back(live)
        live.start_over()

    def _write_own_link(self, state: Person, at_ms: int, reason: str, out: Output) -> None:
        """An `identities` row that says: this id is a person of its own, and why."""
        state.links += 1
        lane, person_id = self._persons.policy.lane, state.person_id
        row = IdentityRow(lane=lane, id=person_id, person_id=person_id, version=state.links, merged_at_ms=at_ms, reason=reason)
        out.emit("identities", person_id, row)


def _refusal(winner: str, absorb: Absorb) -> Refuse:
    return Refuse(winner=winner, loser=absorb.loser, at_ms=absorb.at_ms, known_until_ms=absorb.known_until_ms, state=absorb.state)


def send_on(to: str, event: msgspec.Raw, out: Output) -> None:
    """An event of a person that was given up: to the one that took it over."""
    out.emit("journeys", to, Forward(to, event), Kind.FORWARD)


def _send_merge(merge: Merge, out: Output) -> None:
    if merge.a != merge.b:
        out.emit("journeys", winner_and_loser(merge.a, merge.b)[1], merge, Kind.MERGE)
