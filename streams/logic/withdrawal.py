"""Takes out of a person's history what happened after its origin had refused analytics: events that overtook the refusal.

What is older than the lateness and a day is folded and stays.
"""

from streams.logic import split
from streams.logic.consents import ANALYTICS, refused_at
from streams.logic.entry import Entry
from streams.logic.ids import device_person
from streams.logic.person import Person
from streams.logic.policy import Policy


def take_out(state: Person, origin: str, policy: Policy) -> list[Entry]:
    """The entries that are gone."""
    decisions = state.consents[origin].get(ANALYTICS, [])
    gone = [entry for entry in state.journal if _is_of(entry, origin, state) and entry.weight and refused_at(decisions, entry.at_ms)]
    if not gone:
        return []
    names = {entry.order for entry in gone}
    state.journal = [entry for entry in state.journal if entry.order not in names]
    split.start_anew(state, policy)
    times = {entry.at_ms for entry in gone} - {entry.at_ms for entry in state.journal}
    split.take_marks(state.funnel, times, policy)
    return gone


def _is_of(entry: Entry, origin: str, state: Person) -> bool:
    return device_person(entry.device_id) == origin if entry.device_id else origin == state.person_id or origin in state.members
