"""Two independent computations of the same shop: the simulator's batch truth and the stream, through the collector's own intake."""

from collections import Counter
from itertools import groupby
from typing import Any

import msgspec
import pytest

from collector.intake import take
from collector.steps import Envelope
from schemas.collected import Collected
from simulator.config import SimConfig
from simulator.timeline import arrivals
from simulator.truth import Rules, Truth
from streams.logic.policy import Policy
from streams.memory import MemoryStream

TICK_EVERY = 6  # slots of arrival


def simulate(config: SimConfig) -> tuple[dict[str, Any], MemoryStream]:
    truth, stream = Truth(Rules()), MemoryStream(Policy(lane="sim"))
    decode = msgspec.json.Decoder(Collected).decode
    for slot, (arrival_ms, group) in enumerate(groupby(arrivals(config), key=lambda a: a.arrival_ms)):
        together = list(group)
        for arrival in together:
            truth.add(arrival)
        envelope = Envelope(write_key="k", source="web", received_at_ms=arrival_ms, max_event_bytes=32_768)
        taken = take([a.body for a in together], envelope, "sim", 4)
        stream.send([decode(line) for lines in taken.lines.values() for line in lines])
        if slot % TICK_EVERY == 0:
            stream.tick(arrival_ms)
            stream.run()
    for extra_ms in range(4):
        stream.tick(config.end_ms + extra_ms)
        stream.run()
    return truth.result(config.end_ms), stream


@pytest.mark.parametrize("seed", [1, 2])
def test_the_stream_equals_the_ground_truth(seed: int) -> None:
    truth, stream = simulate(SimConfig(seed=seed, shoppers=120))
    assert not [row for row in stream.rows["rejected"] if row["code"] == "internal_error"]
    events = stream.rows["journeys"]
    assert len(events) == truth["stored"]
    assert len(stream.rows["rejected"]) == truth["duplicates"]
    assert sum(row.get("late", False) for row in events) == truth["late"]
    assert len(stream.latest("identities", "id")) == truth["merges"]
    levels = stream.latest("funnel_levels", "person_id")
    assert {person: row["level"] for (person,), row in levels.items()} == truth["levels"]
    channels: dict[str, Counter[str]] = {}
    for row in levels.values():
        channels.setdefault(row.get("channel", ""), Counter())[str(row["level"])] += 1
    assert channels == truth["persons_by_channel_and_level"]
    carts = list(stream.latest("carts", "episode_id").values())
    states = Counter(cart["status"] for cart in carts)
    triggers = stream.latest("triggers", "trigger_id").values()
    found = {
        "opened": len(carts),
        "abandoned": sum("abandoned_at_ms" in cart for cart in carts),
        "recovered": sum(cart.get("recovered", False) for cart in carts),
        **{status: states[status] for status in ("ordered", "emptied", "expired", "open")},
        "triggers": sum(trigger["status"] == "fired" for trigger in triggers),
    }
    assert found == {name: truth["carts"][name] for name in found}
    stays = stream.latest("segments", "person_id", "value", "entered_at_ms").values()
    churn = Counter(stay["value"] for stay in stays if "left_at_ms" not in stay)
    assert {tier: churn[tier] for tier in truth["churn"]} == truth["churn"]
