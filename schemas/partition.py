"""Which partition a key belongs to: in `events` Kafka's own choice (murmur2), so that any keyed Kafka client agrees; in what the stream
writes a hash that C code computes."""

from functools import lru_cache
from struct import unpack_from

from clickhouse_cityhash.cityhash import CityHash64

_MIX = 0x5BD1E995
_SEED = 0x9747B28C
_32_BITS = 0xFFFFFFFF


@lru_cache(maxsize=131_072)  # 240 bytes an entry
def partition_of(key: str, partitions: int) -> int:
    """The partition of a key, 0 .. partitions - 1, as Kafka's Java client and kafka-python choose it."""
    return (murmur2(key.encode()) & 0x7FFFFFFF) % partitions


def stream_partition(key: str, partitions: int) -> int:
    """The partition of what the stream writes of a key (of `journeys`: the person id): ClickHouse's cityHash64(key) % partitions.

    No cache in front of it: with a hundred thousand persons that misses the processor's own, and is slower than this.
    """
    return int(CityHash64(key.encode()) % partitions)


def murmur2(data: bytes) -> int:
    """Kafka's hash of a key, 32 bits. Word by word: half the time of aiokafka's, which goes byte by byte."""
    size = len(data)
    found = _SEED ^ size
    for word in unpack_from(f"<{size >> 2}I", data):
        word = word * _MIX & _32_BITS
        found = (found * _MIX ^ (word ^ word >> 24) * _MIX) & _32_BITS
    if size & 3:
        found = (found ^ int.from_bytes(data[size & ~3 :], "little")) * _MIX & _32_BITS
    found = (found ^ found >> 13) * _MIX & _32_BITS
    return found ^ found >> 15
