"""The holdout: persons whose triggers are written and never sent, drawn the same whatever the order, the lane and the merges."""

from __future__ import annotations

from hashlib import blake2b
from itertools import count
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.collected import Collected
from schemas.reasons import SUPPRESSED, SuppressReason
from streams.logic.holdout import held_out
from streams.logic.policy import Policy
from streams.memory import MemoryStream
from tests.unit.people import living, run_in_any_order
from tests.unit.reference_events import facts_of
from tests.unit.reference_persons import Persons, by_person
from tests.unit.reference_stories import ENDS_MS, arrivals, policy_of, settle, stories
from tests.unit.stream_lab import DAY, HOUR, MINUTE, SHOE, T0, Shop, collected

RULE = "cart_abandoned"
HALF = Policy(lane="t", partitions=2, holdout_percent=50)


def of(percent: float, salt: str = "") -> Policy:
    return Policy(holdout_percent=percent, holdout_salt=salt)


def drawn(origin: str, percent: float = 50) -> bool:
    """As docs/contracts.md has it, by other means than the stream."""
    digest = blake2b(f"holdout\x1f{RULE}\x1f\x1f{origin}".encode(), digest_size=8).hexdigest()
    return int(digest, 16) / 2**64 < percent / 100


def named(kind: str, out: bool) -> str:
    """A user or device (`u`, `d`) that the draw holds out, or does not."""
    return next(f"{kind}{number}" for number in count() if drawn(f"{kind}:{kind}{number}") == out)


def add(at_ms: int, device: str, **fields: Any) -> Collected:
    return collected("add_to_cart", at_ms, f"add {device} {at_ms}", device_id=device, cart_id="c", items=(SHOE,), currency="EUR", **fields)


def signs_in(user: str, device: str, at_ms: int) -> Collected:
    return collected("identify", at_ms, f"{device} is {user}", device_id=device, user_id=user)


def decisions(shop: Shop) -> list[tuple[str, str]]:
    """Of each trigger, in the order in which they fired."""
    rows = sorted(shop.stream.latest("triggers", "trigger_id").values(), key=lambda row: row["fired_at_ms"])
    return [(row["decision"], row.get("reason", "")) for row in rows]


def test_nobody_or_everybody() -> None:
    origins = [f"d:{number}" for number in range(1_000)]
    assert not any(held_out(RULE, origin, of(0)) for origin in origins)
    assert all(held_out(RULE, origin, of(100)) for origin in origins)


def test_as_many_as_were_asked_for_and_more_of_the_same() -> None:
    origins = [f"u:{number}" for number in range(20_000)]
    groups = {percent: {origin for origin in origins if held_out(RULE, origin, of(percent))} for percent in (5, 10, 50)}
    assert groups[5] < groups[10] < groups[50]
    assert {percent: round(len(group) / 200) for percent, group in groups.items()} == {5: 5, 10: 10, 50: 50}
    assert groups[50] == {origin for origin in origins if drawn(origin)}


def test_another_rule_or_salt_draws_others() -> None:
    origins = [f"u:{number}" for number in range(20_000)]
    first, second, third = (
        {origin for origin in origins if held_out(rule, origin, of(50, salt))} for rule, salt in ((RULE, ""), ("other", ""), (RULE, "2"))
    )
    for one, two in ((first, second), (first, third), (second, third)):
        assert 0.24 < len(one & two) / len(origins) < 0.26


def test_who_is_held_out_is_told_nothing_and_recovers_all_the_same() -> None:
    shop = Shop(msgspec.structs.replace(HALF, partitions=1))
    out, told = named("d", True), named("d", False)
    shop.at(T0, add(T0, out), add(T0, told))
    shop.wait(T0 + HOUR)
    assert sorted(decisions(shop)) == [("send", ""), ("suppress", "holdout")]
    assert [row["device_id"] for row in shop.triggers() if row["trigger_id"] in shop.sent()] == [told]
    shop.at(T0 + DAY, *(collected("purchase", T0 + DAY, f"buy {who}", device_id=who, cart_id="c") for who in (out, told)))
    carts = shop.stream.latest("carts", "episode_id").values()
    assert [row["recovered"] for row in carts] == [True, True]


@pytest.mark.parametrize("out", [True, False])
def test_signing_in_changes_nothing(out: bool) -> None:
    """The device is drawn for, before and after it has a user whose own draw would be the other one."""
    device, user = named("d", out), named("u", not out)
    shop = Shop(HALF)
    shop.at(T0, add(T0, device))
    shop.wait(T0 + HOUR)
    shop.at(T0 + DAY, signs_in(user, device, T0 + DAY))
    shop.at(T0 + 2 * DAY, collected("purchase", T0 + 2 * DAY, device_id=device, cart_id="c"))
    shop.at(T0 + 3 * DAY, add(T0 + 3 * DAY, device))
    for extra_ms in range(4):
        shop.wait(T0 + 4 * DAY + extra_ms)
    assert [row["person_id"] for row in shop.triggers()][-1] == f"u:{user}"
    assert decisions(shop) == ([("suppress", "holdout")] if out else [("send", "")]) * 2


