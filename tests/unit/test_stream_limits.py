"""A user with too many devices is flagged and merges no more: nothing is lost, and nobody is merged by mistake."""

from __future__ import annotations

from random import Random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.collected import Collected
from streams.logic.limits import Bounds, refuses
from streams.logic.policy import Policy
from streams.memory import MemoryStream
from tests.unit.people import holders, links, living, persons, run_in_any_order, settle
from tests.unit.stream_lab import DAY, HOUR, MINUTE, SHOE, T0, collected

POLICY = Policy(lane="t", partitions=4, identity_max_devices=3)
SEEDS = st.integers(0, 1_000_000)
END = T0 + 2 * DAY


def adds(at_ms: int, cart_id: str, **who: str) -> Collected:
    return collected("add_to_cart", at_ms, f"{cart_id} {at_ms}", cart_id=cart_id, items=(SHOE,), currency="EUR", **who)


def signs_in(user: str, device: str, at_ms: int) -> Collected:
    return collected("identify", at_ms, f"{device} is {user} {at_ms}", device_id=device, user_id=user)


def alias(user: str, previous: str, at_ms: int) -> Collected:
    return collected("alias", at_ms, f"alias {user} {previous} {at_ms}", user_id=user, previous_id=previous)


def played(phases: list[list[list[Collected]]], random: Random, policy: Policy = POLICY) -> MemoryStream:
    """Requests in their order, partitions in any; all of a phase has been seen before the next one."""
    stream = MemoryStream(policy)
    for phase in phases:
        for request in phase:
            stream.send(request)
            if random.random() < 0.4:
                run_in_any_order(stream, random)
        run_in_any_order(stream, random)
    settle(stream, END)
    assert stream.rows["rejected"] == []
    sent = [event.message_id for phase in phases for request in phase for event in request]
    assert {message: len(found) for message, found in holders(stream).items()} == dict.fromkeys(sent, 1), "held by one person each"
    return stream


def owners(stream: MemoryStream) -> dict[str, str]:
    return {row["cart_id"]: row["person_id"] for row in stream.latest("carts", "episode_id").values()}


@settings(max_examples=80, deadline=None)
@given(st.integers(2, 7), SEEDS)
def test_the_first_devices_are_merged_and_the_rest_stay_persons_of_their_own(devices: int, seed: int) -> None:
    """Each device fills a cart, signs in as the same user, and fills another one without naming the user again."""
    random = Random(seed)
    names = [f"dev{number}" for number in range(devices)]
    left = {name: [adds(T0, f"{name} 1", device_id=name), signs_in("guest", name, T0 + HOUR)] for name in names}
    for name in names:
        left[name] += [
            adds(T0 + HOUR + MINUTE, f"{name} 2", device_id=name),
            adds(T0 + 2 * HOUR, f"{name} 3", device_id=name, user_id="guest"),
        ]
    requests = []
    while any(left.values()):
        requests.append([left[random.choice([name for name in names if left[name]])].pop(0)])
    stream = played([requests], random)
    merged = {each[2:] for each in persons(stream)["u:guest"].members}
    assert len(merged) == min(devices, 3)
    assert owners(stream) == {
        **{f"{name} {part}": "u:guest" if name in merged else f"d:{name}" for name in names for part in (1, 2)},
        **{f"{name} 3": "u:guest" for name in names},
    }
    found = links(stream)
    assert {name: (row["person_id"], row.get("reason", "")) for name, row in found.items()} == {
        **{f"d:{name}": ("u:guest", "") for name in merged},
        **{f"d:{name}": (f"d:{name}", "refused by u:guest") for name in names if name not in merged},
        **({"u:guest": ("u:guest", "full")} if devices > 3 else {}),
    }
    assert set(living(stream)) == {"u:guest", *(f"d:{name}" for name in names if name not in merged)}
    assert {row["person_id"] for row in stream.latest("funnel_levels", "person_id").values()} == set(living(stream))


@settings(max_examples=60, deadline=None)
@given(st.permutations([("b", "c"), ("a", "b"), ("a", "d"), ("d", "c")]), SEEDS)
def test_aliases_beyond_the_limit_lose_nothing_and_merge_only_what_was_said(order: list[tuple[str, str]], seed: int) -> None:
    """Four users of two devices each, chained in any order: at most three devices to a person, so no two users of two each are one."""
    random = Random(seed)
    requests = []
    for user in "abcd":
        for number in range(2):
            device = f"{user}{number}"
            requests.append([adds(T0, device, device_id=device)])
            requests.append([signs_in(user, device, T0 + HOUR)])
    random.shuffle(requests)
    said = [[alias(user, previous, T0 + 2 * HOUR + number)] for number, (user, previous) in enumerate(order)]
    said += [[adds(T0 + 3 * HOUR, f"{user} later", device_id=f"{user}0", user_id=user)] for user in "abcd"]
    stream = played([requests, said], random)
    assert set(living(stream)) >= {"u:a", "u:b", "u:c", "u:d"}
    owned = owners(stream)
    assert {cart: owned[cart] for cart in owned if cart.endswith("later")} == {f"{user} later": f"u:{user}" for user in "abcd"}
    for cart, person in owned.items():
        assert person in (f"u:{cart[0]}", f"d:{cart}"), "a cart came to a user it has nothing to do with"


