"""Which partition a key belongs to: Kafka's own default (murmur2), so that any keyed Kafka client agrees."""

from functools import lru_cache

from aiokafka.partitioner import murmur2


@lru_cache(maxsize=65_536)
def partition_of(key: str, partitions: int) -> int:
    """The partition of a key, 0 .. partitions - 1, as Kafka's Java client and kafka-python choose it."""
    return int(murmur2(key.encode()) & 0x7FFFFFFF) % partitions
