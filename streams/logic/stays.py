"""The rows of a person's stays in segments. Time alone moves most persons, and for that nothing else of them is looked at."""

from schemas.partition import partition_of
from schemas.rows import SegmentRow
from streams.logic.churn import Churn, Stay
from streams.logic.output import Output
from streams.logic.policy import Policy
from streams.logic.sent import GONE, SEGMENT, TIME_BYTES, Sent, began_ms, key_of, write_if_changed

_NAME_AT = 1 + TIME_BYTES


def write(churn: Churn, person_id: str, policy: Policy, out: Output) -> set[bytes]:
    """Emit what is new or has changed; the keys of all stays."""
    found = set()
    partition = partition_of(person_id, out.partitions)
    for stay in churn.stays:
        key = _key(stay)
        found.add(key)
        write_if_changed(key, _row(stay, person_id, policy), churn.sent, "segments", partition, out)
    return found


def write_anew(churn: Churn, person_id: str, folded_ms: int, policy: Policy, out: Output) -> None:
    """The same, and take back what never was, unless it is history that no event can reach."""
    found = write(churn, person_id, policy, out)
    for key in [key for key in churn.sent if key not in found]:
        sent = churn.sent[key]
        if sent.digest != GONE and began_ms(key) >= folded_ms:
            _take_back(key, sent, person_id, policy, out)
            churn.sent[key] = Sent(sent.version + 1, GONE)  # it may come back, with a higher version


def take_back_all(churn: Churn, person_id: str, policy: Policy, out: Output) -> None:
    """The person id is given up."""
    for key, sent in churn.sent.items():
        if sent.digest != GONE:
            _take_back(key, sent, person_id, policy, out)
    churn.sent = {}


def come_back(churn: Churn, version: int) -> None:
    """The person id is one again: rows go on above `version`."""
    for stay in churn.stays:
        churn.sent[_key(stay)] = Sent(version, GONE)


def forget_sent(churn: Churn, folded_ms: int) -> None:
    """Let go of what was sent of stays that are forgotten."""
    if churn.sent:
        kept = {_key(stay) for stay in churn.stays}
        churn.sent = {key: sent for key, sent in churn.sent.items() if key in kept or began_ms(key) >= folded_ms}


def _key(stay: Stay) -> bytes:
    return key_of(SEGMENT, stay.entered_ms, stay.tier.encode())


def _row(stay: Stay, person_id: str, policy: Policy) -> SegmentRow:
    return SegmentRow(
        lane=policy.lane,
        person_id=person_id,
        segment="churn",
        value=stay.tier,
        entered_at_ms=stay.entered_ms,
        version=0,
        left_at_ms=stay.left_ms,
    )


def _take_back(key: bytes, sent: Sent, person_id: str, policy: Policy, out: Output) -> None:
    row = SegmentRow(
        lane=policy.lane,
        person_id=person_id,
        segment="churn",
        value=key[_NAME_AT:].decode(),
        entered_at_ms=began_ms(key),
        version=sent.version + 1,
        is_deleted=1,
    )
    out.emit("segments", person_id, row)