@settings(max_examples=100, deadline=None)
@given(SEEDS, st.integers(1, 4))
def test_whatever_is_said_in_whatever_order_no_person_has_more_and_no_event_is_lost_or_with_a_stranger(seed: int, most: int) -> None:
    random = Random(seed)
    requests = []
    for number in range(random.randint(1, 30)):
        at_ms = T0 + random.randint(0, 600) * MINUTE + number
        user, device = random.choice("abcde"), f"dev{random.randint(0, 6)}"
        said = random.choice(["anonymous", "anonymous", "named", "sign in", "sign in", "alias", "alias"])
        if said == "anonymous":
            requests.append([adds(at_ms, f"{device} {number}", device_id=device)])
        elif said == "named":
            requests.append([adds(at_ms, f"{user} {number}", device_id=device, user_id=user)])
        elif said == "sign in":
            requests.append([signs_in(user, device, at_ms)])
        else:
            requests.append([alias(user, random.choice("abcde"), at_ms)])
    stream = played([requests], random, msgspec.structs.replace(POLICY, identity_max_devices=most))
    everyone, alive = persons(stream), living(stream)
    for person_id, person in alive.items():
        devices = [each for each in (person_id, *person.members) if each.startswith("d:")]
        assert len(devices) <= most
        for member in person.members:
            while everyone[member].merged_into in everyone and everyone[member].merged_into:
                member = everyone[member].merged_into
            assert member == person_id, "a member that leads to somebody else"
    members = [each for person in alive.values() for each in person.members]
    assert len(members) == len(set(members))
    assert {person_id for person_id, person in everyone.items() if person.merged_into} == set(members)
    held = holders(stream)
    for row in stream.rows["journeys"]:
        (holder,) = held[row["message_id"]]
        assert holder == row["person_id"] or row["person_id"] in alive[holder].members, "held by a stranger"
    for name, row in links(stream).items():
        assert row["person_id"] == next(holder for holder, person in alive.items() if name == holder or name in person.members)


@pytest.mark.parametrize("number", range(12))  # in any partitions: time may have gone on in one of them while the state is on its way
def test_a_refused_person_keeps_its_timers_and_a_trigger_is_sent_once(number: int) -> None:
    user, device = f"guest{number}", f"dev{number}"
    stream = MemoryStream(msgspec.structs.replace(POLICY, identity_max_devices=1))
    stream.send([signs_in(user, "first", T0 - HOUR)])
    stream.send([adds(T0, "c", device_id=device)])
    settle(stream, T0 + MINUTE)
    stream.send([signs_in(user, device, T0 + 2 * MINUTE)])
    settle(stream, T0 + DAY)
    (trigger,) = stream.rows["triggers"]
    assert (trigger["person_id"], trigger["decision"], trigger["fired_at_ms"]) == (f"d:{device}", "send", T0 + 30 * MINUTE)


def test_a_full_user_may_still_be_found_again_after_a_restart() -> None:
    stream = MemoryStream(msgspec.structs.replace(POLICY, identity_max_devices=1))
    stream.send([signs_in("guest", f"dev{number}", T0 + number) for number in range(3)])
    stream.run()
    for partition in range(4):
        stream.restart("identify", partition)
        stream.restart("journey", partition)
    stream.send([signs_in("guest", "dev3", T0 + HOUR), signs_in("ann", "dev3", T0 + 2 * HOUR)])
    settle(stream, END)
    assert len(persons(stream)["u:guest"].members) == 1
    assert links(stream)["u:guest"]["reason"] == "full"
    assert "d:dev3" in living(stream)


def test_a_person_is_full_by_devices_and_not_by_users() -> None:
    members = dict.fromkeys(["d:1", "d:2", "u:b", "u:c", "u:d"], T0)
    assert not refuses("u:a", members, None, "d:3", {}, 3)
    assert not refuses("u:a", members, None, "u:e", {"u:f": T0}, 2)
    assert refuses("u:a", members, None, "d:3", {}, 2)
    assert refuses("u:a", members, None, "u:e", {"d:3": T0, "d:4": T0}, 3)
    assert refuses("u:a", {}, Bounds(is_full=True), "u:e", {}, 3)
    assert not refuses("u:a", members, Bounds(is_full=True), "d:1", {}, 2)
