"""What the clients sent and what the collector said, and from both which events must, may and must not be stored. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from simulator.faults import Arrival

Key = tuple[str, str]  # write key, message id


@dataclass
class Ledger:
    """Every message in the order in which it was sent, and whether the collector acknowledged it."""

    sent: list[tuple[Arrival, bool]] = field(default_factory=list)
    acknowledged: int = 0

    def note(self, messages: Sequence[Arrival], acknowledged: bool) -> None:
        """Bodies are let go: a long run has a million of them."""
        self.sent += [(replace(message, body=b""), acknowledged) for message in messages]
        self.acknowledged += len(messages) * acknowledged

    def refused(self) -> Counter[str]:
        """Broken messages that the collector acknowledged as such, by code: at least as many rows are in `rejected`."""
        return Counter(arrival.rejected for arrival, acknowledged in self.sent if arrival.rejected and acknowledged)


@dataclass(frozen=True)
class Events:
    """What became of the events. `true` are the arrivals that the stored rows come from: the truth is computed from them.

    `lost`: acknowledged, but in `events` not at all, or fewer times in `events` and `rejected` (as a duplicate) than was acknowledged.
    `unsure`: never acknowledged, and there all the same. `doubled`: rows beyond the first of an event.
    `strange`: rows of which nobody knows, or received when nothing was sent.
    """

    stored: int
    unsure: list[str]
    lost: list[str]
    doubled: list[str]
    strange: list[str]
    true: list[Arrival]


def untimed(row: tuple[str, str, int]) -> tuple[str, str, int]:
    """A row of the live lane, where the collector's clock says when it was received: arrivals there have the time 0."""
    return (row[0], row[1], 0)


def judge(ledger: Ledger, write_key: str, rows: Iterable[tuple[str, str, int]], duplicates: Mapping[Key, int]) -> Events:
    """`rows`: (write key, message id, received in epoch ms) of the table `events`; `duplicates`: rows of `rejected` by event."""
    received: defaultdict[Key, list[int]] = defaultdict(list)
    for key, message_id, received_ms in rows:
        received[key, message_id].append(received_ms)
    copies: defaultdict[str, list[tuple[Arrival, bool]]] = defaultdict(list)
    for arrival, acknowledged in ledger.sent:
        if not arrival.rejected:
            copies[arrival.happening.message_id].append((arrival, acknowledged))
    found = Events(sum(map(len, received.values())), [], [], [], [], [])
    for message_id, sent in copies.items():
        event = (write_key, message_id)
        _judge_one(found, message_id, sent, received.pop(event, []), duplicates.get(event, 0))
    found.strange.extend(f"{key}/{message_id}" for key, message_id in received)
    return found


def _judge_one(found: Events, message_id: str, sent: Sequence[tuple[Arrival, bool]], received_ms: Sequence[int], duplicates: int) -> None:
    acknowledged = sum(done for _, done in sent)
    if acknowledged and (not received_ms or len(received_ms) + duplicates < acknowledged):
        found.lost.append(message_id)
    if not received_ms:
        return
    if not acknowledged:
        found.unsure.append(message_id)
    if len(received_ms) > 1:
        found.doubled.append(message_id)
    possible = {arrival.arrival_ms: arrival for arrival in reversed(first_copies(sent))}
    if received_ms[0] in possible:
        found.true.append(possible[received_ms[0]])
    else:
        found.strange.append(message_id)


def first_copies(sent: Sequence[tuple[Arrival, bool]]) -> list[Arrival]:
    """Copies of one event that may be the one that is stored: none after the first that was acknowledged."""
    found: list[Arrival] = []
    for arrival, acknowledged in sent:
        found.append(arrival)
        if acknowledged:
            break
    return found
