"""The rows that a person's state stands for, and which of them have to be written again."""

from collections.abc import Iterator
from decimal import Decimal
from sys import intern
from zlib import crc32

import msgspec

from schemas.rows import CartRow, FunnelRow, IdentityRow, SegmentRow, SessionRow, TriggerRow
from streams.logic.carts import Episode, value_of
from streams.logic.churn import Stay
from streams.logic.ids import stable_id
from streams.logic.output import Output
from streams.logic.person import FirstTouch, Live, Sent
from streams.logic.policy import Policy
from streams.logic.sessions import Session

RULE = "cart_abandoned"
Row = CartRow | FunnelRow | SegmentRow | SessionRow | TriggerRow
_TOPIC: dict[type, str] = {
    CartRow: "carts",
    FunnelRow: "funnel_levels",
    SegmentRow: "segments",
    SessionRow: "sessions",
    TriggerRow: "triggers",
}
_GONE = -1  # the digest of a row that was taken back
_encode = msgspec.json.Encoder().encode


def write_rows(live: Live, out: Output) -> None:
    """Emit each of the person's rows that is new or has changed, take back those that never were, and remember what was sent."""
    state = live.state
    found = dict(_rows(live))
    for key, row in found.items():
        _write_if_changed(key, row, live, out)
    for key in [key for key in state.sent if key not in found]:
        sent = state.sent[key]
        if _is_history(key, found, state.folded_ms):
            del state.sent[key]
        elif sent.digest != _GONE:
            _take_back(key, sent, live, out)
            state.sent[key] = Sent(sent.version + 1, _GONE, sent.decision, sent.reason)  # it may come back, with a higher version
    _write_links(live, out)


def take_back_own(live: Live, out: Output) -> None:
    """The person id is given up: rows under this id go; carts, sessions and triggers move on with the state."""
    for key in [key for key in live.state.sent if key[0] in "fg"]:
        _take_back(key, live.state.sent.pop(key), live, out)


def _write_if_changed(key: str, row: Row, live: Live, out: Output) -> None:
    sent = live.state.sent.get(key)
    if isinstance(row, TriggerRow):
        row.decision, row.reason = _decision(row, sent, live)
    digest = crc32(_encode(row))
    if sent is not None and sent.digest == digest:
        return
    row.version = sent.version + 1 if sent else 1
    decision = (row.decision, row.reason) if isinstance(row, TriggerRow) else ("", "")
    live.state.sent[key] = Sent(row.version, digest, *decision)
    _emit(row, live, out)
    if isinstance(row, TriggerRow) and row.version == 1:
        out.count(f"triggers_{row.decision}")


def _decision(row: TriggerRow, sent: Sent | None, live: Live) -> tuple[str, str]:
    """Decided once. A trigger that only a late event brought to light comes too late to help anyone."""
    if sent is not None:
        return sent.decision, sent.reason
    return ("suppress", "late_event") if live.reworked and row.fired_at_ms <= live.known_until_ms else ("send", "")


def _emit(row: Row, live: Live, out: Output) -> None:
    out.emit(_TOPIC[type(row)], live.state.person_id, row)


def _rows(live: Live) -> Iterator[tuple[str, Row]]:
    policy, state = live.policy, live.state
    if state.first is not None:
        yield "f:0", _funnel_row(state.first, live)
    for episode in [*live.head.carts.open.values(), *live.head.carts.closed]:
        yield f"c:{episode.opened_ms}:{episode.episode_id}", _cart_row(episode, live)
        if episode.abandoned is not None:
            trigger_id = stable_id("trigger", RULE, episode.episode_id, 1)
            yield f"t:{episode.opened_ms}:{trigger_id}:{episode.episode_id}", _trigger_row(trigger_id, episode, live)
    for session in [*live.head.sessions.latest.values(), *live.head.sessions.closed]:
        yield f"s:{session.started_ms}:{session.session_id}", _session_row(session, state.person_id, policy)
    for stay in state.churn.stays:
        yield f"g:{stay.entered_ms}:{stay.tier}", _segment_row(stay, state.person_id, policy)


def _funnel_row(first: FirstTouch, live: Live) -> FunnelRow:
    return FunnelRow(
        lane=live.policy.lane,
        funnel=live.policy.funnel_name,
        person_id=live.state.person_id,
        level=live.state.funnel.level,
        version=0,
        channel=first.channel,
        device_type=first.device_type,
        campaign_name=first.campaign_name,
        first_seen_at_ms=first.seen_ms,
    )


