"""The rules of time through the whole stream: whose clock is believed, what comes too late, and what time does on its own."""

from __future__ import annotations

import msgspec
import pytest

from schemas.collected import Collected
from streams.memory import MemoryStream
from tests.unit.stream_lab import DAY, HOUR, MINUTE, POLICY, SECOND, SHOE, SOCK, T0, Shop, collected

IDLE = POLICY.abandon_idle_ms


def add(at_ms: int, message_id: str = "", **fields: object) -> Collected:
    return collected("add_to_cart", at_ms, message_id, **{"cart_id": "c", "items": (SHOE,), **fields})


@pytest.mark.parametrize(
    ("wrong_ms", "believed_ms"), [(2 * SECOND, 0), (2 * SECOND + 1, 2 * SECOND + 1), (-2 * SECOND, 0), (-DAY, -DAY), (400 * DAY, 400 * DAY)]
)
def test_a_client_s_clock_is_corrected_above_two_seconds_and_all_follows_the_corrected_time(wrong_ms: int, believed_ms: int) -> None:
    shop, client_ms = Shop(), T0 - wrong_ms
    shop.at(T0 + DAY, add(T0, client_at_ms=client_ms, sent_at_ms=client_ms))
    happened_ms = client_ms + believed_ms
    (stored,) = shop.stream.rows["journeys"]
    assert (stored["occurred_at_ms"], stored["client_at_ms"], stored.get("skew_ms", 0)) == (happened_ms, client_ms, believed_ms)
    assert shop.sessions()[0]["started_at_ms"] == happened_ms
    assert shop.carts()["c"]["abandoned_at_ms"] == happened_ms + IDLE


@pytest.mark.parametrize(("ahead_ms", "kept_ms"), [(60 * SECOND, 60 * SECOND), (60 * SECOND + 1, 0), (400 * DAY, 0)])
def test_a_time_in_the_future_is_clamped_so_that_no_timer_waits_for_it(ahead_ms: int, kept_ms: int) -> None:
    shop = Shop()
    shop.at(T0, add(T0, client_at_ms=T0 + ahead_ms))
    shop.wait(T0 + kept_ms + IDLE - 1)
    assert shop.triggers() == []
    shop.wait(T0 + kept_ms + IDLE)
    assert [row["fired_at_ms"] for row in shop.triggers()] == [T0 + kept_ms + IDLE]
    assert shop.sessions()[0]["started_at_ms"] == T0 + kept_ms


LATE = [
    add(T0 + 10 * MINUTE, "late-1", items=(SOCK,)),
    collected("purchase", T0 + 10 * MINUTE, "late-2", cart_id="c", order_id="o"),
    collected("page_view", T0 - DAY, "late-3", channel="email"),
    collected("view_item", T0 - MINUTE, "late-4", items=(SHOE,)),
]


@pytest.mark.parametrize("event", LATE, ids=[event.event for event in LATE])
@pytest.mark.parametrize("behind_ms", [7 * DAY, 7 * DAY + 1])
def test_what_comes_after_more_than_seven_days_is_stored_flagged_and_moves_nothing(event: Collected, behind_ms: int) -> None:
    shop = Shop()
    shop.at(T0, add(T0))
    shop.wait(T0 + 6 * DAY)
    before = {topic: list(rows) for topic, rows in shop.stream.rows.items() if topic not in ("journeys", "clocks")}
    shop.stream.send([msgspec.structs.replace(event, received_at_ms=event.client_at_ms + behind_ms)])
    shop.stream.run()
    after = {topic: list(rows) for topic, rows in shop.stream.rows.items() if topic not in ("journeys", "clocks")}
    stored = shop.stream.rows["journeys"][-1]
    assert (stored["message_id"], stored["occurred_at_ms"]) == (event.message_id, event.client_at_ms)
    assert stored.get("late", False) == (behind_ms > 7 * DAY)
    assert (after == before) == (behind_ms > 7 * DAY)


def test_a_late_sign_in_still_says_whose_device_it_is() -> None:
    shop = Shop()
    shop.at(T0 + 8 * DAY, collected("identify", T0, user_id="ann", device_id="dev", received_at_ms=T0 + 8 * DAY))
    shop.at(T0 + 9 * DAY, collected("page_view", T0 + 9 * DAY))
    assert shop.stream.latest("identities", "id")[("d:dev",)]["person_id"] == "u:ann"
    assert shop.sessions()[0]["person_id"] == "u:ann"


