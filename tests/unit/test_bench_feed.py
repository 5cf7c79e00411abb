"""The feed of a benchmark: the same spec, the same bytes; records as a collector fills them."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import msgspec

from bench.feed import FeedSpec, feed, make
from schemas.collected import Collected, partition_key
from schemas.journeys import Kind, Tick
from schemas.partition import partition_of

SPEC = FeedSpec(events=3_000, partitions=4)
_decode = msgspec.json.Decoder(Collected).decode


def test_the_same_spec_makes_the_same_bytes_and_another_seed_others() -> None:
    assert list(make(SPEC)) == list(make(SPEC))
    assert list(make(SPEC)) != list(make(FeedSpec(events=3_000, partitions=4, seed=2)))


def test_it_has_as_many_events_as_asked_for_each_in_its_partition() -> None:
    events = [(record.partition, _decode(line)) for record in make(SPEC) if record.kind is Kind.EVENT for line in record.value.split(b"\n")]
    assert len(events) == 3_000
    assert {partition_of(partition_key(event), 4) == partition for partition, event in events} == {True}
    assert len({partition for partition, _ in events}) == 4


def test_a_record_is_as_full_as_it_may_be() -> None:
    spec = FeedSpec(events=3_000, partitions=2, max_record_bytes=8_000)
    before: dict[int, int] = defaultdict(int)
    for record in make(spec):
        assert record.kind is Kind.TICK or len(record.value) <= 8_000
        first_bytes = len(record.value.split(b"\n", 1)[0])
        if record.kind is Kind.EVENT and before[record.partition]:
            assert before[record.partition] + 1 + first_bytes > 8_000 - 1, "the first line would have fitted into the record before"
        before[record.partition] = len(record.value) if record.kind is Kind.EVENT else 0


def test_ticks_tell_the_truth_and_the_last_one_ends_the_simulation() -> None:
    told: dict[int, list[int]] = defaultdict(list)
    for record in make(SPEC):
        if record.kind is Kind.TICK:
            told[record.partition].append(msgspec.json.decode(record.value, type=Tick).now_ms)
            continue
        received = [_decode(line).received_at_ms for line in record.value.split(b"\n")]
        assert received == sorted(received)
        assert min(received) >= max(told[record.partition], default=0), "an event stands behind a tick that says it was before it"
    assert set(map(tuple, told.values())) == {tuple(sorted(told[0]))}
    assert {times[-1] for times in told.values()} == {SPEC.final_ms}
    assert len(told[0]) > 5


def test_a_plain_feed_has_one_device_a_user_and_nothing_late() -> None:
    devices: dict[str, set[str]] = defaultdict(set)
    for record in make(FeedSpec(events=3_000, partitions=4, plain=True)):
        if record.kind is Kind.EVENT:
            for event in map(_decode, record.value.split(b"\n")):
                if event.user_id and event.device_id:
                    devices[event.user_id].add(event.device_id)
    assert len(devices) > 20
    assert {len(found) for found in devices.values()} == {1}


def test_a_made_feed_is_kept_and_read_back_unchanged(tmp_path: Path) -> None:
    said: list[str] = []
    spec = FeedSpec(events=2_000, partitions=2)
    first = feed(spec, tmp_path, said.append)
    assert said != []
    said.clear()
    again = feed(spec, tmp_path, said.append)
    assert said == [] and again.file == first.file
    assert list(again.records()) == list(make(spec))
    assert [file.suffix for file in tmp_path.iterdir()] == [".feed"], "what is unfinished goes"
    assert sum(1 for _ in again.events()) == 2_000


def test_another_spec_has_another_digest() -> None:
    assert len({FeedSpec().digest, FeedSpec(seed=2).digest, FeedSpec(plain=True).digest, FeedSpec(events=1).digest}) == 4


def test_under_load_a_tick_comes_once_in_so_many_events() -> None:
    def count(spec: FeedSpec) -> int:
        return sum(record.kind is Kind.TICK and record.partition == 0 for record in make(spec))

    few, many = FeedSpec(events=3_000, partitions=2), FeedSpec(events=3_000, partitions=2, tick_every_events=100)
    assert 3_000 / 400 < count(many) < 3_000 / 100 + 10
    assert count(few) < count(many) / 2
