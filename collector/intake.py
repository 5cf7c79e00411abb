"""A request's events through the steps: the lines that go to Kafka, and what the client is told. No I/O."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from collector.answers import Rejected
from collector.call import NOTHING
from collector.rejection import Rejection
from collector.steps import Draft, Envelope, run
from schemas.collected import Collected, partition_key
from schemas.partition import partition_of
from schemas.raw_text import text_of
from schemas.reasons import RejectReason
from schemas.rows import RejectedRow

_FAULT = "The collector failed on this event."  # what exactly, is in the log and with the rejected event
_ESCAPED_AT_MOST = 6  # bytes that one byte takes in JSON text
_encode = msgspec.json.Encoder().encode


class Taken(msgspec.Struct):
    """`lines` by partition of `events`; `rejected_lines` for any partition of `rejected`."""

    lines: dict[int, list[bytes]] = {}
    rejected_lines: list[bytes] = []
    rejected: list[Rejected] = []
    accepted: int = 0
    fields_dropped: int = 0


_decode_object = msgspec.json.Decoder(dict[str, Any]).decode


def take(raws: Sequence[bytes | msgspec.Raw], envelope: Envelope, lane: str, partitions: int) -> Taken:
    """Judge each event on its own."""
    taken = Taken()
    for index, each in enumerate(raws):
        raw = bytes(each)
        event = Collected(
            event="", message_id="", write_key=envelope.write_key, received_at_ms=envelope.received_at_ms, source=envelope.source
        )
        outcome = run(Draft(raw=raw, index=index, envelope=envelope, event=event, call=NOTHING))
        if isinstance(outcome, Rejection):
            _reject(taken, index, raw, event, outcome, lane, envelope)
        else:
            taken.lines.setdefault(partition_of(partition_key(event), partitions), []).append(outcome.line)
            taken.fields_dropped += outcome.dropped
    taken.accepted = len(raws) - len(taken.rejected)
    return taken


def codes(rejected: Iterable[Rejected]) -> dict[str, int]:
    """How many events were rejected for each reason."""
    counts: dict[str, int] = {}
    for each in rejected:
        counts[each.code] = counts.get(each.code, 0) + 1
    return counts


def _reject(taken: Taken, index: int, raw: bytes, event: Collected, why: Rejection, lane: str, envelope: Envelope) -> None:
    message_id = event.message_id or _given_id(raw, envelope.dialect.fields.get("messageId", "messageId"))
    row = RejectedRow(
        lane=lane,
        received_at_ms=event.received_at_ms,
        stage="collector",
        code=why.code,
        message=why.message,
        raw="",
        field=why.field,
        write_key=event.write_key,
        message_id=message_id,
    )
    line = _line(row, b"" if envelope.fields_allowed else raw, envelope.max_record_bytes)  # who keeps little keeps no bytes
    if why.code is RejectReason.ERASED or (envelope.erased.hashes and envelope.erased.is_erased(line)):
        row.message_id = ""
        line = _line(row, b"", envelope.max_record_bytes)
    taken.rejected_lines.append(line)
    told = _FAULT if why.code is RejectReason.INTERNAL_ERROR else why.message
    taken.rejected.append(Rejected(index, message_id, why.code, told))


def _line(row: RejectedRow, raw: bytes, max_record_bytes: int) -> bytes:
    """The row with its bytes; with as many of them as a record holds, where escaping makes them too long."""
    row.raw, row.encoding = text_of(raw)
    line = _encode(row)
    if len(line) <= max_record_bytes:
        return line
    kept = max(0, max_record_bytes - 4096) // _ESCAPED_AT_MOST
    row.message += f" (Only the first {kept} of {len(raw)} bytes are kept.)"
    row.raw, row.encoding = text_of(raw[:kept])
    return _encode(row)


def _given_id(raw: bytes, name: str) -> str:
    """The id that an event has in its bytes, though it could not be read; '' if it has none."""
    try:
        given = _decode_object(raw).get(name)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ""
    return given[:128] if isinstance(given, str) else ""
