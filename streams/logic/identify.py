"""The first agent's logic: clean, de-duplicate, and say whose event it is. State: one entry a device, and the ids seen."""

import msgspec

from schemas.journeys import Erase, Kind, Merge, Tick, Unlink
from schemas.partition import stream_partition
from schemas.reasons import RejectReason
from schemas.rows import EventRow
from streams.logic import consents, erased
from streams.logic.clean import correct
from streams.logic.consents import Refusals
from streams.logic.dedup import PREFIX, Dedup, Verdict, content_of
from streams.logic.devices import DeviceState, forget, owner_at, sign_in, unlink
from streams.logic.erased import Erased
from streams.logic.ids import device_person, user_person, winner_and_loser
from streams.logic.output import Handle, Output
from streams.logic.policy import Policy

_DEVICE = b"device:"
_HANDLE = {Kind.TICK.value: "_on_tick", Kind.UNLINK.value: "_on_unlink", Kind.ERASE.value: "_on_erase"}
_DUPLICATE, _REUSED = Verdict.DUPLICATE, Verdict.REUSED  # to ask an enum for them each time is slow


class Arriving(EventRow, omit_defaults=True, kw_only=True):
    """The collector's line, read as the row that it becomes; what is not the collector's to say is overwritten, whoever wrote it."""

    lane: str = ""
    person_id: str = ""
    occurred_at_ms: int = 0
    ip_country: str = ""


_decode_state = msgspec.msgpack.Decoder(DeviceState)
_decode_unlink = msgspec.json.Decoder(Unlink).decode
_encode_state = msgspec.msgpack.Encoder().encode
_decode = msgspec.json.Decoder(Arriving).decode
_decode_tick = msgspec.json.Decoder(Tick).decode
_decode_erase = msgspec.json.Decoder(Erase).decode
_encode = msgspec.json.Encoder().encode