def _cart_row(episode: Episode, live: Live) -> CartRow:
    abandoned = episode.abandoned
    return CartRow(
        lane=live.policy.lane,
        episode_id=episode.episode_id,
        person_id=live.state.person_id,
        cart_id=episode.cart_id,
        status=episode.status,
        opened_at_ms=episode.opened_ms,
        changed_at_ms=episode.changed_ms,
        version=0,
        step=intern(episode.step),  # msgspec leaves a default out only if it is the same object: the row's digest must not depend on that
        items=episode.items,
        value=value_of(episode.items),
        currency=episode.currency,
        abandoned_at_ms=abandoned.at_ms if abandoned else None,
        abandoned_step=abandoned.step if abandoned else "",
        abandoned_value=value_of(abandoned.items) if abandoned else Decimal(0),
        abandonments=episode.abandonments,
        closed_at_ms=episode.closed_ms,
        order_id=episode.order_id,
        revenue=Decimal(episode.revenue) if episode.revenue else None,
        recovered=episode.recovered,
    )


def _trigger_row(trigger_id: str, episode: Episode, live: Live) -> TriggerRow:
    abandoned, person_id = episode.abandoned, live.state.person_id
    assert abandoned is not None
    return TriggerRow(
        lane=live.policy.lane,
        trigger_id=trigger_id,
        rule=RULE,
        person_id=person_id,
        episode_id=episode.episode_id,
        step=1,
        status="fired",
        decision="",
        fired_at_ms=abandoned.at_ms,
        version=0,
        user_id=person_id[2:] if person_id.startswith("u:") else "",
        device_id=live.state.device_id if not person_id.startswith("u:") else "",
        cart_id=episode.cart_id,
        cart_step=abandoned.step,
        items=abandoned.items,
        value=value_of(abandoned.items),
        currency=abandoned.currency,
        replayed=live.policy.replayed,
    )


def _session_row(session: Session, person_id: str, policy: Policy) -> SessionRow:
    visit = session.visit
    return SessionRow(
        lane=policy.lane,
        session_id=session.session_id,
        person_id=person_id,
        device_id=session.device_id,
        started_at_ms=session.started_ms,
        ended_at_ms=session.ended_ms,
        version=0,
        events=session.events,
        page_views=session.page_views,
        interactions=session.interactions,
        bounce=session.page_views <= 1 and session.interactions == 0,
        channel=visit.channel,
        campaign_source=visit.campaign_source,
        campaign_medium=visit.campaign_medium,
        campaign_name=visit.campaign_name,
        device_type=visit.device_type,
        entry_url=visit.page_url,
    )


def _segment_row(stay: Stay, person_id: str, policy: Policy) -> SegmentRow:
    return SegmentRow(
        lane=policy.lane,
        person_id=person_id,
        segment="churn",
        value=stay.tier,
        entered_at_ms=stay.entered_ms,
        version=0,
        left_at_ms=stay.left_ms,
    )


def _is_history(key: str, found: dict[str, Row], folded_ms: int) -> bool:
    """Whether no event can bring this object back; a funnel's can always come, and a cart's trigger as long as the cart is there."""
    kind, began_ms = key.split(":", 2)[:2]
    if kind == "f" or int(began_ms) >= folded_ms:
        return False
    return kind != "t" or not any(each.startswith(f"c:{began_ms}:") for each in found)


def _take_back(key: str, sent: Sent, live: Live, out: Output) -> None:
    """Write the row that says: this was not so. It is deleted (a trigger stays, as `void`): a late event or a merge showed another past."""
    kind, began, name = ([*key.split(":", 2), ""])[:3]
    lane, person_id, at_ms, version = live.policy.lane, live.state.person_id, int(began), sent.version + 1
    row: Row
    if kind == "f":
        row = FunnelRow(lane=lane, funnel=live.policy.funnel_name, person_id=person_id, level=0, version=version, is_deleted=1)
    elif kind == "g":
        row = SegmentRow(lane=lane, person_id=person_id, segment="churn", value=name, entered_at_ms=at_ms, version=version, is_deleted=1)
    elif kind == "s":
        row = SessionRow(
            lane=lane,
            session_id=name,
            person_id=person_id,
            device_id="",
            started_at_ms=at_ms,
            ended_at_ms=at_ms,
            version=version,
            is_deleted=1,
        )
    elif kind == "c":
        row = CartRow(
            lane=lane,
            episode_id=name,
            person_id=person_id,
            cart_id="",
            status="merged" if live.absorbed else "void",
            opened_at_ms=at_ms,
            changed_at_ms=at_ms,
            closed_at_ms=at_ms,
            version=version,
            is_deleted=1,
        )
    else:
        trigger_id, _, episode_id = name.partition(":")
        row = TriggerRow(
            lane=lane,
            trigger_id=trigger_id,
            rule=RULE,
            person_id=person_id,
            episode_id=episode_id,
            step=1,
            status="void",
            decision=sent.decision,
            reason="late_event",
            fired_at_ms=at_ms,
            version=version,
        )
    _emit(row, live, out)


def _write_links(live: Live, out: Output) -> None:
    """After a merge all members point at the person again, so that one look-up finds it, however long the chain was."""
    if not live.new_members:
        return
    state = live.state
    for member, at_ms in state.members.items():
        row = IdentityRow(lane=live.policy.lane, id=member, person_id=state.person_id, version=state.links, merged_at_ms=at_ms)
        out.emit("identities", state.person_id, row)
    live.new_members.clear()
