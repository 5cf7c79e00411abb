"""How uneven partitions are: persons whose activity follows Zipf's law, spread by the hash that the stream uses."""

from __future__ import annotations

from random import Random
from typing import NamedTuple

from schemas.partition import stream_partition

PARTITIONS = (8, 64, 512)
_HASHES = 1 << 64


class Skew(NamedTuple):
    """`busiest`: the most loaded partition's events over the mean; `fullest`: the same for persons."""

    partitions: int
    exponent: float
    busiest: float
    fullest: float
    hottest_share: float  # of all events, by the one person who is most active


def skews(persons: int, exponents: tuple[float, ...], seed: int) -> list[Skew]:
    """Persons have random ids; the i-th most active has weight 1 / i**exponent."""
    random = Random(seed)
    hashes = [stream_partition(f"d:{random.getrandbits(128):032x}", _HASHES) for _ in range(persons)]
    found = []
    for exponent in exponents:
        weights = [rank**-exponent for rank in range(1, persons + 1)]
        total = sum(weights)
        for partitions in PARTITIONS:
            load, count = [0.0] * partitions, [0] * partitions
            for hashed, weight in zip(hashes, weights, strict=True):
                load[hashed % partitions] += weight
                count[hashed % partitions] += 1
            busiest, fullest = max(load) / total * partitions, max(count) / persons * partitions
            found.append(Skew(partitions, exponent, round(busiest, 3), round(fullest, 3), round(weights[0] / total, 6)))
    return found
