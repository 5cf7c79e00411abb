"""The rows that a person's state stands for, and which of them have to be written again."""

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from functools import partial
from sys import intern

import msgspec

from schemas.partition import stream_partition
from schemas.reasons import SuppressReason
from schemas.rows import CartRow, FunnelRow, IdentityRow, SessionRow, ShareRow, TriggerRow
from streams.logic import stays
from streams.logic.carts import Episode, value_of
from streams.logic.consents import may_tell
from streams.logic.entry import Entry
from streams.logic.holdout import held_out
from streams.logic.ids import stable_id
from streams.logic.live import Live
from streams.logic.output import Output
from streams.logic.person import FirstTouch, Person
from streams.logic.policy import Policy
from streams.logic.sent import CART, FUNNEL, GONE, SESSION, SHARE, TIME_BYTES, TRIGGER, Sent, began_ms, key_of, write_if_changed
from streams.logic.sessions import Session
from streams.logic.share import kind_of, share_row, shares

RULE = "cart_abandoned"
_encode = msgspec.json.Encoder().encode
Row = CartRow | FunnelRow | SessionRow | ShareRow | TriggerRow
_TOPIC: dict[type, str] = {
    CartRow: "carts",
    FunnelRow: "funnel_levels",
    SessionRow: "sessions",
    ShareRow: "shares",
    TriggerRow: "triggers",
}
_FUNNEL_KEY = FUNNEL + bytes(TIME_BYTES)
_GENERATION = 1_000_000  # versions of a person id's own rows each time that it becomes a person again


def write_rows(live: Live, out: Output) -> None:
    """Emit each of the person's rows that is new or has changed, take back those that never were, and remember what was sent."""
    if live.rebuilt:
        _write_all(live, out)
    else:
        _write_changed(live, out)
    if live.new_members:
        _write_links(live, out)


def leave(live: Live, out: Output) -> None:
    """The person id is given up: rows under this id go; carts, sessions, shares and triggers move on with the state.

    Whoever gets it writes them all, so what has not been written yet is left to that. But what time has told of carts is told here, where
    it can be seen whether a trigger comes too late.
    """
    state = live.state
    if live.rebuilt:
        write_rows(live, out)
    elif live.carts_changed or _is_due(live):
        _write_objects(_cart_objects(live), live, out)
    sent = state.sent.pop(_FUNNEL_KEY, None)
    if sent is not None:
        _take_back(_FUNNEL_KEY, sent, live, out)
    stays.take_back_all(state.churn, state.person_id, live.policy, out)


def write_before_fold(live: Live, loser: Person, out: Output) -> None:
    """A merge folds both histories as far as either of them is: what has no row yet gets it before that."""
    until_ms = max(live.state.folded_ms, loser.folded_ms)
    if live.state.journal and live.state.journal[0].at_ms < until_ms:
        write_rows(live, out)
    if loser.journal and loser.journal[0].at_ms < until_ms:
        other = Live(loser, live.clock_ms, live.policy)
        _write_sessions(_visits(other), other, out)
        _write_objects(_share_objects(other, 0), other, out)


def come_back(live: Live) -> None:
    """The person id was given up and is a person again: its rows go on above every version that they can have had."""
    state = live.state
    version = state.links * _GENERATION
    if state.first is not None:
        state.sent[_FUNNEL_KEY] = Sent(version, GONE)
    stays.come_back(state.churn, version, live.clock_ms, state.folded_ms, live.policy)


def stop(live: Live, out: Output) -> None:
    """The person is erased: triggers that may not have come through are void, by rows that name nobody."""
    partition = stream_partition(live.state.person_id, out.partitions)
    for key, sent in live.state.sent.items():
        if key[:1] != TRIGGER or sent.decision != "send" or sent.digest == GONE:
            continue
        episode_id = key[1 + TIME_BYTES :].hex()
        row = TriggerRow(
            lane=live.policy.lane,
            trigger_id=_trigger_id(episode_id),
            rule=RULE,
            person_id="",
            episode_id=episode_id,
            step=1,
            status="void",
            decision=sent.decision,
            reason=SuppressReason.ERASED.value,
            fired_at_ms=began_ms(key),
            version=sent.version + 1,
        )
        out.emit_to("triggers", partition, _encode(row))


def hand_over(live: Live, part: Live) -> None:
    """Carts, sessions, triggers and shares that are now another person's: what was sent of them goes with them."""
    ours = _keys(live)
    theirs = {key for key in _keys(part) if key[:1] in (CART, TRIGGER, SESSION)}
    theirs |= {_share_key(item) for item in part.state.journal if kind_of(item)}  # an order, too, that lost its share by this
    for key in theirs - ours:
        if key in live.state.sent:
            part.state.sent[key] = live.state.sent.pop(key)


