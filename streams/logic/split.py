"""Takes a device's part out of a person's history: what is still in the journal. What was folded cannot be told apart, and stays."""

from streams.logic import churn, funnel
from streams.logic.entry import Entry
from streams.logic.funnel import Funnel
from streams.logic.ids import device_person
from streams.logic.limits import Bounds
from streams.logic.person import FirstTouch, Person
from streams.logic.policy import Policy

_RADIX = funnel.RADIX


def split(state: Person, device_id: str, policy: Policy) -> Person | None:
    """The device's part as a person of its own, taken out of `state`; None if there is none."""
    device = device_person(device_id)
    moved = [entry for entry in state.journal if entry.device_id == device_id]
    was_member = state.members.pop(device, None) is not None
    if not moved and not was_member:
        return None
    state.links += 1
    part = Person(device, links=state.links, device_id=device_id, journal=moved, folded_ms=state.folded_ms)
    part.first = _first(moved, device)
    _active_anew(part, policy)
    state.journal = [entry for entry in state.journal if entry.device_id != device_id]
    if state.device_id == device_id:
        state.device_id = next((entry.device_id for entry in reversed(state.journal) if entry.device_id), "")
    start_anew(state, policy)
    state.bounds = Bounds(refused_by=state.bounds.refused_by if state.bounds else "")  # no longer full
    _split_funnel(state, part, policy)
    if device in state.consents:
        part.consents = {device: state.consents.pop(device)}
    return part


def start_anew(state: Person, policy: Policy) -> None:
    """Activity by what is left in the journal, and the first touch, if that is all that there was."""
    _active_anew(state, policy)
    if state.first is None or state.first.seen_ms >= state.folded_ms:
        origin = state.first.origin if state.first else state.person_id  # whoever is held out stays so
        state.first = _first(state.journal, origin)


def _active_anew(state: Person, policy: Policy) -> None:
    churn.rebuild(state.churn, (entry.at_ms for entry in state.journal if entry.weight), state.folded_ms, policy)


def _first(journal: list[Entry], origin: str) -> FirstTouch | None:
    if not journal:
        return None
    first = FirstTouch(journal[0].at_ms, origin=origin)
    for entry in journal:
        if entry.visit is not None and entry.visit.channel:
            first.at_ms, first.message_id = entry.at_ms, entry.message_id
            first.channel, first.device_type, first.campaign_name = entry.visit.channel, entry.visit.device_type, entry.visit.campaign_name
            break
    return first


def _split_funnel(state: Person, part: Person, policy: Policy) -> None:
    """A mark goes with the device's entry of its time, unless another device has one then, too. A goal once reached stays."""
    times = {entry.at_ms for entry in part.journal} - {entry.at_ms for entry in state.journal}
    part.funnel.marks = take_marks(state.funnel, times, policy)
    funnel.update(part.funnel, policy)


def take_marks(ours: Funnel, times_ms: set[int], policy: Policy) -> list[int]:
    """The marks of these times, taken out; the level falls if it rested on them."""
    goal = len(policy.funnel_steps)
    explained = funnel.level_of(ours.marks, policy.funnel_window_ms, goal) == ours.level
    taken = [mark for mark in ours.marks if mark // _RADIX in times_ms]
    ours.marks = [mark for mark in ours.marks if mark // _RADIX not in times_ms]
    if explained:
        ours.level = funnel.level_of(ours.marks, policy.funnel_window_ms, goal)
    return taken
