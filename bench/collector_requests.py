"""The requests of the collector's benchmark, as bytes for a socket: simulated shoppers' events, in batches and one by one."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import msgspec

from simulator.config import SimConfig
from simulator.timeline import arrivals

WRITE_KEY = "demo-web"
BATCH_EVENTS = 20
_SHOPPERS = 600
# As browsers send them; the load has as many as there are here, as a shop has many visitors with few kinds of browsers.
_AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1 (KHTML, like Gecko) Version/18.1 Mobile/15E1 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
)
_LENGTH = struct.Struct("<I")


class _Type(msgspec.Struct):
    type: str


_type_of = msgspec.json.Decoder(_Type).decode


def events(count: int) -> list[bytes]:
    """So many events that the collector will take, the same each time."""
    found = (each.body for each in arrivals(SimConfig(seed=1, shoppers=_SHOPPERS, days=4)) if not each.rejected)
    made = list(islice(found, count))
    if len(made) < count:
        raise ValueError(f"the simulator makes {len(made)} events, not {count}: raise _SHOPPERS")
    return made


def batches(bodies: list[bytes]) -> list[bytes]:
    """Requests of `BATCH_EVENTS` events each."""
    groups = (bodies[start : start + BATCH_EVENTS] for start in range(0, len(bodies) - BATCH_EVENTS + 1, BATCH_EVENTS))
    return [_request("/v1/batch", b'{"batch":[' + b",".join(group) + b"]}", number) for number, group in enumerate(groups)]


def singles(bodies: list[bytes]) -> list[bytes]:
    """Requests of one event each, at the address of its type."""
    return [_request(f"/v1/{_type_of(body).type}", body, number) for number, body in enumerate(bodies)]


def _request(path: str, body: bytes, number: int) -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: events.shop.example\r\nContent-Type: application/json\r\nX-Write-Key: {WRITE_KEY}\r\n"
        f"User-Agent: {_AGENTS[number % len(_AGENTS)]}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def write(path: Path, pieces: Iterable[bytes]) -> None:
    """Each with its length in front, for another process."""
    with path.open("wb") as file:
        for piece in pieces:
            file.write(_LENGTH.pack(len(piece)) + piece)


def read(path: Path) -> Iterator[bytes]:
    data, at = path.read_bytes(), 0
    while at < len(data):
        [size] = _LENGTH.unpack_from(data, at)
        yield data[at + 4 : at + 4 + size]
        at += 4 + size
