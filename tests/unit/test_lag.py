"""How far a partition is behind, from what it was given, what it applied and where Kafka ends."""

from __future__ import annotations

from faust.types import TP
from prometheus_client import REGISTRY

from streams.lag import Lag, Progress

NOW_S = 1_800_000_000.0


def given(*offsets: int, ago_s: float = 10.0) -> Progress:
    """Each record was written a second after the one before."""
    progress = Progress()
    for number, offset in enumerate(offsets):
        progress.delivered(offset, NOW_S - ago_s + number)
    return progress


def test_nothing_waits_when_all_is_applied_and_read_whatever_markers_stand_at_the_end() -> None:
    progress = given(5)
    progress.applied(5)
    assert progress.lag(end=9, position=9, now_s=NOW_S) == (0, 0.0)


def test_what_was_given_and_is_not_applied_waits() -> None:
    progress = given(5, 6, 7)
    progress.applied(5)
    assert progress.lag(end=8, position=8, now_s=NOW_S) == (2, 9.0)


def test_what_has_not_been_read_waits_too() -> None:
    progress = given(5, 6)
    progress.applied(5)
    assert progress.lag(end=1000, position=7, now_s=NOW_S) == (994, 9.0)
    progress.applied(6)
    assert progress.lag(end=1000, position=7, now_s=NOW_S) == (993, 9.0)  # since the last one that is known of


def test_before_anything_was_applied_the_position_tells() -> None:
    assert Progress().lag(end=100, position=40, now_s=NOW_S) == (60, 0.0)
    assert given(40, 41).lag(end=100, position=42, now_s=NOW_S) == (60, 10.0)


def test_what_is_delivered_again_waits_once() -> None:
    progress = given(5, 6, 7)
    progress.delivered(5, NOW_S - 4)
    progress.applied(5)
    assert progress.lag(end=6, position=6, now_s=NOW_S) == (0, 0.0)


class Consumer:
    """Two partitions, the second behind by 30 records."""

    is_away = False

    async def highwaters(self, *tps: TP) -> dict[TP, int]:
        if self.is_away:
            raise OSError("away")
        return dict.fromkeys(tps, 100)

    async def position(self, tp: TP) -> int:
        return 100 - 30 * tp.partition


def gauge(partition: int) -> float | None:
    return REGISTRY.get_sample_value("cartwake_stream_lag_records", {"agent": "identify", "partition": str(partition)})


async def test_gauges_are_those_of_the_partitions_that_the_worker_has() -> None:
    lag, consumer = Lag({"events": "identify"}), Consumer()
    mine = [TP("events", 0), TP("events", 1), TP("other", 0)]
    await lag.measure(consumer, mine)
    assert (gauge(0), gauge(1)) == (0, 30)
    consumer.is_away = True
    await lag.measure(consumer, mine)
    assert (gauge(0), gauge(1)) == (0, 30)
    consumer.is_away = False
    await lag.measure(consumer, mine[:1])
    assert (gauge(0), gauge(1)) == (0, None)
    await lag.measure(consumer, [])
    assert (gauge(0), gauge(1)) == (None, None)


def test_what_waited_in_a_partition_that_went_is_forgotten() -> None:
    lag = Lag({"events": "identify"})
    lag.of("events", 0).delivered(5, NOW_S)
    lag.forget({TP("events", 0), TP("events", 3)})
    assert lag.of("events", 0).lag(end=7, position=7, now_s=NOW_S) == (0, 0.0)
