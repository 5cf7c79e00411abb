"""Records of Kafka travel through Faust many as one, and are acknowledged once the last of them is applied."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from aiokafka.structs import ConsumerRecord
from hypothesis import given
from hypothesis import strategies as st

from streams.app import deliveries
from streams.lag import Progress
from streams.transport import BUNDLE_BYTES, bundled

MIB = 1 << 20


def record(offset: int, value: bytes | None, **fields: Any) -> ConsumerRecord[bytes, bytes]:
    about = {"topic": "t", "partition": 3, "timestamp": 1_000 * offset, "timestamp_type": 0, "checksum": None, "headers": ()}
    sizes = {"serialized_key_size": 0, "serialized_value_size": len(value or b"")}
    return ConsumerRecord(offset=offset, key=None, value=value, **{**about, **sizes, **fields})


class Event:
    """As Faust hands a bundle over."""

    def __init__(self, bundle: Any) -> None:
        self.message = SimpleNamespace(value=bundle.value)
        self.acknowledged = 0

    def ack(self) -> None:
        self.acknowledged += 1


@given(st.lists(st.sampled_from([0, 1, MIB // 3, MIB // 2, MIB, 3 * MIB]), min_size=1, max_size=12))
def test_bundles_hold_all_records_in_order_and_no_more_than_they_may(sizes: list[int]) -> None:
    records = [record(2 * at, bytes(size)) for at, size in enumerate(sizes)]
    bundles = list(bundled(records))
    assert [each for bundle in bundles for each in bundle.value] == records
    for bundle, following in zip(bundles, [*bundles[1:], None], strict=True):
        size = sum(len(each.value) for each in bundle.value)
        assert len(bundle.value) == 1 or size <= BUNDLE_BYTES
        assert following is None or size + len(following.value[0].value) > BUNDLE_BYTES, "as few bundles as there may be"
        assert (bundle.offset, bundle.topic, bundle.partition) == (bundle.value[-1].offset, "t", 3)


def test_a_bundle_is_acknowledged_with_its_last_record() -> None:
    (bundle,) = bundled([record(7, b"a", headers=(("kind", b"event"),)), record(9, None), record(10, b"c")])
    event = Event(bundle)
    found = list(deliveries(event, Progress()))
    assert [(each.offset, each.value, each.headers) for each in found] == [(7, b"a", (("kind", b"event"),)), (9, b"", ()), (10, b"c", ())]
    told = []
    for each in found:
        each.ack()
        told.append(event.acknowledged)
    assert told == [0, 0, 1]


def test_a_record_counts_as_delivered_when_it_is_its_turn() -> None:
    (bundle,) = bundled([record(7, b"a"), record(8, b"b")])
    progress = Progress()
    turns = deliveries(Event(bundle), progress)
    next(turns)
    assert progress.lag(end=9, position=9, now_s=10.0) == (1, 3.0), "the record of second 7 is 3 s old; the other one is still Faust's"
    next(turns).ack()
