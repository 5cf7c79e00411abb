"""Consent by purpose: what someone decided when, and what held at a time.

A decision counts from its own time on, in whatever order decisions arrive; one that refuses wins over another of the same millisecond.
"""

from bisect import insort
from collections.abc import Iterable
from typing import Any

import msgspec

from schemas.rows import EventRow
from streams.logic.ids import device_person, user_person

ANALYTICS, MARKETING = "analytics", "marketing"
PREFIX = b"consent:"
MOST = 32  # decisions that are kept of a purpose

Decisions = list[tuple[int, bool]]  # (from when in epoch ms, refused), in order
Consents = dict[str, dict[str, Decisions]]  # by origin and purpose

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Decisions).decode


def origin_of(event: EventRow) -> str:
    """Whom a decision binds, and whose an event is in that: the device, or the user where no device is named."""
    return device_person(event.device_id) if event.device_id else user_person(event.user_id)


def purposes_of(event: EventRow) -> dict[str, bool]:
    """What a `consent` event says: purpose to granted."""
    found: Any = event.props.get("purposes") if event.event == "consent" else None
    return {str(name): granted for name, granted in found.items() if isinstance(granted, bool)} if isinstance(found, dict) else {}


def decide(decisions: Decisions, at_ms: int, refused: bool) -> bool:
    """Keep a decision; False if it is known."""
    if (at_ms, refused) in decisions:
        return False
    insort(decisions, (at_ms, refused))
    if len(decisions) > MOST:
        del decisions[0]
    return True


def refused_at(decisions: Iterable[tuple[int, bool]], at_ms: int) -> bool:
    """Whether the last decision by then was a refusal; before the first nothing is refused."""
    refused = False
    for from_ms, each in decisions:
        if from_ms > at_ms:
            break
        refused = each
    return refused


def take(consents: Consents, event: EventRow) -> bool:
    """Keep what a `consent` event says; False if it says nothing new."""
    ours, is_news = consents.setdefault(origin_of(event), {}), False
    for purpose, granted in purposes_of(event).items():
        is_news |= decide(ours.setdefault(purpose, []), event.occurred_at_ms, not granted)
    return is_news


def refuses_event(consents: Consents, event: EventRow) -> bool:
    """Whether its origin refused analytics when it happened. What is said about consent is always kept."""
    if event.event == "consent":
        return False
    return refused_at(consents.get(origin_of(event), {}).get(ANALYTICS, ()), event.occurred_at_ms)


def latest(consents: Consents, purpose: str) -> bool | None:
    """What a person decided last about a purpose, on whichever device; None: nothing."""
    last = [purposes[purpose][-1] for purposes in consents.values() if purposes.get(purpose)]
    return not max(last)[1] if last else None


def may_tell(consents: Consents, required: str) -> bool:
    """Whether a trigger may be sent. `required`: the purpose that has to be agreed to, else silence is a yes."""
    if not consents:
        return required != MARKETING
    granted = latest(consents, MARKETING)
    if granted is None:
        granted = required != MARKETING
    return granted and latest(consents, ANALYTICS) is not False


def merge(ours: Consents, theirs: Consents) -> None:
    """Two persons are one."""
    for origin, purposes in theirs.items():
        known = ours.setdefault(origin, {})
        for purpose, decisions in purposes.items():
            for at_ms, refused in decisions:
                decide(known.setdefault(purpose, []), at_ms, refused)


class Refusals:
    """Who has decided about analytics, of one `events` partition."""

    def __init__(self) -> None:
        self.of: dict[str, Decisions] = {}
        self._changed: set[str] = set()

    def take(self, event: EventRow) -> None:
        """What a `consent` event says of analytics."""
        granted = purposes_of(event).get(ANALYTICS)
        if granted is not None and decide(self.of.setdefault(origin_of(event), []), event.occurred_at_ms, not granted):
            self._changed.add(origin_of(event))

    def refuse(self, event: EventRow) -> bool:
        """Whether the event may not be kept."""
        if not self.of or event.event == "consent":
            return False
        decisions = self.of.get(origin_of(event))
        return decisions is not None and refused_at(decisions, event.occurred_at_ms)

    def forget(self, origin: str) -> None:
        """Nothing is known of them any more."""
        if self.of.pop(origin, None) is not None:
            self._changed.add(origin)

    def load(self, key: bytes, value: bytes) -> None:
        """Take one changelog entry back."""
        self.of[key[len(PREFIX) :].decode()] = _decode(value)

    def changes(self) -> dict[bytes, bytes | None]:
        """What a batch changes in the changelog."""
        found: dict[bytes, bytes | None] = {
            PREFIX + origin.encode(): _encode(self.of[origin]) if origin in self.of else None for origin in self._changed
        }
        self._changed.clear()
        return found