@pytest.mark.parametrize("older_out", [True, False])
def test_of_two_persons_who_are_one_the_older_ones_draw_counts(older_out: bool) -> None:
    """What was decided before they were one stays."""
    older, younger = named("d", older_out), named("d", not older_out)
    shop = Shop(HALF)
    shop.at(T0, collected("page_view", T0, device_id=older))
    shop.at(T0 + MINUTE, add(T0 + MINUTE, younger))
    for extra_ms in range(3):
        shop.wait(T0 + HOUR + extra_ms)
    first = decisions(shop)
    shop.at(T0 + DAY, signs_in("ann", older, T0 + DAY), signs_in("ann", younger, T0 + DAY))
    shop.at(T0 + 2 * DAY, collected("purchase", T0 + 2 * DAY, device_id=younger, cart_id="c"))
    shop.at(T0 + 3 * DAY, add(T0 + 3 * DAY, younger))
    for extra_ms in range(4):
        shop.wait(T0 + 4 * DAY + extra_ms)
    group = {True: ("suppress", "holdout"), False: ("send", "")}
    assert first == [group[not older_out]]
    assert decisions(shop)[-1] == group[older_out]


def test_a_device_that_is_taken_away_draws_for_itself_and_the_rest_keeps_its_draw() -> None:
    device, user = named("d", True), named("u", False)
    shop = Shop(HALF)
    shop.at(T0, collected("page_view", T0, device_id=device))
    shop.at(T0 + 1, signs_in(user, device, T0 + 1), collected("page_view", T0 + 2, user_id=user))
    shop.stream.unlink(device, user, T0 + MINUTE)
    for extra_ms in range(5):
        shop.wait(T0 + HOUR + extra_ms)
    origins = {name: person.first.origin for name, person in living(shop.stream).items() if person.first}
    assert origins == {f"d:{device}": f"d:{device}", f"u:{user}": f"d:{device}"}


def test_a_trigger_that_came_to_light_too_late_is_in_neither_group() -> None:
    shop = Shop(of(100))
    shop.at(T0 + 2 * HOUR, collected("page_view", T0 + 2 * HOUR, device_id="dev"))
    shop.wait(T0 + 2 * HOUR + 1)
    shop.at(T0 + 2 * HOUR + 2, add(T0, "dev", received_at_ms=T0 + 2 * HOUR + 2))
    assert decisions(shop) == [("suppress", "late_event")]


def test_a_restore_and_a_replay_draw_the_same() -> None:
    events = [add(T0 + number, f"d{number}") for number in range(40)]
    shops = [Shop(HALF), Shop(msgspec.structs.replace(HALF, lane="replay", partitions=1, replayed=True))]
    for shop in shops:
        shop.at(T0 + MINUTE, *events)
        shop.crash()
        shop.wait(T0 + HOUR)
    first, second = ({row["trigger_id"]: row["decision"] for row in shop.triggers()} for shop in shops)
    assert first == second and set(first.values()) == {"send", "suppress"}


def test_every_reason_has_a_meaning() -> None:
    assert set(SUPPRESSED) == set(SuppressReason)


@settings(deadline=None, derandomize=True, database=None, max_examples=100, suppress_health_check=list(HealthCheck))
@given(made=stories(), partitions=st.sampled_from([1, 4]), end_ms=st.sampled_from(ENDS_MS), seed=st.integers(0, 1 << 32))
def test_no_held_out_person_is_told_whatever_the_order_of_arrival(made: list[Collected], partitions: int, end_ms: int, seed: int) -> None:
    """All is known before time comes to anything, so that each trigger's group is the one of its person in the end."""
    random = Random(seed)
    stream = MemoryStream(msgspec.structs.replace(policy_of(partitions), holdout_percent=50))
    for each in arrivals(made, random):
        if not isinstance(each, int):
            stream.send(each)
    run_in_any_order(stream, random)
    settle(stream, [end_ms])
    out = _held_out(made, stream.policy)
    rows = [row for row in stream.rows["triggers"] if row["version"] == 1 and row.get("reason") != "late_event"]
    assert {row["trigger_id"]: row["decision"] for row in rows if row["person_id"] in out} == {
        row["trigger_id"]: "suppress" for row in rows if row["person_id"] in out
    }
    assert {row["decision"] for row in rows if row["person_id"] not in out} <= {"send"}


def _held_out(made: list[Collected], policy: Policy) -> set[str]:
    """Persons by whom the first event of theirs that is not late names."""
    facts = facts_of(made, policy)
    found = set()
    for person, own in by_person(facts, Persons(facts)).items():
        _, origin = min((fact.at_ms, f"u:{fact.event.user_id}" if fact.event.user_id else f"d:{fact.event.device_id}") for fact in own)
        if drawn(origin):
            found.add(person)
    return found
