"""Partitions that fall behind one another by days, restarts, merges and weeks of history change nothing in the result."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from itertools import groupby
from random import Random
from typing import Any

import msgspec
import pytest

from collector.intake import take
from collector.steps import Envelope
from schemas.collected import Collected
from schemas.items import Item
from simulator.config import SimConfig
from simulator.timeline import arrivals
from simulator.truth import Rules, Truth
from streams.logic.policy import Policy
from streams.memory import MemoryStream
from tests.unit.stream_lab import DAY, HOUR, MINUTE, T0, collected

AGENTS = ["identify", "journey", "journey"]
MOST_LAG_MS = 4 * DAY  # a chain of merges may take as long as history is kept beyond the lateness of events, no longer
HOPS = 8  # rounds of ticks at the end: each carries what was forwarded one hop further


def lag(stream: MemoryStream, random: Random, steps: int, crash: float) -> None:
    """Some partitions take some of what waits for them; at times one is lost and restored."""
    for _ in range(steps):
        stream.step(random.choice(AGENTS), random.randrange(stream.policy.partitions), random.randint(1, 200))
    if random.random() < crash:
        stream.restart(random.choice(AGENTS), random.randrange(stream.policy.partitions))


def settle(stream: MemoryStream, now_ms: int) -> None:
    for extra_ms in range(HOPS):
        stream.tick(now_ms + extra_ms)
        stream.run()


def versions_are_unique(stream: MemoryStream) -> None:
    for topic, key in {"carts": "episode_id", "sessions": "session_id", "triggers": "trigger_id", "identities": "id"}.items():
        written = Counter((row[key], row["version"]) for row in stream.rows[topic])
        assert {name: n for name, n in written.items() if n > 1} == {}, f"{topic}: a version was written twice"


@pytest.mark.parametrize("seed", range(4))
def test_lagging_partitions_find_the_truth_of_a_simulated_shop(seed: int) -> None:
    random, config = Random(seed), SimConfig(seed=seed, shoppers=80)
    truth, stream = Truth(Rules()), MemoryStream(Policy(lane="sim"))
    decode = msgspec.json.Decoder(Collected).decode
    for slot, (arrival_ms, group) in enumerate(groupby(arrivals(config), key=lambda a: a.arrival_ms)):
        together = list(group)
        for arrival in together:
            truth.add(arrival)
        envelope = Envelope(write_key="k", source="web", received_at_ms=arrival_ms, max_event_bytes=32_768)
        taken = take([a.body for a in together], envelope, "sim", 4)
        stream.send([decode(line) for lines in taken.lines.values() for line in lines])
        if slot % 10 == 0:
            stream.tick(arrival_ms)
        lag(stream, random, random.randint(0, 3), crash=0.02)
    settle(stream, config.end_ms)
    expected = truth.result(config.end_ms)
    carts = stream.latest("carts", "episode_id").values()
    triggers = stream.latest("triggers", "trigger_id").values()
    found = {
        "opened": len(carts),
        "abandoned": sum("abandoned_at_ms" in cart for cart in carts),
        "recovered": sum(cart.get("recovered", False) for cart in carts),
        "triggers": sum(trigger["status"] == "fired" for trigger in triggers),
    }
    assert found == {name: expected["carts"][name] for name in found}
    assert {person: row["level"] for (person,), row in stream.latest("funnel_levels", "person_id").items()} == expected["levels"]
    stays = stream.latest("segments", "person_id", "value", "entered_at_ms").values()
    churn = Counter(stay["value"] for stay in stays if "left_at_ms" not in stay)
    assert {tier: churn[tier] for tier in expected["churn"]} == expected["churn"]
    assert len(stream.latest("identities", "id")) == expected["merges"]
    versions_are_unique(stream)


POLICY = Policy(lane="t", partitions=3, funnel_window_ms=10 * DAY)
NAMES = ["page_view", "view_item", "add_to_cart", "add_to_cart", "remove_from_cart", "begin_checkout", "purchase"]
SHOE = Item(product_id="shoe", price=Decimal("19.90"))


def weeks(random: Random) -> list[Collected]:
    """Arrivals of some weeks: up to three days late, devices that sign in as anyone, users that turn out to be one."""
    made: list[Collected] = []
    now_ms = T0
    for number in range(random.randint(5, 50)):  # times differ by a millisecond: an id says when a thing began, but not who
        now_ms += random.choice([0, MINUTE, 20 * MINUTE, 7 * HOUR, 2 * DAY]) + 1
        at_ms = now_ms - random.choice([0, 0, 0, 10 * MINUTE, HOUR, 3 * DAY])
        device, user, other = (random.randint(0, 3) for _ in range(3))
        who: dict[str, Any] = {"device_id": f"dev{device}"}
        name = random.choice(NAMES * 2 + ["identify", "identify", "alias"])
        if name == "identify":
            who["user_id"] = f"user{user}"
        elif name == "alias":
            who = {"user_id": f"user{user}", "previous_id": f"user{other}"}
        elif name != "page_view":
            who |= {
                "cart_id": f"c{device}",
                "items": (SHOE,),
                "currency": "EUR",
            }  # persons' own carts join when the merge comes: no one answer
        made.append(collected(name, at_ms, f"m{number:03}", **who, received_at_ms=now_ms))
    return made


def result(stream: MemoryStream) -> dict[str, Any]:
    keys = {"carts": ["episode_id"], "sessions": ["session_id"], "funnel_levels": ["person_id"], "identities": ["id"]}
    now = {id: row["person_id"] for (id,), row in stream.latest("identities", "id").items()}
    found: dict[str, Any] = {}
    for topic, key in keys.items():
        rows = {
            name: {k: v for k, v in row.items() if k not in ("version", "merged_at_ms")} for name, row in stream.latest(topic, *key).items()
        }
        for row in rows.values():  # forgotten history keeps the id it had: analysts look it up in `identities`
            row["person_id"] = now.get(row["person_id"], row["person_id"])
        found[topic] = rows
    triggers = stream.latest("triggers", "trigger_id").values()
    found["triggers"] = {(t["episode_id"], t["fired_at_ms"]) for t in triggers if t["status"] == "fired"}
    stays = stream.latest("segments", "person_id", "value", "entered_at_ms").values()
    assert [stay for stay in stays if stay.get("left_at_ms", stay["entered_at_ms"]) < stay["entered_at_ms"]] == []
    found["tiers"] = {(stay["person_id"], stay["value"], stay["entered_at_ms"]) for stay in stays if "left_at_ms" not in stay}
    return found


@pytest.mark.parametrize("block", range(5))
def test_any_lag_gives_what_no_lag_gives(block: int) -> None:
    for seed in range(block * 30, block * 30 + 30):
        random = Random(seed)
        made = weeks(random)
        prompt, lagging = MemoryStream(POLICY), MemoryStream(POLICY)
        caught_up_ms = T0
        for event in made:
            if event.received_at_ms - caught_up_ms > MOST_LAG_MS:
                lagging.run()
                caught_up_ms = event.received_at_ms
            for stream in (prompt, lagging):
                stream.send([event])
                stream.tick(event.received_at_ms)
            prompt.run()
            lag(lagging, random, random.randint(0, 4), crash=0.2)
        for stream in (prompt, lagging):
            settle(stream, made[-1].received_at_ms)
            settle(stream, made[-1].received_at_ms + 20 * DAY)
            assert stream.rows["rejected"] == []
            versions_are_unique(stream)
        assert result(lagging) == result(prompt), f"seed {seed}"