def forget_sent(live: Live) -> None:
    """Let go of what was sent of objects that no event can bring back; a cart's trigger stays as long as the cart."""
    state = live.state
    stays.forget_sent(state.churn, live.clock_ms, state.folded_ms, live.policy)
    old = [key for key in state.sent if key[:1] != FUNNEL and began_ms(key) < state.folded_ms]
    if not old:
        return
    kept = _keys(live)
    for key in old:
        if key not in kept and not (key[:1] == TRIGGER and CART + key[1:] in kept):
            del state.sent[key]


def _write_all(live: Live, out: Output) -> None:
    state = live.state
    found = {_FUNNEL_KEY} if _write_funnel(live, out) else set()
    found |= _write_objects(_cart_objects(live), live, out)
    found |= _write_sessions(_visits(live), live, out)
    found |= _write_objects(_share_objects(live, 0), live, out)
    for key in [key for key in state.sent if key not in found]:
        sent = state.sent[key]
        if sent.digest != GONE and (key[:1] == FUNNEL or began_ms(key) >= state.folded_ms or CART + key[1:] in found):
            _take_back(key, sent, live, out)
            state.sent[key] = Sent(sent.version + 1, GONE, sent.decision, sent.reason)  # it may come back, with a higher version
    _write_stays(live, out)


def _write_if_changed(key: bytes, row: Row, live: Live, out: Output) -> None:
    state = live.state
    partition = stream_partition(state.person_id, out.partitions)
    if not isinstance(row, TriggerRow):
        write_if_changed(key, row, state.sent, _TOPIC[type(row)], partition, out)
        return
    before = state.sent.get(key)
    row.decision, row.reason = _decision(row, before, live)
    if write_if_changed(key, row, state.sent, "triggers", partition, out, row.decision, row.reason) and before is None:
        out.count(f"triggers_{row.decision}")


def _decision(row: TriggerRow, sent: Sent | None, live: Live) -> tuple[str, str]:
    """Decided once. A trigger that only a late event brought to light comes too late to help anyone.

    The holdout is drawn last: whoever would not have been told anyway is neither in it nor among those that it is compared with.
    """
    if sent is not None:
        if (sent.decision, sent.reason) == ("send", "") and not may_tell(live.state.consents, "none"):
            return "send", SuppressReason.NO_CONSENT.value  # what has not come through is not tried again
        return sent.decision, sent.reason
    if live.reworked and row.fired_at_ms <= live.known_until_ms:
        return "suppress", SuppressReason.LATE_EVENT.value
    if not may_tell(live.state.consents, live.policy.consent_required):
        return "suppress", SuppressReason.NO_CONSENT.value
    first = live.state.first
    if held_out(row.rule, (first.origin if first else "") or live.state.person_id, live.policy):
        return "suppress", SuppressReason.HOLDOUT.value
    return "send", ""


def _write_changed(live: Live, out: Output) -> None:
    """The rows of what this batch touched; all others are as they were written."""
    carts = live.carts  # time may have acted on carts that were not in memory
    if live.touch_changed or live.funnel_changed:
        _write_funnel(live, out)
    if live.carts_changed or ((carts.open or carts.closed) and _is_due(live)):
        _write_objects(_cart_objects(live), live, out)
    if live.visits:
        _write_sessions(live.visits.values(), live, out)
    if live.stays_changed:  # an event in the midst of an idle time may have shown that a stay never was
        _write_stays(live, out)
    if live.shares_from_ms is not None:
        _write_objects(_share_objects(live, live.shares_from_ms), live, out)


def _write_stays(live: Live, out: Output) -> None:
    stays.write(live.state.churn, live.state.person_id, live.clock_ms, live.state.folded_ms, live.policy, out)


def _write_objects(objects: Iterable[tuple[bytes, Callable[[], Row]]], live: Live, out: Output) -> set[bytes]:
    """Their keys."""
    found = set()
    for key, make in objects:
        found.add(key)
        _write_if_changed(key, make(), live, out)
    return found


def _keys(live: Live) -> set[bytes]:
    """Of everything that a row stands for."""
    found = {_FUNNEL_KEY} if live.state.first is not None else set()
    found.update(key for key, _ in _cart_objects(live))
    found.update(key_of(SESSION, session.started_ms, session.name) for session in _visits(live))
    found.update(key for key, _ in _share_objects(live, 0))
    return found


def _visits(live: Live) -> list[Session]:
    return [*live.sessions.latest.values(), *live.sessions.closed]


def _cart_objects(live: Live) -> Iterator[tuple[bytes, Callable[[], Row]]]:
    for episode in [*live.carts.open.values(), *live.carts.closed]:
        name = bytes.fromhex(episode.episode_id)
        yield key_of(CART, episode.opened_ms, name), partial(_cart_row, episode, live)
        if episode.abandoned is not None and episode.abandoned.at_ms <= live.clock_ms:  # else an event may still be on its way
            yield key_of(TRIGGER, episode.opened_ms, name), partial(_trigger_row, episode, live)


