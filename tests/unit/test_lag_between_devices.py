"""FAILS on 048c574: a person's own later event lets a cart fall idle before the lane's clock has come to that time."""

import msgspec

from schemas.partition import partition_of
from streams.memory import MemoryStream
from tests.unit.stream_lab import DAY, HOUR, MINUTE, POLICY, SHOE, T0, collected

TWO = msgspec.structs.replace(POLICY, partitions=4)


def signed_in() -> tuple[MemoryStream, str, str]:
    """ann on two devices of different `events` partitions."""
    a = "A0"
    b = next(f"B{n}" for n in range(99) if partition_of(f"B{n}", 4) != partition_of(a, 4))
    stream = MemoryStream(TWO)
    stream.send([collected("identify", T0 - HOUR, f"i{d}", device_id=d, user_id="ann") for d in (a, b)])
    stream.tick(T0 - 1)
    stream.run()
    return stream, a, b


def test_an_order_on_a_slower_device_s_partition_comes_before_time() -> None:
    stream, a, b = signed_in()
    stream.send([collected("add_to_cart", T0, device_id=a, cart_id="c", items=(SHOE,))])
    stream.send([collected("purchase", T0 + 20 * MINUTE, device_id=b, cart_id="c", order_id="o")])
    stream.send([collected("add_to_cart", T0 + 40 * MINUTE, device_id=a, cart_id="z", items=(SHOE,))])
    stream.tick(T0 + 41 * MINUTE)
    slow = partition_of(b, 4)
    for _ in range(9):
        for agent in ("identify", "journey"):
            for partition in range(4):
                if (agent, partition) != ("identify", slow):
                    stream.step(agent, partition, 100)
    stream.run()
    assert stream.rows["triggers"] == [], stream.rows["triggers"]


def test_a_cart_that_a_slower_partition_tells_of_is_not_too_late_while_the_clock_has_not_come_to_it() -> None:
    stream, a, b = signed_in()
    stream.send([collected("add_to_cart", T0, device_id=b, cart_id="c", items=(SHOE,))])
    stream.send([collected("add_to_cart", T0 + 40 * MINUTE, device_id=a, cart_id="z", items=(SHOE,))])
    slow = partition_of(b, 4)
    for _ in range(9):
        for agent in ("identify", "journey"):
            for partition in range(4):
                if (agent, partition) != ("identify", slow):
                    stream.step(agent, partition, 100)
    stream.run()
    stream.tick(T0 + 41 * MINUTE)
    stream.run()
    assert [row["decision"] for row in stream.rows["triggers"]] == ["send"], stream.rows["triggers"]


def test_a_sign_in_whose_state_is_under_way_fires_nothing_wrong() -> None:
    """Cart of d:dev at T0; sign-in at 25 min; u:ann's events at 26 and 60 min come before the state of d:dev (its partition lags)."""
    device = next(f"D{n}" for n in range(99) if partition_of(f"d:D{n}", 4) != partition_of("u:ann", 4))
    stream = MemoryStream(TWO)
    stream.send([collected("add_to_cart", T0, device_id=device, items=(SHOE,))])
    stream.tick(T0 + MINUTE)
    stream.run()
    stream.send([collected("identify", T0 + 25 * MINUTE, device_id=device, user_id="ann")])
    stream.send([collected("add_to_cart", T0 + 26 * MINUTE, device_id=device, items=(SHOE,))])
    stream.send([collected("add_to_cart", T0 + 60 * MINUTE, device_id=device, cart_id="z", items=(SHOE,))])
    stream.step("identify", partition_of(device, 4), 100)
    stream.step("journey", partition_of("u:ann", 4), 100)
    stream.run()
    stream.tick(T0 + DAY)
    for n in range(3):
        stream.run()
        stream.tick(T0 + DAY + n)
    stream.run()
    assert [(row["status"], row["decision"], row["version"]) for row in stream.rows["triggers"]] == [("fired", "send", 1)] * 2, stream.rows[
        "triggers"
    ]
