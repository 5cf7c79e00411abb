"""One person, one history, no false merge: devices, users and aliases over several partitions, in any order."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.collected import Collected
from schemas.partition import stream_partition
from streams.logic.policy import Policy
from streams.memory import MemoryStream
from tests.unit.people import holders, links, living, run_in_any_order, settle
from tests.unit.stream_lab import DAY, HOUR, MINUTE, SHOE, T0, collected

PARTITIONS = 4
POLICY = Policy(lane="t", partitions=PARTITIONS)
SEEDS = st.integers(0, 1_000_000)
END = T0 + 2 * DAY


def alias(user: str, previous: str, at_ms: int, number: int = 0) -> Collected:
    return collected("alias", at_ms, f"alias {user} {previous} {number}", user_id=user, previous_id=previous)


def signs_in(user: str, device: str, at_ms: int) -> Collected:
    return collected("identify", at_ms, f"{device} is {user} {at_ms}", device_id=device, user_id=user)


def adds(at_ms: int, cart_id: str = "c", **who: str) -> Collected:
    return collected("add_to_cart", at_ms, f"add {sorted(who.values())} {at_ms}", cart_id=cart_id, items=(SHOE,), currency="EUR", **who)


def played(events: list[Collected], random: Random) -> MemoryStream:
    """The events in the order given, in requests of chance size; partitions take turns by chance."""
    stream = MemoryStream(POLICY)
    waiting = list(events)
    while waiting:
        size = random.randint(1, 4)
        stream.send(waiting[:size])
        waiting = waiting[size:]
        if random.random() < 0.5:
            run_in_any_order(stream, random)
    run_in_any_order(stream, random)
    settle(stream, END)
    assert stream.rows["rejected"] == []
    return stream


class Groups:
    """Union-find: what the aliases say, by the plainest rule."""

    def __init__(self) -> None:
        self.root: dict[str, str] = {}

    def find(self, name: str) -> str:
        while self.root.setdefault(name, name) != name:
            name = self.root[name]
        return name

    def join(self, a: str, b: str) -> None:
        winner, loser = sorted((self.find(a), self.find(b)))
        self.root[loser] = winner


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("abcdefg"), st.sampled_from("abcdefg")), max_size=12),
    SEEDS,
)
def test_aliases_in_any_order_chained_circular_or_repeated_make_one_person_of_each_group(pairs: list[tuple[str, str]], seed: int) -> None:
    random = Random(seed)
    truth = Groups()
    events = [adds(T0 + number * MINUTE, cart_id=f"c-{user}", user_id=user) for number, user in enumerate("abcdefg")]
    for number, (user, previous) in enumerate(pairs):
        events.append(alias(user, previous, T0 + random.randint(0, 60) * MINUTE, number))
        truth.join(user, previous)
    random.shuffle(events)
    stream = played(events, random)
    groups = {user: truth.find(user) for user in "abcdefg"}
    assert set(living(stream)) == {f"u:{root}" for root in groups.values()}
    assert {row["cart_id"]: row["person_id"] for row in stream.latest("carts", "episode_id").values()} == {
        f"c-{user}": f"u:{root}" for user, root in groups.items()
    }
    assert {name: row["person_id"] for name, row in links(stream).items()} == {
        f"u:{user}": f"u:{root}" for user, root in groups.items() if user != root
    }
    assert {row["person_id"] for row in stream.latest("funnel_levels", "person_id").values()} == set(living(stream))
    assert {message: len(found) for message, found in holders(stream).items()} == {event.message_id: 1 for event in events}


@settings(max_examples=60, deadline=None)
@given(st.permutations(["ab", "bc", "cd", "da"]), SEEDS)
def test_a_circle_of_aliases_after_their_devices_signed_in_is_one_person(order: list[str], seed: int) -> None:
    random = Random(seed)
    events = [adds(T0 + number, cart_id=f"c{number}", device_id=f"dev{number}") for number in range(4)]
    events += [signs_in(user, f"dev{number}", T0 + HOUR + number) for number, user in enumerate("abcd")]
    events += [alias(pair[0], pair[1], T0 + 2 * HOUR) for pair in order]
    stream = played(events, random)
    assert set(living(stream)) == {"u:a"}
    assert {row["person_id"] for row in links(stream).values()} == {"u:a"}
    assert set(links(stream)) == {"u:b", "u:c", "u:d", *(f"d:dev{number}" for number in range(4))}
    assert len(stream.latest("carts", "episode_id")) == 4


def test_two_users_of_one_device_stay_two() -> None:
    events = [
        adds(T0, "c0", device_id="dev"),
        signs_in("ann", "dev", T0 + MINUTE),
        adds(T0 + 2 * MINUTE, "c1", device_id="dev"),
        signs_in("bob", "dev", T0 + 3 * MINUTE),
        adds(T0 + 4 * MINUTE, "c2", device_id="dev"),
        adds(T0 + 5 * MINUTE, "c3", device_id="dev", user_id="ann"),
    ]
    stream = played(events, Random(1))
    assert {row["cart_id"]: row["person_id"] for row in stream.latest("carts", "episode_id").values()} == {
        "c0": "u:ann",
        "c1": "u:ann",
        "c2": "u:bob",
        "c3": "u:ann",
    }
    assert set(living(stream)) == {"u:ann", "u:bob"} and set(links(stream)) == {"d:dev"}


@pytest.mark.parametrize("device", [f"dev{number}" for number in range(8)])
@pytest.mark.parametrize("signs_in_after_ms", [MINUTE, 30 * MINUTE - 1, 30 * MINUTE, 45 * MINUTE])
def test_a_merge_while_the_cart_s_timer_runs_fires_it_once_at_its_time(device: str, signs_in_after_ms: int) -> None:
    """The device's and the user's partitions are the same or not; the sign-in is before, at, or after the idle time."""
    stream = MemoryStream(POLICY)
    stream.send([adds(T0, device_id=device)])
    settle(stream, T0 + signs_in_after_ms)
    stream.send([signs_in("ann", device, T0 + signs_in_after_ms)])
    settle(stream, T0 + signs_in_after_ms)
    settle(stream, T0 + DAY)
    fired = [row for row in stream.rows["triggers"] if row["decision"] == "send" and row["version"] == 1]
    assert [row["fired_at_ms"] for row in fired] == [T0 + 30 * MINUTE]
    assert {row["status"] for row in stream.latest("triggers", "trigger_id").values()} == {"fired"}
    (cart,) = stream.latest("carts", "episode_id").values()
    assert (cart["person_id"], cart["abandoned_at_ms"], cart["status"]) == ("u:ann", T0 + 30 * MINUTE, "open")


def test_the_parameters_above_have_both_kinds_of_partitions() -> None:
    same = {stream_partition(f"d:dev{n}", PARTITIONS) == stream_partition("u:ann", PARTITIONS) for n in range(8)}
    assert same == {True, False}


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 4), SEEDS)
def test_saying_again_who_one_is_changes_nothing(times: int, seed: int) -> None:
    random = Random(seed)
    once = [
        adds(T0, device_id="dev"),
        signs_in("bob", "dev", T0 + MINUTE),
        alias("ann", "bob", T0 + 2 * MINUTE),
        adds(T0 + HOUR, user_id="bob"),
    ]
    again = [signs_in("bob", "dev", T0 + MINUTE + number) for number in range(1, times)]
    again += [alias("ann", "bob", T0 + 2 * MINUTE + number, number) for number in range(1, times)]
    random.shuffle(again)
    first, second = played(once, random), played(once + again, random)
    for topic, key in {"carts": "episode_id", "identities": "id", "funnel_levels": "person_id"}.items():
        plain, repeated = first.latest(topic, key), second.latest(topic, key)
        assert {name: {**row, "version": 0} for name, row in repeated.items()} == {
            name: {**row, "version": 0} for name, row in plain.items()
        }
    assert set(living(second)) == {"u:ann"}