class Identify:
    """One `events` partition: `on_record` for each record, `flush` at the end of a batch. Holds the partition's whole state."""

    def __init__(self, policy: Policy) -> None:
        self.partition = 0  # set by the pipeline: which partition this is
        self.policy = policy
        self.devices: dict[str, DeviceState] = {}
        self.dedup = Dedup(policy.dedup_ms, policy.dedup_max_ids)
        self._refusals = Refusals()
        self._erased = Erased(policy.erasure_salt)
        self._events = self._late = 0  # of this batch
        self._changed: set[str] = set()
        self._merges: list[tuple[str, Merge]] = []  # told behind the events around them: so these stand together in large records

    def load(self, key: bytes, value: bytes) -> None:
        """Take one changelog entry back (restore)."""
        if key.startswith(PREFIX):
            self.dedup.load(key, value)
        elif key.startswith(consents.PREFIX):
            self._refusals.load(key, value)
        elif key.startswith(erased.PREFIX):
            self._erased.load(key)
        else:
            self.devices[key[len(_DEVICE) :].decode()] = _decode_state.decode(value)

    def restored(self) -> None:
        """All changelog entries are loaded."""
        self.dedup.restored()

    def on_record(self, kind: str, value: bytes, out: Output) -> None:
        """Apply one record; a line that cannot be processed goes to `rejected` and costs no other line."""
        name = _HANDLE.get(kind, "_on_line")  # a table of own methods would be a cycle, and what is dropped has to be gone at once
        handle: Handle = getattr(self, name)
        for line in value.split(b"\n"):
            try:
                handle(line, out)
            except Exception as error:  # poison must not stop the partition
                out.reject(self.policy.lane, "identify", RejectReason.INTERNAL_ERROR, f"{type(error).__name__}: {error}", line, at_ms=0)

    def flush(self, out: Output) -> bool:
        """Write the batch's changed state; False: nothing is left to do."""
        self._tell_merges(out)
        for device in self._changed:
            state = self.devices.get(device)
            out.changes[_DEVICE + device.encode()] = None if state is None else _encode_state(state)
        self._changed.clear()
        for changed in (self.dedup.changes(), self._refusals.changes(), self._erased.changes()):
            out.changes.update(changed)
        out.count("events", self._events)
        out.count("late", self._late)
        out.count("ids_forgotten", self.dedup.forgotten())
        self._events = self._late = 0
        return False

    def _on_tick(self, line: bytes, out: Output) -> None:
        tick = _decode_tick(line)
        self._tell_merges(out)
        out.emit_to("journeys", 0, _encode(Tick(now_ms=tick.now_ms, source=self.partition)), Kind.TICK)

    def _on_line(self, line: bytes, out: Output) -> None:
        policy = self.policy
        row = _decode(line)
        if self._erased.is_any and self._erased.names(line):
            self._refuse(row, RejectReason.ERASED, "it names someone who was erased", out)
            return
        content = content_of(line)
        verdict = self.dedup.judge(row.write_key, row.message_id, row.received_at_ms, content)
        if verdict is _DUPLICATE:
            self._reject_duplicate(row, line, out)
            return
        row.id_reused = is_reused = verdict is _REUSED
        if is_reused:
            row.message_id = f"{row.message_id}~{content:08x}"
            out.count("ids_reused")
        times = correct(row.client_at_ms, row.sent_at_ms, row.received_at_ms, policy)
        row.occurred_at_ms, row.skew_ms, row.late = times.occurred_at_ms, times.skew_ms, times.late
        if row.event == "consent":
            self._refusals.take(row)
        elif self._refusals.of and self._refusals.refuse(row):
            self._refuse(row, RejectReason.NO_CONSENT, "analytics was refused", out)
            return
        if row.ip_country:
            row.country, row.ip_country = row.country or row.ip_country, ""
        row.lane, row.replayed = policy.lane, policy.replayed
        row.cart_emptied = row.cart_items == ()
        row.person_id = person_id = self._person(row, times.occurred_at_ms, out)
        out.emit_to("journeys", stream_partition(person_id, policy.partitions), _encode(row))
        self._events += 1
        self._late += times.late

    def _refuse(self, row: EventRow, reason: RejectReason, message: str, out: Output) -> None:
        """Not even the bytes of it are kept, nor any id."""
        out.reject(self.policy.lane, "identify", reason, message, b"", at_ms=row.received_at_ms, write_key=row.write_key)

    def _reject_duplicate(self, row: EventRow, line: bytes, out: Output) -> None:
        out.reject(
            self.policy.lane,
            "identify",
            RejectReason.DUPLICATE,
            "the same event came before",
            line,
            at_ms=row.received_at_ms,
            write_key=row.write_key,
            message_id=row.message_id,
        )

    def _person(self, event: EventRow, at_ms: int, out: Output) -> str:
        """Whose event it is; says `merge` when the event shows that two ids are one person."""
        if event.event == "alias" and event.user_id and event.previous_id and event.previous_id not in (event.device_id, event.user_id):
            self._merge(user_person(event.previous_id), user_person(event.user_id), at_ms, "alias", out)
        device_id, user_id = event.device_id, event.user_id
        if user_id:
            if device_id:
                self._sign_in(event, at_ms, out)
            return user_person(user_id)
        if not device_id:
            raise ValueError("an event of nobody: neither device nor user")
        state = self.devices.get(device_id)
        user = owner_at(state, at_ms) if state else ""
        return user_person(user) if user else device_person(device_id)

    def _sign_in(self, event: EventRow, at_ms: int, out: Output) -> None:
        """A device's first user takes its history over; a second user starts a new one."""
        state = self.devices.setdefault(event.device_id, DeviceState())
        if not sign_in(state, event.user_id, at_ms):
            return
        self._changed.add(event.device_id)
        if len(state.users) == 1:
            state.merged = event.user_id
            self._merge(device_person(event.device_id), user_person(event.user_id), at_ms, "identify", out)

    def _on_unlink(self, line: bytes, out: Output) -> None:
        """An operator says that a device is not a user's: the journeys hear of it behind everything that the device has done."""
        said = _decode_unlink(line)
        self._tell_merges(out)
        state = self.devices.setdefault(said.device_id, DeviceState())
        person = device_person(said.device_id)
        for user in unlink(state, said.user_id, said.at_ms):
            out.emit("journeys", person, msgspec.structs.replace(said, user_id=user, person=person), Kind.UNLINK)
            out.count("unlinks")
        self._changed.add(said.device_id)

    def _on_erase(self, line: bytes, out: Output) -> None:
        """All that is kept of these ids goes, here and in every partition of the journeys."""
        self._tell_merges(out)
        said = _decode_erase(line)
        new = self._erased.add(said.hashes)
        for partition in range(self.policy.partitions):
            out.emit_to("journeys", partition, line, Kind.ERASE)
        if not new:
            return
        for origin in [each for each in self._refusals.of if self._erased.is_one_of(each, new)]:
            self._refusals.forget(origin)
        for device, state in list(self.devices.items()):
            if self._erased.is_one_of(device_person(device), new):
                del self.devices[device]
                self._changed.add(device)
            elif forget(state, lambda user: self._erased.is_one_of(user_person(user), new)):
                self._changed.add(device)
        out.count("erasures")

    def _merge(self, a: str, b: str, at_ms: int, reason: str, out: Output) -> None:
        _, loser = winner_and_loser(a, b)
        self._merges.append((loser, Merge(a=a, b=b, at_ms=at_ms, reason=reason)))
        out.count("merges")

    def _tell_merges(self, out: Output) -> None:
        for loser, merge in self._merges:
            out.emit("journeys", loser, merge, Kind.MERGE)
        self._merges.clear()