def _is_due(live: Live) -> bool:
    """Whether a cart that later events had shown to be abandoned has now come to its time."""
    return any(
        episode.abandoned is not None
        and episode.abandoned.at_ms <= live.clock_ms
        and key_of(TRIGGER, episode.opened_ms, bytes.fromhex(episode.episode_id)) not in live.state.sent
        for episode in [*live.carts.open.values(), *live.carts.closed]
    )


def _share_objects(live: Live, from_ms: int) -> Iterator[tuple[bytes, Callable[[], Row]]]:
    """What happened before `from_ms` is left out."""
    state, policy = live.state, live.policy
    found = [(item, through) for item, through in shares(state.opened, state.journal, policy) if item.at_ms >= from_ms]
    rows = {_share_key(item): partial(share_row, item, through, state.person_id, policy) for item, through in found}
    yield from rows.items()  # a message id that two devices gave at one time has one row


def _share_key(item: Entry) -> bytes:
    return key_of(SHARE, item.at_ms, f"{kind_of(item)}:{item.message_id}".encode())


def _write_sessions(sessions: Iterable[Session], live: Live, out: Output) -> set[bytes]:
    """Their keys. No detours: a third of all rows are sessions."""
    person_id, sent, policy = live.state.person_id, live.state.sent, live.policy
    partition = stream_partition(person_id, out.partitions)
    found = set()
    for session in sessions:
        name = session.name
        key = key_of(SESSION, session.started_ms, name)
        found.add(key)
        write_if_changed(key, _session_row(session, name.hex(), person_id, policy), sent, "sessions", partition, out)
    return found


def _write_funnel(live: Live, out: Output) -> bool:
    """False if there is none."""
    state = live.state
    if state.first is None:
        return False
    partition = stream_partition(state.person_id, out.partitions)
    write_if_changed(_FUNNEL_KEY, _funnel_row(state.first, live), state.sent, "funnel_levels", partition, out)
    return True


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


def _trigger_id(episode_id: str) -> str:
    return stable_id("trigger", RULE, episode_id, 1)


def _trigger_row(episode: Episode, live: Live) -> TriggerRow:
    abandoned, person_id = episode.abandoned, live.state.person_id
    assert abandoned is not None
    return TriggerRow(
        lane=live.policy.lane,
        trigger_id=_trigger_id(episode.episode_id),
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


def _session_row(session: Session, session_id: str, person_id: str, policy: Policy) -> SessionRow:
    visit = session.visit
    return SessionRow(
        lane=policy.lane,
        session_id=session_id,
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


def _take_back(key: bytes, sent: Sent, live: Live, out: Output) -> None:
    """Write the row that says: this was not so. It is deleted (a trigger stays, as `void`): a late event or a merge showed another past."""
    kind, at_ms, name = key[:1], began_ms(key), key[1 + TIME_BYTES :]
    lane, person_id, version = live.policy.lane, live.state.person_id, sent.version + 1
    row: Row
    if kind == FUNNEL:
        row = FunnelRow(lane=lane, funnel=live.policy.funnel_name, person_id=person_id, level=0, version=version, is_deleted=1)
    elif kind == SESSION:
        row = SessionRow(
            lane=lane,
            session_id=name.hex(),
            person_id=person_id,
            device_id="",
            started_at_ms=at_ms,
            ended_at_ms=at_ms,
            version=version,
            is_deleted=1,
        )
    elif kind == CART:
        row = CartRow(
            lane=lane,
            episode_id=name.hex(),
            person_id=person_id,
            cart_id="",
            status="merged" if live.absorbed else "void",
            opened_at_ms=at_ms,
            changed_at_ms=at_ms,
            closed_at_ms=at_ms,
            version=version,
            is_deleted=1,
        )
    elif kind == SHARE:
        share_kind, _, message_id = name.decode().partition(":")
        row = ShareRow(
            lane=lane,
            share_id="",
            kind=share_kind,
            person_id=person_id,
            occurred_at_ms=at_ms,
            message_id=message_id,
            version=version,
            is_deleted=1,
        )
    else:
        row = TriggerRow(
            lane=lane,
            trigger_id=_trigger_id(name.hex()),
            rule=RULE,
            person_id=person_id,
            episode_id=name.hex(),
            step=1,
            status="void",
            decision=sent.decision,
            reason=SuppressReason.LATE_EVENT.value,
            fired_at_ms=at_ms,
            version=version,
        )
    out.emit(_TOPIC[type(row)], person_id, row)


def _write_links(live: Live, out: Output) -> None:
    """After a merge all members point at the person again, so that one look-up finds it, however long the chain was."""
    state = live.state
    for member, at_ms in state.members.items():
        row = IdentityRow(lane=live.policy.lane, id=member, person_id=state.person_id, version=state.links, merged_at_ms=at_ms)
        out.emit("identities", state.person_id, row)
    live.new_members = False
