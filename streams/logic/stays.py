"""The rows of a person's stays in segments. Time alone moves most persons, and for that nothing else of them is looked at."""

from schemas.partition import stream_partition
from schemas.rows import SegmentRow
from streams.logic import churn
from streams.logic.churn import Churn, Stay
from streams.logic.output import Output
from streams.logic.policy import Policy
from streams.logic.sent import GONE, SEGMENT, TIME_BYTES, Sent, began_ms, key_of, write_if_changed

_NAME_AT = 1 + TIME_BYTES


def write(flags: Churn, person_id: str, now_ms: int, folded_ms: int, policy: Policy, out: Output) -> None:
    """Emit what is new or has changed, and take back what never was. What ended before `folded_ms` stays as it was told."""
    sent, found = flags.sent, set()
    partition = stream_partition(person_id, out.partitions)
    for stay in churn.stays(flags, now_ms, policy):
        key = _key(stay)
        found.add(key)
        if _is_kept(stay, folded_ms) or key in sent:
            write_if_changed(key, _row(stay, person_id, policy), sent, "segments", partition, out)
    for key in [key for key in sent if key not in found]:
        before = sent[key]
        if before.digest != GONE:
            _take_back(key, before, person_id, policy, out)
            sent[key] = Sent(before.version + 1, GONE)  # it may come back, with a higher version


def move(flags: Churn, person_id: str, now_ms: int, policy: Policy, out: Output) -> None:
    """The same where nothing but time has passed: news is of the gap that lasts, from the stay on that was told last."""
    found = churn.lasting(flags, now_ms, policy)
    first = len(found) - 1
    while first > 0 and _key(found[first]) not in flags.sent:
        first -= 1
    partition = stream_partition(person_id, out.partitions)
    for stay in found[first:]:
        write_if_changed(_key(stay), _row(stay, person_id, policy), flags.sent, "segments", partition, out)


def is_due(flags: Churn, now_ms: int, policy: Policy) -> bool:
    """Whether time has brought the person into a tier that was not told yet."""
    found = churn.lasting(flags, now_ms, policy)
    return bool(found) and _key(found[-1]) not in flags.sent


def take_back_all(flags: Churn, person_id: str, policy: Policy, out: Output) -> None:
    """The person id is given up."""
    for key, sent in flags.sent.items():
        if sent.digest != GONE:
            _take_back(key, sent, person_id, policy, out)
    flags.sent = {}


def come_back(flags: Churn, version: int, now_ms: int, folded_ms: int, policy: Policy) -> None:
    """The person id is one again: rows go on above `version`."""
    for stay in churn.stays(flags, now_ms, policy):
        if _is_kept(stay, folded_ms):
            flags.sent[_key(stay)] = Sent(version, GONE)


def forget_sent(flags: Churn, now_ms: int, folded_ms: int, policy: Policy) -> None:
    """Let go of what was sent of stays that ended before `folded_ms`."""
    if flags.sent:
        kept = {_key(stay) for stay in churn.stays(flags, now_ms, policy) if _is_kept(stay, folded_ms)}
        flags.sent = {key: sent for key, sent in flags.sent.items() if key in kept or began_ms(key) >= folded_ms}


def _is_kept(stay: Stay, folded_ms: int) -> bool:
    return stay.left_ms is None or stay.left_ms >= folded_ms


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
