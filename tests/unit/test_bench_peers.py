"""What the peers compute, without their engines: on a plain feed the shop's plain rules come to what cartwake comes to."""

from __future__ import annotations

from collections import deque
from pathlib import Path
from typing import Any

import orjson
import pytest

from bench.feed import Feed, FeedSpec, feed
from bench.outputs import differences
from bench.peers import common, shop_logic
from bench.peers.environment import requirements
from bench.peers.finish import Finish
from bench.streams import in_memory


def through_the_rules(made: Feed) -> list[dict[str, Any]]:
    """All events through a device's and a person's rules, as an engine with two keyed steps does it; messages between persons wait."""
    devices: dict[str, Any] = {}
    persons: dict[str, Any] = {}
    messages: deque[tuple[str, str, dict[str, Any]]] = deque()
    rows = shop_logic.Rows()
    for _, line in made.events():
        event = orjson.loads(line)
        device = devices.setdefault(event["device_id"], shop_logic.new_device())
        if not shop_logic.is_new(device, event):
            continue
        shop_logic.clean(event)
        joined = shop_logic.resolve(device, event)
        shop_logic.session(device, event, rows.emit)
        if joined:
            messages.append((joined, "give_up", {"to": event["person_id"], "at": event["at_ms"]}))
        messages.append((event["person_id"], "event", event))
    while messages:
        key, kind, body = messages.popleft()
        person = persons.setdefault(key, shop_logic.new_person())
        reply = shop_logic.person_step(key, person, kind, body, rows.emit)
        if reply is not None:
            messages.append(reply)
    for key, person in persons.items():
        assert person["waiting"] == [], f"{key} waits for a history that never came"
        shop_logic.person_step(key, person, "time", {"now": made.spec.final_ms}, rows.emit)
    return rows


@pytest.mark.parametrize("seed", [1, 2])
def test_the_plain_rules_and_cartwake_agree_on_a_plain_feed(seed: int, tmp_path: Path) -> None:
    made = feed(FeedSpec(events=2_000, plain=True, seed=seed), tmp_path)
    ours, theirs = common.of_cartwake(in_memory(made)), common.of_peer(through_the_rules(made))
    assert differences(ours, theirs) == (0, [])
    assert min(len(ours[table]) for table in ours) > 20, "too little happened to compare"
    assert {row["status"] for row in ours["carts"].values()} > {"open", "ordered"}


def test_a_difference_is_found(tmp_path: Path) -> None:
    made = feed(FeedSpec(events=500, plain=True), tmp_path)
    rows = through_the_rules(made)
    last = next(row for row in reversed(rows) if row["table"] == "carts")
    number, words = differences(common.of_peer(rows), common.of_peer([*rows, {**last, "value": last["value"] + 1}]))
    assert number == 1 and "value" in words[0]


def test_a_peer_is_done_when_everyone_has_heard_the_final_time() -> None:
    finish = Finish(events=3, final_ms=9, folder="")
    assert finish.applied("d:a", "event", 0) == []
    assert finish.applied("u:b", "event", -1) == [], "it waits for the history of d:a"
    assert finish.applied("d:a", "give_up", 0) == []
    assert finish.applied("u:b", "event", -1) == []
    assert finish.applied("u:b", "take_over", 2) == ["d:a", "u:b"]
    assert not finish.is_done
    assert finish.applied("d:a", "time", 0) == [] and not finish.is_done
    assert finish.applied("u:b", "time", 0) == [] and finish.is_done


def test_the_peers_packages_are_an_extra_with_a_range() -> None:
    assert [name for name in requirements() if name.startswith("quixstreams>=3.28,<")] != []