@pytest.mark.parametrize("crash", [False, True])
def test_timers_fire_with_no_further_event_of_anyone(crash: bool) -> None:
    shop = Shop()
    shop.at(T0, add(T0))
    waits = [IDLE - 1, IDLE, 7 * DAY, 30 * DAY, 90 * DAY]
    seen = []
    for wait_ms in waits:
        if crash:
            shop.crash()
        shop.wait(T0 + wait_ms)
        cart, tiers = shop.carts()["c"], [tier for tier, _, left in shop.stays() if left is None]
        seen.append(("abandoned_at_ms" in cart, cart["status"], tiers, len(shop.triggers())))
    assert seen == [
        (False, "open", [], 0),
        (True, "open", [], 1),
        (True, "open", ["short"], 1),
        (True, "expired", ["mid"], 1),
        (True, "expired", ["long"], 1),
    ]


def backlog(stream: MemoryStream, hours: int) -> set[int]:
    """A cart every ten minutes, half of them ordered within 20: returns when the others are due."""
    due = set()
    for number in range(hours * 6):
        at_ms, who = T0 + number * 10 * MINUTE, {"device_id": f"dev{number}", "cart_id": f"c{number}"}
        stream.send([collected("add_to_cart", at_ms, f"a{number}", items=(SHOE,), **who)])
        if number % 2:
            stream.send([collected("purchase", at_ms + 20 * MINUTE, f"p{number}", order_id=f"o{number}", **who)])
        else:
            due.add(at_ms + IDLE)
    return due


@pytest.mark.parametrize("partitions", [1, 4])
@pytest.mark.parametrize("crash", [False, True])
def test_after_a_pause_of_hours_the_backlog_is_seen_and_then_fires_once_in_order(partitions: int, crash: bool) -> None:
    shop = Shop(msgspec.structs.replace(POLICY, partitions=partitions))
    due = backlog(shop.stream, hours=8)
    shop.stream.run()
    assert shop.triggers() == [], "time has not been told yet"
    for _ in range(2):
        if crash:
            shop.crash()
        shop.wait(T0 + 12 * HOUR)
    assert shop.sent() == [row["trigger_id"] for row in shop.triggers()], "nothing is taken back or kept back"
    assert sorted(row["fired_at_ms"] for row in shop.triggers()) == sorted(due)
    fired_at_ms: dict[str, int] = {}
    for row in shop.triggers():
        partition = _partition(shop.stream, row["person_id"])
        assert row["fired_at_ms"] > fired_at_ms.get(partition, 0), "in order within a partition"
        fired_at_ms[partition] = row["fired_at_ms"]


def _partition(stream: MemoryStream, person_id: str) -> str:
    holders = [number for (agent, number), state in stream.state.items() if agent == "journey" and person_id.encode() in state]
    return ",".join(map(str, holders))


@pytest.mark.parametrize("first", [("identify", "journey"), ("journey", "identify")])
def test_time_does_not_overtake_an_order_that_stands_before_it_in_a_slow_partition(first: tuple[str, str]) -> None:
    """The order was received a minute before the cart was due; each partition comes to it at its own pace, the cart's person last."""
    stream = MemoryStream(msgspec.structs.replace(POLICY, partitions=4))
    stream.send([add(T0, device_id="dev")])
    stream.run()
    order = collected("purchase", T0 + 29 * MINUTE, device_id="dev", user_id="ann", cart_id="c", order_id="o")
    stream.send([order])
    stream.tick(T0 + 31 * MINUTE)
    home = next(number for (agent, number), state in stream.state.items() if agent == "journey" and b"d:dev" in state)
    for agent in first * 10:
        for partition in range(4):
            if (agent, partition) != ("journey", home):
                stream.step(agent, partition, 100)
    assert stream.rows["triggers"] == [], "the cart's partition has not spoken"
    stream.run()
    stream.tick(T0 + DAY)
    stream.run()
    assert stream.rows["triggers"] == []
    (cart,) = stream.latest("carts", "episode_id").values()
    assert (cart["status"], cart["person_id"], cart.get("abandoned_at_ms")) == ("ordered", "u:ann", None)


def test_a_replay_marks_its_events_and_what_it_fires_and_finds_the_same_ids() -> None:
    live, replay = Shop(), Shop(msgspec.structs.replace(POLICY, replayed=True))
    for shop in (live, replay):
        shop.at(T0 + DAY, add(T0))
    assert [row.get("replayed", False) for row in live.triggers() + live.stream.rows["journeys"]] == [False, False]
    assert [row.get("replayed", False) for row in replay.triggers() + replay.stream.rows["journeys"]] == [True, True]
    assert live.sent() == replay.sent() != []
