"""Whose event it is, and which ids are one person."""

from __future__ import annotations

import json
import re
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.collected import Collected
from schemas.journeys import Kind, Merge, Tick, Unlink
from schemas.partition import stream_partition
from schemas.rows import EventRow, RejectedRow
from streams.logic.devices import MOST
from streams.logic.identify import Identify
from streams.logic.ids import rank, winner_and_loser
from streams.logic.output import Output
from streams.logic.policy import Policy
from tests.unit.stream_lab import HOUR, MINUTE, T0, collected

PARTITIONS = 4
POLICY = Policy(lane="t", partitions=PARTITIONS)
encode = msgspec.json.encode


class Desk:
    """An identify stage; `take` gives each event's person, in order, and keeps the rows and merges said."""

    def __init__(self) -> None:
        self.stage = Identify(POLICY)
        self.merges: list[tuple[str, str]] = []
        self.rejected: list[str] = []
        self.rows: list[EventRow] = []
        self.changelog: dict[bytes, bytes] = {}

    def take(self, *events: Collected) -> list[str]:
        out = Output(PARTITIONS)
        self.stage.on_record(Kind.EVENT, b"\n".join(map(msgspec.json.encode, events)), out)
        self.stage.flush(out)
        self.changelog.update({key: value for key, value in out.changes.items() if value is not None})
        people = []
        for (topic, partition), lines in out.lines.items():
            for kind, line in lines:
                if topic == "rejected":
                    self.rejected.append(msgspec.json.decode(line, type=RejectedRow).code)
                elif kind == Kind.MERGE:
                    merge = msgspec.json.decode(line, type=Merge)
                    self.merges.append((merge.a, merge.b))
                    assert partition == stream_partition(winner_and_loser(merge.a, merge.b)[1], PARTITIONS)
                else:
                    row = msgspec.json.decode(line, type=EventRow)
                    assert partition == stream_partition(row.person_id, PARTITIONS)
                    self.rows.append(row)
                    people.append((row.received_at_ms, row.message_id, row.person_id))
        return [person for _, _, person in sorted(people)]

    def restart(self) -> None:
        self.stage = Identify(POLICY)
        for key, value in self.changelog.items():
            self.stage.load(key, value)
        self.stage.restored()


def signs_in(user: str, at_ms: int, device: str = "dev") -> Collected:
    return collected("identify", at_ms, device_id=device, user_id=user)


def views(at_ms: int, **fields: str) -> Collected:
    return collected("view_item", at_ms, **fields)


def test_a_device_is_merged_into_its_first_user_who_is_sent_what_it_does_without_a_name() -> None:
    desk = Desk()
    assert desk.take(views(T0), signs_in("ann", T0 + 1), views(T0 + 2)) == ["d:dev", "u:ann", "d:dev"]
    assert desk.merges == [("d:dev", "u:ann")]


def test_naming_the_same_user_again_says_nothing_new() -> None:
    desk = Desk()
    desk.take(signs_in("ann", T0), signs_in("ann", T0 + 1), signs_in("ann", T0 + 2))
    assert desk.merges == [("d:dev", "u:ann")]
    assert desk.stage.devices["dev"].users == [(T0, "ann")]


def test_any_event_with_device_and_user_signs_in() -> None:
    desk = Desk()
    assert desk.take(views(T0, device_id="dev", user_id="ann")) == ["u:ann"]
    assert desk.merges == [("d:dev", "u:ann")]


def test_a_second_user_is_not_merged_and_has_the_device_from_then_on() -> None:
    desk = Desk()
    people = desk.take(signs_in("ann", T0), views(T0 + 1), signs_in("bob", T0 + 2), views(T0 + 3))
    assert people == ["u:ann", "d:dev", "u:bob", "u:bob"]
    assert desk.merges == [("d:dev", "u:ann")]


def test_back_to_the_first_user() -> None:
    desk = Desk()
    people = desk.take(*(signs_in(user, T0 + 2 * n) for n, user in enumerate(["ann", "bob", "ann"])), views(T0 + 5))
    assert people == ["u:ann", "u:bob", "u:ann", "d:dev"]
    assert desk.merges == [("d:dev", "u:ann")]


