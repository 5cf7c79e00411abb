"""What a dialect is: it reads requests and events, and words the answer. It knows no keys, limits of rate, Kafka or clock."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import msgspec

from collector.answers import Answer, Refused, Rejected, malformed, taken, too_large
from collector.call import Call
from collector.limits import SHARED_MAX_BYTES
from collector.rejection import Rejection

READ_ERRORS = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """A request as far as a dialect sees it: the unpacked text of its body, and what came with it. `kind` is what its address says."""

    text: bytes
    headers: Mapping[str, str]
    query: Mapping[str, str]
    kind: str
    received_at_ms: int
    max_events: int


class Sent(msgspec.Struct, kw_only=True):
    """The events of a request, not yet judged, and what they have in common.

    `keys`: what may be the write key, besides the headers that every dialect may use. `kind`: the type of all its calls, '' where each
    says its own. `context` lies below each event's own. `outer`: whatever `read` needs of the rest of the request.
    """

    events: Sequence[bytes | msgspec.Raw]
    keys: tuple[Any, ...] = ()
    sent_at: Any = None
    context: Any = None
    kind: str = ""
    outer: Any = None


class Dialect(ABC):
    """One protocol. `fields`: what it calls a field of `Call`, for the words of a rejection."""

    name: str
    fields: ClassVar[Mapping[str, str]] = {}
    packs: ClassVar[bool] = False  # its events hold JSON within texts

    @abstractmethod
    def open(self, given: Given) -> Sent:
        """The request's events. `Refused` where it is no request of this protocol."""

    @abstractmethod
    def read(self, raw: bytes | msgspec.Raw, index: int, outer: Any) -> Call | Rejection:
        """One event. Errors of msgspec are for the caller, who makes rejections of them."""

    def list_in(self, given: Given) -> tuple[bytes, str | None]:
        """Where its events are, should the body not be readable: the text, and their list's name in it. None: it is but one event.

        A bare list needs no name.
        """
        return given.text, None

    def answer(self, kind: str, accepted: int, rejected: list[Rejected]) -> Answer:
        """Only after Kafka has it all; `kind` as in `Given`."""
        return taken(accepted, rejected)

    def refusal(self, refused: Refused) -> Refused:
        """Where this protocol's clients would misunderstand a status."""
        return refused


def decoded(decode: Any, text: bytes) -> Any:
    """`decode(text)`; refused as a whole where it cannot be read."""
    try:
        return decode(text)
    except READ_ERRORS as error:
        raise malformed(f"The body is not what this address takes: {error}") from error


def counted(events: Sequence[Any], max_events: int) -> None:
    """Refused where there are too many."""
    if len(events) > max_events:
        raise too_large(f"The batch has {len(events)} events; the limit is {max_events} (max_batch_events).")


def need_small(field: str, size_bytes: int) -> None:
    """Refused where what is said once for all events is so large that their number would multiply it to something huge."""
    if size_bytes > SHARED_MAX_BYTES:
        raise too_large(f"{field}: what is said for all events has {size_bytes} bytes; the limit is {SHARED_MAX_BYTES}.")


def text_in(given: Mapping[str, Any], name: str) -> str:
    """A text of an object, '' where it is not there or no text."""
    value = given.get(name)
    return value if isinstance(value, str) else ""


def object_in(given: Mapping[str, Any], name: str) -> dict[str, Any]:
    """An object of an object, empty where it is not there or none."""
    value = given.get(name)
    return value if isinstance(value, dict) else {}
