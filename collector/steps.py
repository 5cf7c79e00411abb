"""What happens to one event, in order: each step takes the draft on or says why not."""

import hashlib
import logging
from collections.abc import Callable
from typing import Any

import msgspec

from collector import call as calls
from collector import context, minimal, properties, shape
from collector.call import Call
from collector.context import Visitor
from collector.dialects.dialect import Dialect
from collector.dialects.segment import SEGMENT
from collector.fields import as_text
from collector.limits import ID_MAX_CHARS
from collector.rejection import Rejection, from_validation, invalid
from collector.times import said_ms, to_ms
from schemas.collected import Collected
from schemas.reasons import RejectReason
from schemas.suppression import Suppression

log = logging.getLogger(__name__)
_encode = msgspec.json.Encoder().encode


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """What all events of a request have in common. `kind` is '' where each event says its own; `outer` is for the dialect."""

    write_key: str
    source: str
    received_at_ms: int
    max_event_bytes: int
    max_record_bytes: int = 524_288
    kind: str = ""
    visitor: Visitor = Visitor()
    sent_at: Any = None
    context: dict[str, Any] | None = None
    dialect: Dialect = SEGMENT
    outer: Any = None
    erased: Suppression = Suppression("")
    fields_allowed: frozenset[str] = frozenset()  # empty: all


class Draft(msgspec.Struct, kw_only=True):
    """An event on its way through the steps: its bytes, what was decoded, and what becomes of it."""

    raw: bytes
    index: int
    envelope: Envelope
    event: Collected
    call: Call
    kind: str = ""
    line: bytes = b""
    dropped: int = 0  # fields that may not be kept


Step = Callable[[Draft], Draft | Rejection]


def check_size(draft: Draft) -> Draft | Rejection:
    size, limit = len(draft.raw), draft.envelope.max_event_bytes
    if size <= limit:
        return draft
    return Rejection(RejectReason.TOO_LARGE, f"The event has {size} bytes; the limit is {limit} (max_event_bytes).")


def decode(draft: Draft) -> Draft | Rejection:
    try:
        found = draft.envelope.dialect.read(draft.raw, draft.index, draft.envelope.outer)
    except msgspec.ValidationError as error:
        return from_validation(error)
    except RecursionError:
        return Rejection(RejectReason.TOO_COMPLEX, "The event is nested deeper than can be read.")
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return Rejection(RejectReason.MALFORMED_JSON, f"The event is no JSON that can be read: {error}")
    if isinstance(found, Rejection):
        return found
    draft.call = found
    draft.kind = draft.envelope.kind or (draft.call.type or "").strip().lower()
    return draft


def check_shape(draft: Draft) -> Draft | Rejection:
    return shape.check(draft.call, None if draft.envelope.dialect.packs else draft.raw) or draft


def read_message_id(draft: Draft) -> Draft | Rejection:
    given = read_id("messageId", draft.call.message_id)
    if isinstance(given, Rejection):
        return given
    draft.event.message_id = given or _made_id(draft)
    return draft


def read_name(draft: Draft) -> Draft | Rejection:
    name = calls.event_name(draft.kind, draft.call)
    if isinstance(name, Rejection):
        return name
    draft.event.event = name
    draft.event.event_raw = calls.raw_name(draft.kind, draft.call)
    return calls.check_partners(draft.kind, draft.call) or draft


def read_identity(draft: Draft) -> Draft | Rejection:
    call, event = draft.call, draft.event
    device_id = read_id("anonymousId", call.anonymous_id)
    if isinstance(device_id, Rejection):
        return device_id
    user_id = read_id("userId", call.user_id)
    if isinstance(user_id, Rejection):
        return user_id
    event.device_id, event.user_id = device_id, user_id
    if call.previous_id is not None:
        previous_id = read_id("previousId", call.previous_id)
        if isinstance(previous_id, Rejection):
            return previous_id
        event.previous_id = previous_id
    if device_id or user_id:
        return draft
    field = draft.envelope.dialect.fields.get("userId", "userId")
    return Rejection(RejectReason.NO_IDENTITY, f"anonymousId: this event needs it, or a {field}", "anonymousId")