def test_an_anonymous_event_belongs_to_the_user_of_its_own_time_whenever_it_comes() -> None:
    desk = Desk()
    desk.take(signs_in("ann", T0 + MINUTE), signs_in("bob", T0 + HOUR))
    late = [
        collected("view_item", at_ms, received_at_ms=T0 + 2 * HOUR + number)
        for number, at_ms in enumerate([T0, T0 + MINUTE, T0 + HOUR - 1, T0 + HOUR])
    ]
    assert desk.take(*late) == ["d:dev", "d:dev", "d:dev", "u:bob"]


def test_a_kiosk_keeps_its_first_and_its_last_users() -> None:
    desk, users = Desk(), 5 * MOST
    desk.take(*(signs_in(f"u{number}", T0 + number) for number in range(users)))
    kept = desk.stage.devices["dev"].users
    assert [user for _, user in kept] == ["u0", *(f"u{number}" for number in range(users - MOST + 1, users))]
    assert desk.merges == [("d:dev", "u:u0")]
    assert desk.take(views(T0 + users)) == [f"u:u{users - 1}"]


def unlinked(desk: Desk, user: str, at_ms: int) -> list[str]:
    """What the journeys are told; the device's own partition hears it."""
    out = Output(PARTITIONS)
    desk.stage.on_record(Kind.UNLINK, encode(Unlink(device_id="dev", user_id=user, at_ms=at_ms, by="me")), out)
    desk.stage.flush(out)
    desk.changelog.update({key: value for key, value in out.changes.items() if value is not None})
    said = []
    for (topic, partition), lines in out.lines.items():
        assert (topic, partition) == ("journeys", stream_partition("d:dev", PARTITIONS))
        for kind, line in lines:
            unlink = msgspec.json.decode(line, type=Unlink)
            assert (kind, unlink.device_id, unlink.at_ms, unlink.by, unlink.person) == (Kind.UNLINK, "dev", at_ms, "me", "d:dev")
            said.append(unlink.user_id)
    return said


def test_a_user_who_was_taken_from_a_device_has_it_again_with_a_later_sign_in_only() -> None:
    desk = Desk()
    desk.take(signs_in("ann", T0))
    assert unlinked(desk, "ann", T0 + HOUR) == ["ann"]
    desk.restart()
    assert desk.take(views(T0 + 1), signs_in("ann", T0 + HOUR), views(T0 + HOUR + 1)) == ["d:dev", "u:ann", "d:dev"]
    assert len(desk.merges) == 1
    desk.take(signs_in("ann", T0 + HOUR + 2))
    assert desk.merges == [("d:dev", "u:ann")] * 2


def test_what_a_device_does_then_is_its_other_user_s_from_his_sign_in_on() -> None:
    desk = Desk()
    desk.take(signs_in("ann", T0), signs_in("bob", T0 + 2))
    unlinked(desk, "ann", T0 + HOUR)
    assert desk.take(views(T0 + 1), views(T0 + 3)) == ["d:dev", "u:bob"]
    desk.take(signs_in("bob", T0 + 2 * HOUR), signs_in("cid", T0 + 3 * HOUR))
    assert len(desk.merges) == 1, "the device's own history stays its own"


def test_all_users_are_taken_from_a_device() -> None:
    desk = Desk()
    desk.take(*(signs_in(user, T0 + 2 * n) for n, user in enumerate(["bob", "ann", "bob"])))
    assert unlinked(desk, "", T0 + HOUR) == ["ann", "bob"]
    assert desk.take(views(T0 + 5)) == ["d:dev"]
    assert unlinked(desk, "", T0 + HOUR) == []


def test_events_of_a_user_without_a_device_and_of_a_server() -> None:
    desk = Desk()
    assert desk.take(collected("purchase", T0, user_id="ann", source="server")) == ["u:ann"]
    assert desk.take(collected("purchase", T0 + 1, "m2", user_id="ann", device_id="", source="store")) == ["u:ann"]
    assert desk.merges == [] and desk.stage.devices == {}


