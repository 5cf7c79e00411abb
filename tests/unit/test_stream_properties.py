"""The stream is a function of the events: not of their order of arrival, duplicates, split into records, or restarts."""

from collections import defaultdict
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.collected import Collected
from schemas.items import Item
from streams.logic.policy import Policy
from streams.memory import MemoryStream

T0 = 1_700_000_000_000
MINUTE = 60_000
NAMES = ["view_item", "add_to_cart", "remove_from_cart", "begin_checkout", "add_payment_info", "purchase", "page_view", "cart_update"]
POLICY = Policy(lane="t", partitions=3, funnel_window_ms=120 * MINUTE)
SHOE = Item(product_id="shoe", price=Decimal("19.90"))
SOCK = Item(product_id="sock", price=Decimal("2.50"), quantity=2)


@st.composite
def events(draw: st.DrawFn) -> list[Collected]:
    """A few devices of a few users over some hours; each device signs in at most once, as the last thing it does or at any time."""
    made = []
    for number in range(draw(st.integers(1, 24))):
        device = draw(st.integers(0, 3))
        name = draw(st.sampled_from(NAMES))
        at_ms = T0 + draw(st.integers(0, 600)) * MINUTE
        made.append(
            Collected(
                event=name,
                message_id=f"m{number:03}",
                write_key="k",
                received_at_ms=at_ms,
                client_at_ms=at_ms,
                device_id=f"dev{device}",
                items=draw(st.sampled_from([(SHOE,), (SOCK,), (SHOE, SOCK)])),
                cart_items=draw(st.sampled_from([None, (), (SHOE,)])) if name == "cart_update" else None,
                cart_id=f"c{device}",
                currency="EUR",
                channel=draw(st.sampled_from(["", "search", "social"])),
            )
        )
    for device in draw(st.sets(st.integers(0, 3))):
        at_ms = T0 + draw(st.integers(0, 600)) * MINUTE
        made.append(
            Collected(
                event="identify",
                message_id=f"i{device}",
                write_key="k",
                received_at_ms=at_ms,
                client_at_ms=at_ms,
                device_id=f"dev{device}",
                user_id=f"user{device // 2}",
            )
        )
    return made


def settle(stream: MemoryStream) -> None:
    for extra_ms in range(4):
        stream.tick(T0 + 20 * 60 * MINUTE + extra_ms)
        stream.run()


def result(stream: MemoryStream) -> dict[str, Any]:
    """What an analyst would see in the end; versions and what time it took to learn it left out."""
    keys = {"carts": ["episode_id"], "sessions": ["session_id"], "funnel_levels": ["person_id"], "identities": ["id"]}
    found: dict[str, Any] = {}
    for topic, key in keys.items():
        rows = stream.latest(topic, *key)
        found[topic] = {name: {k: v for k, v in row.items() if k not in ("version", "merged_at_ms")} for name, row in rows.items()}
    triggers = stream.latest("triggers", "trigger_id").values()
    found["triggers"] = {(t["episode_id"], t["fired_at_ms"]) for t in triggers if t["status"] == "fired"}
    found["current_churn"] = {
        key for key, row in stream.latest("segments", "person_id", "value", "entered_at_ms").items() if "left_at_ms" not in row
    }
    return found


def in_order(made: list[Collected]) -> dict[str, Any]:
    stream = MemoryStream(POLICY)
    for event in sorted(made, key=lambda e: (e.client_at_ms, e.message_id)):
        stream.send([event])
        stream.run()
    settle(stream)
    return result(stream)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(events(), st.randoms(use_true_random=False))
def test_any_order_any_duplicates_any_split_any_restart_give_the_same_result(made: list[Collected], random: Any) -> None:
    expected = in_order(made)
    stream = MemoryStream(POLICY)
    arriving = [*made, *random.sample(made, random.randint(0, len(made)))]
    random.shuffle(arriving)
    clock_ms = T0
    while arriving:
        size = random.randint(1, 5)
        stream.send(arriving[:size])
        arriving = arriving[size:]
        if random.random() < 0.3:
            clock_ms += random.randint(0, 60) * MINUTE
            stream.tick(clock_ms)
        if random.random() < 0.6:
            stream.run(random.randint(1, 4))
            if random.random() < 0.3:
                stream.restart(random.choice(["identify", "journey"]), random.randrange(POLICY.partitions))
    stream.run()
    settle(stream)
    assert result(stream) == expected
    rows = stream.rows["triggers"]
    assert len({(t["trigger_id"], t["version"]) for t in rows}) == len(rows), "a version was written twice"


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(events())
def test_no_line_is_lost_to_an_error(made: list[Collected]) -> None:
    stream = MemoryStream(POLICY)
    stream.send(made)
    settle(stream)
    assert stream.rows["rejected"] == []
    people: dict[str, int] = defaultdict(int)
    for row in stream.rows["journeys"]:
        people[row["message_id"]] += 1
    assert set(people.values()) == {1} and len(people) == len(made)
