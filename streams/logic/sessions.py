"""Visits of a device: 30 idle minutes, 24 hours or a new campaign end one and start the next."""

import msgspec

from streams.logic.entry import Entry, VisitPart
from streams.logic.ids import stable_id
from streams.logic.policy import Policy

_UNKNOWN = VisitPart("", "", "", "", "", "")


class Session(msgspec.Struct, array_like=True):
    """One visit; `visit` is what is known of how it began."""

    session_id: str
    device_id: str
    started_ms: int
    ended_ms: int
    events: int
    page_views: int
    interactions: int
    visit: VisitPart


class Sessions(msgspec.Struct, array_like=True):
    """The latest session of each of a person's devices, and those that ended since the journal's start."""

    latest: dict[str, Session] = {}
    closed: list[Session] = []


def apply(sessions: Sessions, entry: Entry, policy: Policy) -> None:
    """Take one event, all earlier ones having been taken. An event without a device belongs to no visit."""
    if not entry.device_id or not entry.weight:
        return
    session = sessions.latest.get(entry.device_id)
    if session is None or _is_over(session, entry, policy):
        if session is not None:
            sessions.closed.append(session)
        session_id = stable_id("session", entry.device_id, entry.at_ms)
        session = Session(session_id, entry.device_id, entry.at_ms, entry.at_ms, 0, 0, 0, entry.visit or _UNKNOWN)
        sessions.latest[entry.device_id] = session
    session.ended_ms = entry.at_ms
    session.events += 1
    session.page_views += entry.weight == 1
    session.interactions += entry.weight == 2


def _is_over(session: Session, entry: Entry, policy: Policy) -> bool:
    return (
        entry.at_ms - session.ended_ms >= policy.session_idle_ms
        or entry.at_ms - session.started_ms >= policy.session_max_ms
        or _is_new_campaign(session.visit, entry.visit)
    )


def _is_new_campaign(before: VisitPart, now: VisitPart | None) -> bool:
    if now is None:
        return False
    campaign = (now.campaign_source, now.campaign_medium, now.campaign_name)
    return any(campaign) and campaign != (before.campaign_source, before.campaign_medium, before.campaign_name)


def merge(winner: Sessions, loser: Sessions) -> None:
    """Two persons are one: a device that both used keeps the later visit as its latest."""
    winner.closed.extend(loser.closed)
    for device_id, theirs in loser.latest.items():
        ours = winner.latest.get(device_id)
        if ours is None or ours.ended_ms < theirs.ended_ms:
            winner.latest[device_id] = theirs
        if ours is not None:
            winner.closed.append(min(ours, theirs, key=lambda s: s.ended_ms))