def test_a_user_and_a_device_of_the_same_name_are_two() -> None:
    desk = Desk()
    assert desk.take(views(T0, device_id="x"), views(T0 + 1, user_id="x")) == ["d:x", "u:x"]


def alias(user: str, previous: str, at_ms: int = T0, **fields: str) -> Collected:
    return collected("alias", at_ms, f"alias {user} {previous}", user_id=user, previous_id=previous, **fields)


def test_alias_merges_two_users_both_ways() -> None:
    desk = Desk()
    assert desk.take(alias("ann", "anna"), alias("anna", "ann", T0 + 1)) == ["u:ann", "u:anna"]
    assert desk.merges == [("u:anna", "u:ann"), ("u:ann", "u:anna")]


def test_alias_of_oneself_or_of_nobody_merges_nobody() -> None:
    desk = Desk()
    desk.take(alias("ann", "ann"), alias("ann", "", T0 + 1))
    nobody = msgspec.structs.replace(alias("", "ann", T0 + 2), device_id="dev")
    assert desk.take(nobody) == ["d:dev"]
    assert desk.merges == []


def test_alias_of_the_own_device_is_a_sign_in() -> None:
    desk = Desk()
    desk.take(alias("ann", "dev", device_id="dev"))
    assert desk.merges == [("d:dev", "u:ann")]


def test_an_event_of_nobody_makes_nobody() -> None:
    desk = Desk()
    assert desk.take(views(T0, device_id=""), views(T0 + 1)) == ["d:dev"]
    assert desk.rejected == ["internal_error"]


def test_a_duplicate_is_rejected_with_its_line_and_counts_once() -> None:
    desk = Desk()
    first = views(T0)
    again = msgspec.structs.replace(first, received_at_ms=T0 + HOUR, sent_at_ms=T0 + HOUR)
    assert desk.take(first, again) == ["d:dev"]
    assert desk.rejected == ["duplicate"]


def test_an_id_that_is_used_again_for_another_event_keeps_both_and_flags_the_second() -> None:
    desk = Desk()
    first, second = views(T0), msgspec.structs.replace(views(T0), search_term="shoe", received_at_ms=T0 + 1)
    third = msgspec.structs.replace(second, search_term="sock", received_at_ms=T0 + 2)
    assert desk.take(first, second, third, first, second) == ["d:dev"] * 3
    assert desk.rejected == ["duplicate"] * 2
    ids = [row.message_id for row in desk.rows]
    assert [row.id_reused for row in desk.rows] == [False, True, True]
    assert ids[0] == first.message_id and len(set(ids)) == 3
    assert all(re.fullmatch(re.escape(first.message_id) + "~[0-9a-f]{8}", each) for each in ids[1:])
    desk.restart()
    assert desk.take(third) == [] and desk.rejected == ["duplicate"] * 3


def test_the_row_has_what_the_collector_wrote() -> None:
    desk = Desk()
    event = collected("purchase", T0, "m", source="app", user_agent="ua", sent_at_ms=T0 - 5, value=Decimal("1.50"), props={"a": [1, None]})
    desk.take(event)
    (row,) = desk.rows
    for name in event.__struct_fields__:
        if name != "ip_country":  # it becomes the country where the client names none
            assert getattr(row, name) == getattr(event, name), name
    assert (row.lane, row.person_id, row.occurred_at_ms, row.late, row.replayed) == ("t", "d:dev", T0, False, False)


def test_the_address_says_the_country_where_the_client_does_not() -> None:
    desk = Desk()
    for name, country in (("m1", ""), ("m2", "DE")):
        desk.take(collected("purchase", T0, name, country=country, ip_country="AT"))
    assert [row.country for row in desk.rows] == ["AT", "DE"]


