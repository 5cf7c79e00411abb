"""Visits of a device: 30 idle minutes, 24 hours or a new campaign end one and start the next."""

import msgspec

from streams.logic.entry import Entry, VisitPart
from streams.logic.ids import name_of
from streams.logic.policy import Policy

_UNKNOWN = VisitPart("", "", "", "", "", "")


class Session(msgspec.Struct, array_like=True, gc=False):
    """One visit; `visit` is what is known of how it began."""

    device_id: str
    opened_by: str  # message id of the first event
    started_ms: int
    ended_ms: int
    events: int
    page_views: int
    interactions: int
    visit: VisitPart

    @property
    def name(self) -> bytes:
        """What the session's id is the hex of."""
        return name_of(f"session\x1f{self.device_id}\x1f{self.started_ms}\x1f{self.opened_by}")

    @property
    def session_id(self) -> str:
        return self.name.hex()


class Sessions(msgspec.Struct, array_like=True, gc=False):
    """The latest session of each of a person's devices, and those that ended since the journal's start."""

    latest: dict[str, Session] = {}
    closed: list[Session] = []


def apply(sessions: Sessions, entry: Entry, policy: Policy) -> Session | None:
    """Take one event, all earlier ones of its device having been taken; the session it belongs to, None without a device."""
    device_id, at_ms = entry.device_id, entry.at_ms
    if not device_id or not entry.weight:
        return None
    session = sessions.latest.get(device_id)
    if session is None or _is_over(session, entry, policy):
        if session is not None:
            sessions.closed.append(session)
        session = Session(device_id, entry.message_id, at_ms, at_ms, 0, 0, 0, entry.visit or _UNKNOWN)
        sessions.latest[device_id] = session
    session.ended_ms = at_ms
    _count(session, entry)
    return session


def insert(sessions: Sessions, entry: Entry) -> Session | None:
    """Take a late event where it moves no boundary: amid a session, with no campaign. Else None: nothing is done."""
    if _campaign(entry.visit):
        return None
    latest = sessions.latest.get(entry.device_id)
    for session in (latest, *sessions.closed) if latest else ():
        if session.device_id == entry.device_id and session.started_ms < entry.at_ms < session.ended_ms:
            _count(session, entry)
            return session
    return None


def _count(session: Session, entry: Entry) -> None:
    session.events += 1
    if entry.weight == 1:
        session.page_views += 1
    else:
        session.interactions += 1


def _is_over(session: Session, entry: Entry, policy: Policy) -> bool:
    at_ms, visit = entry.at_ms, entry.visit
    return (
        at_ms - session.ended_ms >= policy.session_idle_ms
        or at_ms - session.started_ms >= policy.session_max_ms
        or (visit is not None and visit is not session.visit and _is_new_campaign(session.visit, visit))
    )


def _is_new_campaign(before: VisitPart, now: VisitPart | None) -> bool:
    campaign = _campaign(now)
    return campaign is not None and campaign != _campaign(before)


def _campaign(visit: VisitPart | None) -> tuple[str, str, str] | None:
    if visit is None or not (visit.campaign_source or visit.campaign_medium or visit.campaign_name):
        return None
    return (visit.campaign_source, visit.campaign_medium, visit.campaign_name)


def forget(sessions: Sessions, until_ms: int, policy: Policy) -> None:
    """Let go of sessions that no event from `until_ms` on can go on with."""
    ended_ms = until_ms - policy.session_idle_ms
    sessions.closed = [s for s in sessions.closed if s.ended_ms >= ended_ms]
    sessions.latest = {d: s for d, s in sessions.latest.items() if s.ended_ms >= ended_ms}


def merge(winner: Sessions, loser: Sessions) -> None:
    """Two persons are one: a device that both used keeps the later visit as its latest."""
    winner.closed.extend(loser.closed)
    for device_id, theirs in loser.latest.items():
        ours = winner.latest.get(device_id)
        if ours is None or ours.ended_ms < theirs.ended_ms:
            winner.latest[device_id] = theirs
        if ours is not None:
            winner.closed.append(min(ours, theirs, key=lambda s: s.ended_ms))
