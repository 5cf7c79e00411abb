"""The first agent's logic: clean, de-duplicate, and say whose event it is. State: one entry a device, and the ids seen."""

import msgspec

from schemas.collected import Collected
from schemas.journeys import Kind, Merge, Tick
from schemas.reasons import RejectReason
from schemas.rows import EventRow
from streams.logic.clean import correct
from streams.logic.dedup import PREFIX, Dedup
from streams.logic.ids import device_person, user_person, winner_and_loser
from streams.logic.output import Output
from streams.logic.policy import Policy

_decode = msgspec.json.Decoder(Collected).decode
_decode_tick = msgspec.json.Decoder(Tick).decode
_decode_state: msgspec.msgpack.Decoder["DeviceState"]
_DEVICE = b"device:"


class DeviceState(msgspec.Struct, array_like=True):
    """A device's users in the order of event time: (from when in epoch ms, user id)."""

    users: list[tuple[int, str]] = []


_decode_state = msgspec.msgpack.Decoder(DeviceState)
_encode_state = msgspec.msgpack.Encoder().encode
_SHARED = [field.name for field in msgspec.structs.fields(Collected) if field.name in EventRow.__struct_fields__]


def user_at(state: DeviceState, at_ms: int) -> str:
    """Whose device it was at a time: the last user who had signed in by then, or the first one ever, or nobody."""
    found = state.users[0][1] if state.users else ""
    for from_ms, user in state.users:
        if from_ms <= at_ms:
            found = user
    return found


class Identify:
    """One `events` partition: `on_record` for each record, `flush` at the end of a batch. Holds the partition's whole state."""

    def __init__(self, policy: Policy) -> None:
        self.partition = 0  # set by the pipeline: which partition this is
        self.policy = policy
        self.devices: dict[str, DeviceState] = {}
        self.dedup = Dedup(policy.dedup_ms)
        self._changed: set[str] = set()

    def load(self, key: bytes, value: bytes) -> None:
        """Take one changelog entry back (restore)."""
        if key.startswith(PREFIX):
            self.dedup.load(key, value)
        else:
            self.devices[key[len(_DEVICE) :].decode()] = _decode_state.decode(value)

    def restored(self) -> None:
        """All changelog entries are loaded."""

    def on_record(self, kind: str, value: bytes, out: Output) -> None:
        """Apply one record; a line that cannot be processed goes to `rejected` and costs no other line."""
        for line in value.split(b"\n"):
            try:
                if kind == Kind.TICK:
                    self._on_tick(_decode_tick(line), out)
                else:
                    self._on_line(line, out)
            except Exception as error:  # poison must not stop the partition
                out.reject(self.policy.lane, "identify", RejectReason.INTERNAL_ERROR, f"{type(error).__name__}: {error}", line, at_ms=0)

    def flush(self, batch_id: int, out: Output) -> bool:
        """Write the batch's changed state; False: nothing is left to do."""
        for device in self._changed:
            out.changes[_DEVICE + device.encode()] = _encode_state(self.devices[device])
        self._changed.clear()
        out.changes.update(self.dedup.changes(batch_id))
        return False

    def _on_tick(self, tick: Tick, out: Output) -> None:
        line = msgspec.json.encode(Tick(now_ms=tick.now_ms, source=self.partition))
        for target in range(self.policy.partitions):
            out.emit_to("journeys", target, line, Kind.TICK)

    def _on_line(self, line: bytes, out: Output) -> None:
        event = _decode(line)
        if not self.dedup.first_time(event.write_key, event.message_id, event.received_at_ms):
            out.reject(
                self.policy.lane,
                "identify",
                RejectReason.DUPLICATE,
                "the same message id came before",
                line,
                at_ms=event.received_at_ms,
                write_key=event.write_key,
                message_id=event.message_id,
            )
            return
        row = self._row(event)
        row.person_id = self._person(event, row.occurred_at_ms, out)
        out.emit("journeys", row.person_id, row, Kind.EVENT)
        out.count("events")
        out.count("late", int(row.late))

    def _row(self, event: Collected) -> EventRow:
        times = correct(event.client_at_ms, event.sent_at_ms, event.received_at_ms, self.policy)
        shared = {name: getattr(event, name) for name in _SHARED}
        return EventRow(
            **shared,
            lane=self.policy.lane,
            person_id="",
            occurred_at_ms=times.occurred_at_ms,
            skew_ms=times.skew_ms,
            late=times.late,
            replayed=self.policy.replayed,
        )

    def _person(self, event: Collected, at_ms: int, out: Output) -> str:
        """Whose event it is; says `merge` when the event shows that two ids are one person."""
        if event.event == "alias" and event.user_id and event.previous_id and event.previous_id not in (event.device_id, event.user_id):
            self._merge(user_person(event.previous_id), user_person(event.user_id), at_ms, "alias", out)
        if not event.device_id:
            if not event.user_id:
                raise ValueError("an event of nobody: neither device nor user")
            return user_person(event.user_id)
        if event.user_id:
            self._sign_in(event, at_ms, out)
            return user_person(event.user_id)
        state = self.devices.get(event.device_id)
        return user_person(user_at(state, at_ms)) if state else device_person(event.device_id)

    def _sign_in(self, event: Collected, at_ms: int, out: Output) -> None:
        """A device's first user takes its history over; a second user starts a new one."""
        state = self.devices.setdefault(event.device_id, DeviceState([]))
        if not state.users:
            self._merge(device_person(event.device_id), user_person(event.user_id), at_ms, "identify", out)
        elif user_at(state, at_ms) == event.user_id and state.users[0][0] <= at_ms:
            return
        state.users.append((at_ms, event.user_id))
        state.users.sort()
        self._changed.add(event.device_id)

    def _merge(self, a: str, b: str, at_ms: int, reason: str, out: Output) -> None:
        _, loser = winner_and_loser(a, b)
        out.emit("journeys", loser, Merge(a=a, b=b, at_ms=at_ms, reason=reason), Kind.MERGE)
        out.count("merges")
