"""A person's own later event is no clock: what another device of the person did before may still be on its way."""

from __future__ import annotations

import msgspec

from schemas.collected import Collected
from schemas.partition import partition_of, stream_partition
from streams.memory import MemoryStream
from tests.unit.stream_lab import DAY, HOUR, MINUTE, POLICY, SHOE, T0, collected

PARTITIONS = 4
FAST = "fast"  # ann's two devices, of different partitions of `events`
SLOW = next(name for number in range(99) if partition_of(name := f"slow{number}", PARTITIONS) != partition_of(FAST, PARTITIONS))


def lane() -> MemoryStream:
    return MemoryStream(msgspec.structs.replace(POLICY, partitions=PARTITIONS))


def lane_of_ann() -> MemoryStream:
    stream = lane()
    stream.send([collected("identify", T0 - HOUR, f"of {device}", device_id=device, user_id="ann") for device in (FAST, SLOW)])
    stream.tick(T0 - 1)
    stream.run()
    return stream


def adds(at_ms: int, device_id: str, cart_id: str = "c") -> Collected:
    return collected("add_to_cart", at_ms, device_id=device_id, cart_id=cart_id, items=(SHOE,))


def run_all_but_the_slow_device(stream: MemoryStream) -> None:
    """Until its own partition of `events` is all that has work left."""
    lagging = ("identify", partition_of(SLOW, PARTITIONS))
    for _ in range(9):
        for agent in ("identify", "journey"):
            for partition in range(PARTITIONS):
                if (agent, partition) != lagging:
                    stream.step(agent, partition, 100)


def test_an_order_of_a_slower_device_comes_before_time() -> None:
    stream = lane_of_ann()
    stream.send([adds(T0, FAST)])
    stream.send([collected("purchase", T0 + 20 * MINUTE, device_id=SLOW, cart_id="c", order_id="o")])
    stream.send([adds(T0 + 40 * MINUTE, FAST, "z")])
    stream.tick(T0 + 41 * MINUTE)
    run_all_but_the_slow_device(stream)
    stream.run()
    assert stream.rows["triggers"] == []


def test_a_cart_that_a_slower_device_tells_of_is_not_too_late_while_the_clock_has_not_come_to_it() -> None:
    stream = lane_of_ann()
    stream.send([adds(T0, SLOW)])
    stream.send([adds(T0 + 40 * MINUTE, FAST, "z")])
    run_all_but_the_slow_device(stream)
    stream.run()
    stream.tick(T0 + 41 * MINUTE)
    stream.run()
    assert [row["decision"] for row in stream.rows["triggers"]] == ["send"]


def test_a_sign_in_whose_state_is_under_way_fires_nothing_wrong() -> None:
    """The user's events at 26 and 60 min are there before the state of the device, whose cart they go on with."""
    ann = stream_partition("u:ann", PARTITIONS)
    device = next(name for number in range(99) if stream_partition(f"d:{(name := f'dev{number}')}", PARTITIONS) != ann)
    stream = lane()
    stream.send([adds(T0, device, "")])
    stream.tick(T0 + MINUTE)
    stream.run()
    stream.send([collected("identify", T0 + 25 * MINUTE, device_id=device, user_id="ann")])
    stream.send([adds(T0 + 26 * MINUTE, device, ""), adds(T0 + 60 * MINUTE, device, "z")])
    stream.step("identify", partition_of(device, PARTITIONS), 100)
    stream.step("journey", ann, 100)
    stream.run()
    for extra_ms in range(4):
        stream.tick(T0 + DAY + extra_ms)
        stream.run()
    assert [(row["status"], row["decision"], row["version"]) for row in stream.rows["triggers"]] == [("fired", "send", 1)] * 2
