"""Why a person may differ: the reasons that docs/decisions/reconcile.md allows, looked up for the persons who do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reconcile.questions import NOW
from reconcile.subjects import Ask

AT_ONCE = 2_000  # persons in a question
JOURNAL = 4_000  # entries that the stream keeps of a person (docs/decisions/identity-limits.md)
NOT_DRAINED = "not drained: the lane's clock has not come to all of the person's events"
UNMERGED = "un-merged: an operator took a device away, and events that named the user keep the user's name"
REFUSED = "has too many devices: not merged, or was when it was full"
MERGED_LATE = "merged late: two histories older than the allowed lateness stay as each was told"
SEVERAL_USERS = "a device of several users: the order of the log decides, which the table does not have"
RETENTION = "older than retention: the events are not kept that long"
BUSY = f"more than {JOURNAL} events: late ones may come too late for their carts"

IDS = """SELECT id, person_id, reason, toUnixTimestamp64Milli(merged_at) FROM identities_now
    WHERE lane = {lane:String} AND (id IN {persons:Array(String)} OR person_id IN {persons:Array(String)})"""
HISTORY = f"""SELECT who, arraySort(groupArray(first_ms)), sum(moving), max(last_ms) FROM (
        SELECT if(i.person_id = '', t.person_id, i.person_id) AS who, toUnixTimestamp64Milli(min(t.occurred_at)) AS first_ms,
            countIf(NOT t.late) AS moving, toUnixTimestamp64Milli(max(t.received_at)) AS last_ms
        FROM events AS t LEFT JOIN {NOW} AS i ON i.id = t.person_id
        WHERE t.lane = {{lane:String}} AND who IN {{persons:Array(String)}} GROUP BY who, t.person_id SETTINGS join_use_nulls = 0
    ) GROUP BY who"""
SHARED = f"""SELECT DISTINCT if(i.person_id = '', t.person_id, i.person_id) AS who
    FROM events AS t LEFT JOIN {NOW} AS i ON i.id = t.person_id
    WHERE t.lane = {{lane:String}} AND device_id IN (SELECT device_id FROM events WHERE lane = {{lane:String}} AND device_id != ''
        AND user_id != '' GROUP BY device_id HAVING uniqExact(user_id) > 1) SETTINGS join_use_nulls = 0"""
# What of a table is let go by its TTL is no difference; the table itself says when.
KEPT_DAYS = """SELECT toInt64OrZero(extract(engine_full, 'TTL .*?toIntervalDay\\\\((\\\\d+)\\\\)')) FROM system.tables
    WHERE database = currentDatabase() AND name = 'events'"""


def explanations(answers: Ask, lane: str, persons: Mapping[str, int], clock_ms: int, lateness_ms: int) -> dict[str, str]:
    """The reason of each person who has one. `persons`: with the time of the first row that differs; `clock_ms`: how far the whole lane

    has come (epoch ms).
    """
    wanted = sorted(persons)
    found: dict[str, str] = {}
    shared = {who for (who,) in answers(SHARED, {"lane": lane})} if wanted else set()
    ((kept_days,),) = answers(KEPT_DAYS, {}) if wanted else ((0,),)
    kept_ms = clock_ms - kept_days * 86_400_000 if kept_days else 0
    for start in range(0, len(wanted), AT_ONCE):
        chosen = wanted[start : start + AT_ONCE]
        parameters = {"lane": lane, "persons": chosen}
        ids = list(answers(IDS, parameters))
        for who, firsts_ms, moving, received_ms in answers(HISTORY, parameters):
            own = [row for row in ids if who in row[:2]]
            limits = {"clock": clock_ms, "lateness": lateness_ms, "kept": kept_ms, "differs": persons[who]}
            reason = _reason(own, firsts_ms, moving, received_ms, limits)
            found |= {who: reason} if reason else {}
        if kept_ms:  # of some there is no event any more
            found |= {who: RETENTION for who in chosen if who not in found and persons[who] < kept_ms}
        for one, other, said, _ in ids:
            if said.startswith("unlinked"):
                found |= {each: UNMERGED for each in (one, other) if each in chosen}
        found |= {who: SEVERAL_USERS for who in chosen if who in shared and who not in found}
    return found


def _reason(ids: Sequence[tuple[Any, ...]], firsts_ms: Sequence[int], moving: int, received_ms: int, limits: Mapping[str, int]) -> str:
    """`firsts_ms`: the first event under each of the person's ids, in order."""
    if received_ms >= limits["clock"]:
        return NOT_DRAINED
    reasons = {said.split(" ")[0] for _, _, said, _ in ids}
    if "unlinked" in reasons:
        return UNMERGED
    if reasons & {"refused", "full"}:
        return REFUSED
    if limits["kept"] and firsts_ms[0] < limits["kept"]:
        return RETENTION
    merged_ms = max((at_ms for one, other, _, at_ms in ids if one != other), default=0)
    if len(firsts_ms) > 1 and merged_ms - max(firsts_ms[1], limits["differs"]) > limits["lateness"]:
        return MERGED_LATE
    return BUSY if moving > JOURNAL else ""