def read_times(draft: Draft) -> Draft | Rejection:
    call, sent = draft.call, draft.envelope.sent_at
    field, happened = "originalTimestamp", call.original_timestamp
    if happened is None or happened == "":
        field, happened = "timestamp", call.timestamp
    client_at_ms = read_time(field, happened)
    if isinstance(client_at_ms, Rejection):
        return client_at_ms
    sent_at_ms = read_time("sentAt", call.sent_at if sent is None or sent == "" else sent, said_ms)
    if isinstance(sent_at_ms, Rejection):
        return sent_at_ms
    draft.event.client_at_ms, draft.event.sent_at_ms = client_at_ms, sent_at_ms
    return draft


def read_properties(draft: Draft) -> Draft | Rejection:
    event = draft.event
    found = properties.read(event.event, calls.given_properties(draft.kind, draft.call))
    if isinstance(found, Rejection):
        return found
    properties.fill(event, found)
    return draft


def read_context(draft: Draft) -> Draft | Rejection:
    event = draft.event
    inner = draft.call.context if isinstance(draft.call.context, dict) else None
    page: dict[str, Any] = {}
    if event.event == "page_view":
        page, event.props = context.take_page(event.props)
    context.describe(event, context.merged(draft.envelope.context, inner), page, draft.envelope.visitor)
    if event.event_raw and not event.page_title and draft.kind in ("page", "screen"):
        event.page_title = event.event_raw
    return draft


def keep_allowed(draft: Draft) -> Draft | Rejection:
    if draft.envelope.fields_allowed:
        draft.dropped = minimal.strip(draft.event, draft.envelope.fields_allowed)
    return draft


def encode(draft: Draft) -> Draft | Rejection:
    try:
        draft.line = _encode(draft.event)
    except (OverflowError, RecursionError, UnicodeEncodeError) as error:
        return invalid("properties", f"cannot be stored: {error}")
    limit = draft.envelope.max_record_bytes
    return draft if len(draft.line) <= limit else Rejection(RejectReason.TOO_LARGE, f"The event fits no record of {limit} bytes.")


def check_erased(draft: Draft) -> Draft | Rejection:
    """Last: by what the line says, which is what would be stored."""
    erased = draft.envelope.erased
    if erased.hashes and erased.is_erased(draft.line):
        return Rejection(RejectReason.ERASED, "The event names someone who was erased.")
    return draft


STEPS: tuple[Step, ...] = (
    check_size,
    decode,
    check_shape,
    read_message_id,
    read_name,
    read_identity,
    read_times,
    read_properties,
    read_context,
    keep_allowed,
    encode,
    check_erased,
)


def run(draft: Draft) -> Draft | Rejection:
    """All steps; a fault of our own rejects the one event and is logged."""
    try:
        for step in STEPS:
            outcome = step(draft)
            if outcome is not draft:
                assert isinstance(outcome, Rejection)
                return _in_words_of(draft.envelope.dialect, outcome)
    except Exception as error:
        log.exception("a step failed on an event")
        return Rejection(RejectReason.INTERNAL_ERROR, f"{type(error).__name__}: {error}")
    return draft


def _in_words_of(dialect: Dialect, why: Rejection) -> Rejection:
    """The field by the name that the client knows it by."""
    field = dialect.fields.get(why.field)
    return why._replace(field=field, message=why.message.replace(why.field, field, 1)) if field else why


def read_id(field: str, given: Any) -> str | Rejection:
    """An id as text, '' if not given."""
    if given is None:
        return ""
    if type(given) is str:
        text = given
    elif isinstance(given, (int, float)) and not isinstance(given, bool):
        text = str(as_text(given))
    else:
        return invalid(field, "neither text nor a number")
    return text if len(text) <= ID_MAX_CHARS else invalid(field, f"longer than {ID_MAX_CHARS} characters")


def read_time(field: str, given: Any, to_ms: Callable[[str | int | float], int | None] = to_ms) -> int | Rejection:
    """Epoch milliseconds, 0 if not given."""
    if given is None or given == "":
        return 0
    at_ms = to_ms(given) if isinstance(given, (str, int, float)) and not isinstance(given, bool) else None
    return invalid(field, f"no time: {str(given)[:64]!r}") if at_ms is None else at_ms


def _made_id(draft: Draft) -> str:
    """The same for the same bytes sent again. Events without a time of their own are told apart by when and where they came."""
    call, envelope = draft.call, draft.envelope
    digest = hashlib.blake2b(envelope.write_key.encode(), digest_size=16)
    digest.update(draft.raw)
    if call.timestamp is None and call.original_timestamp is None:
        at = call.sent_at or envelope.sent_at or envelope.received_at_ms
        digest.update(f"|{draft.index}|{at}".encode())
    return "h-" + digest.hexdigest()