def test_what_a_stranger_says_of_lane_person_and_time_is_overwritten_and_no_key_comes_twice() -> None:
    stage, out = Identify(POLICY), Output(PARTITIONS)
    lie = encode(views(T0, device_id='d"ev'))[:-1] + (
        b',"lane":"live","person_id":"u:boss","occurred_at_ms":1,"skew_ms":9,"late":true,"replayed":true,"id_reused":true,"who":1}'
    )
    stage.on_record(Kind.EVENT, lie, out)
    ((_, line),) = next(iter(out.lines.values()))
    assert dict(json.loads(line, object_pairs_hook=no_doubles)) == {
        "event": "view_item",
        "message_id": f"view_item@{T0}",
        "write_key": "k",
        "device_id": 'd"ev',
        "client_at_ms": T0,
        "received_at_ms": T0,
        "lane": "t",
        "person_id": 'd:d"ev',
        "occurred_at_ms": T0,
    }


def no_doubles(pairs: list[tuple[str, object]]) -> list[tuple[str, object]]:
    assert len(dict(pairs)) == len(pairs)
    return pairs


@pytest.mark.parametrize(
    "wrong", ['"items":"none"', '"value":"much"', '"client_at_ms":"now"', '"props":[]', '"person_id":5', '"rating":"*"']
)
def test_a_line_of_wrong_types_is_rejected_and_costs_no_other(wrong: str) -> None:
    stage, out = Identify(POLICY), Output(PARTITIONS)
    bad = encode(views(T0))[:-1] + b"," + wrong.encode() + b"}"
    stage.on_record(Kind.EVENT, b"\n".join([encode(views(T0, user_id="a")), bad, encode(views(T0 + 1, user_id="b"))]), out)
    stage.flush(out)
    rejected = [line for (topic, _), lines in out.lines.items() for _, line in lines if topic == "rejected"]
    assert len(rejected) == 1 and b"ValidationError" in rejected[0]
    assert out.counts["events"] == 2


def test_a_restart_remembers_devices_and_messages() -> None:
    desk = Desk()
    desk.take(signs_in("ann", T0), signs_in("bob", T0 + 2))
    desk.restart()
    assert desk.take(views(T0 + 1), views(T0 + 3), signs_in("ann", T0)) == ["d:dev", "u:bob"]
    assert desk.rejected == ["duplicate"] and len(desk.merges) == 1


def test_a_tick_goes_to_the_partition_that_keeps_the_clock_and_says_from_where() -> None:
    out = Output(PARTITIONS)
    stage = Identify(POLICY)
    stage.partition = 2
    stage.on_record(Kind.TICK, msgspec.json.encode(Tick(now_ms=T0)), out)
    assert out.lines == {("journeys", 0): [(Kind.TICK, msgspec.json.encode(Tick(now_ms=T0, source=2)))]}


def test_what_is_emitted_stands_before_the_tick_that_came_after_it() -> None:
    stage, out = Identify(POLICY), Output(1)
    stage.policy = msgspec.structs.replace(POLICY, partitions=1)
    stage.on_record(Kind.EVENT, msgspec.json.encode(signs_in("ann", T0)), out)
    stage.on_record(Kind.TICK, msgspec.json.encode(Tick(now_ms=T0)), out)
    assert [kind for kind, _ in out.lines[("journeys", 0)]] == [Kind.EVENT, Kind.MERGE, Kind.TICK]


@pytest.mark.parametrize(("a", "b", "winner"), [("u:b", "u:a", "u:a"), ("d:a", "u:z", "u:z"), ("d:b", "d:a", "d:a"), ("u:a", "u:a", "u:a")])
def test_who_stays(a: str, b: str, winner: str) -> None:
    assert winner_and_loser(a, b)[0] == winner_and_loser(b, a)[0] == winner


people = st.from_regex(r"[ud]:[a-c]{1,3}", fullmatch=True)


@given(st.lists(people, min_size=2, max_size=6))
def test_the_smallest_rank_stays_however_a_group_is_paired(group: list[str]) -> None:
    left = group[0]
    for person in group[1:]:
        left = winner_and_loser(left, person)[0]
    assert left == min(group, key=rank)
