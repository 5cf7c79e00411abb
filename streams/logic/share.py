"""Shares: who shared what, who came through it, and the orders that it brought."""

from collections.abc import Iterator

from schemas.rows import EventRow, ShareRow
from streams.logic.ids import stable_id
from streams.logic.person import Person
from streams.logic.policy import Policy

_KINDS = {"share": "share", "share_open": "open", "invite_accept": "invite_accept"}


def share_rows(event: EventRow, person: Person, policy: Policy) -> Iterator[ShareRow]:
    """The rows that an event adds; remembers the share a person came through, for the orders that follow within the attribution window."""
    kind = _KINDS.get(event.event)
    if kind is not None:
        share_id = event.share_id or stable_id("share", event.write_key, event.message_id)
        if kind != "share" and (person.share is None or person.share[0] <= event.occurred_at_ms):
            person.share = (event.occurred_at_ms, share_id)
        yield _row(event, kind, share_id, person)
    elif event.event == "purchase" and person.share is not None:
        since_ms = event.occurred_at_ms - person.share[0]
        if 0 <= since_ms <= policy.attribution_ms:
            yield _row(event, "order", person.share[1], person)


def _row(event: EventRow, kind: str, share_id: str, person: Person) -> ShareRow:
    return ShareRow(
        lane=event.lane,
        share_id=share_id,
        kind=kind,
        person_id=person.person_id,
        occurred_at_ms=event.occurred_at_ms,
        message_id=event.message_id,
        parent_share_id=event.parent_share_id or (person.share[1] if kind == "share" and person.share else ""),
        method=event.method,
        content_type=event.content_type,
        product_id=event.items[0].product_id if event.items else "",
        cart_id=event.cart_id,
        order_id=event.order_id,
        value=event.value,
        currency=event.currency,
    )
