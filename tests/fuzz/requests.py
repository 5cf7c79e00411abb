"""Malformed requests from a seeded generator: damaged events among good ones, and damaged bytes, headers, addresses."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable
from random import Random
from typing import Any
from urllib.parse import urlencode

from tests.asgi_lab import SECRET
from tests.fuzz.asked import Asked
from tests.fuzz.seeds import SEEDS, Seed
from tests.fuzz.unreadable import unreadable
from tests.fuzz.values import damaged, odd

KEY = (b"x-write-key", b"wk")
METHODS = ("GET", "POST", "PUT", "HEAD", "OPTIONS", "DELETE", "PATCH", "TRACE", "get", "")
PATHS = (
    "/",
    "",
    "//",
    "/v1",
    "/v1/batch/..",
    "/v1/%62atch",
    "/v1/batch\x00",
    "/I",
    "/i/",
    "/healthz",
    "/metrics",
    "/readyz",
    "/v1/clock",
    "/*",
)
NAMES = (
    "authorization content-encoding content-length content-type origin x-write-key x-cartwake-lane x-cartwake-clock user-agent "
    "x-forwarded-for access-control-request-headers ce-id ce-source ce-type ce-specversion ce-time ce-anonymousid cookie host"
).split()
VALUES = (
    b"", b"gzip", b"br", b"deflate", b"Basic !!", b"Basic d2s6", b"Basic /w==", b"Bearer", b"Bearer wk", b"Bearer  ", b"null", b"\xff\xfe",
    b"live", b"nowhere", b"-1", b"1700000000000", b"999999999999999999999", b"a" * 5000, b"Mozilla/5.0 (compatible; Googlebot/2.1)",
    b"1.2.3.4, 5.6.7.8", b"[::1]:80", b"%00%ff", b"wk:secret", SECRET.encode(), b"Bearer " + SECRET.encode(), b"\x80" * 30,
)  # fmt: skip


def request(rng: Random, dialect: str, number: int) -> Asked:
    """Half of them are batches with good events in them, which have to be taken."""
    seed = SEEDS[dialect]
    return mixed(rng, seed, number) if rng.random() < 0.5 else broken(rng, seed, number)


def mixed(rng: Random, seed: Seed, number: int) -> Asked:
    """Damaged events and good ones, in a body that is sound but for those that no parser reads."""
    events: list[Any] = []
    marks, unread = set(), {}
    for place in range(rng.randrange(1, 6)):
        mark = f"m{number}-{place}"
        event = rng.choice(seed.events(mark))
        bad = {**event, **dict.fromkeys(("messageId", "uuid", "eid", "id") & event.keys(), "bad")}
        match rng.randrange(20):
            case 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7:
                marks.add(mark)
                events.append(event)
            case 8 | 9 | 10 | 11:
                unread[f'"{mark}-unread"'.encode()] = unreadable(rng, bad)
                events.append(f"{mark}-unread")
            case _:
                events.append(damaged(rng, bad))
    body = text_of(rng, seed.wrap(events))
    for stand_in, text in unread.items():
        body = body.replace(stand_in, text)
    if rng.random() < 0.3:
        body = gzip.compress(body, 1, mtime=0)
    return Asked("POST", seed.batch, seed.query.encode(), [KEY], body, frozenset(marks), parts=rng.choice((1, 1, 1, 2, 7)))


def broken(rng: Random, seed: Seed, number: int) -> Asked:
    """A request with damage of one to three kinds, anywhere."""
    found = whole(rng, seed, number)
    for _ in range(rng.randrange(1, 4)):
        rng.choice(DAMAGES)(rng, found)
    return found


def whole(rng: Random, seed: Seed, number: int) -> Asked:
    """A good request, by any of the dialect's addresses."""
    events = seed.events(f"m{number}")
    where = rng.randrange(3)
    if where == 0 and seed.pixel:
        return Asked("GET", seed.pixel, urlencode(rng.choice(events)).encode(), [KEY])
    if where == 1 and seed.calls:
        return Asked("POST", rng.choice(seed.calls), seed.query.encode(), [KEY], text_of(rng, rng.choice(events)))
    return Asked("POST", seed.batch, seed.query.encode(), [KEY], text_of(rng, seed.wrap(events)))


def text_of(rng: Random, value: Any) -> bytes:
    """JSON in plain ASCII or UTF-8, dense or not. What has no UTF-8 is escaped."""
    ascii_only = rng.random() < 0.5
    text = json.dumps(value, ensure_ascii=ascii_only, indent=rng.choice((None, None, 1)))
    try:
        return text.encode()
    except UnicodeEncodeError:
        return json.dumps(value).encode()


def _bytes(rng: Random, asked: Asked) -> None:
    body = bytearray(asked.body)
    for _ in range(rng.randrange(1, 6)):
        at = rng.randrange(len(body) + 1)
        match rng.randrange(5):
            case 0:
                body[at : at + 1] = bytes([rng.randrange(256)])
            case 1:
                del body[at : at + rng.randrange(1, 20)]
            case 2:
                body[at:at] = rng.randbytes(rng.randrange(1, 9))
            case 3:
                body[at:at] = body[at : at + rng.randrange(1, 60)]
            case 4:
                body[at:at] = rng.choice((b"{", b"[", b'"', b"\\u", b"\\", b",", b"}", b"]", b"\x00", b"\xff", b"NaN", b"-", b"1e999"))
    asked.body = bytes(body)


def _cut(rng: Random, asked: Asked) -> None:
    asked.body = asked.body[: rng.randrange(len(asked.body) + 1)]


def _value(rng: Random, asked: Asked) -> None:
    try:
        asked.body = text_of(rng, damaged(rng, json.loads(asked.body)))
    except (ValueError, RecursionError):
        asked.body = text_of(rng, odd(rng))


def _depth(rng: Random, asked: Asked) -> None:
    asked.body = rng.choice((b"[", b'{"a":', b'{"batch":[', b'{"data":[')) * rng.choice((30, 900, 1100, 50_000))


def _encoding(rng: Random, asked: Asked) -> None:
    text = asked.body.decode("utf-8", "replace")
    coding = rng.choice(("utf-16", "utf-16-le", "utf-32", "utf-7", "utf-8-sig", "latin-1"))
    asked.body = text.encode(coding, "replace")


def _packing(rng: Random, asked: Asked) -> None:
    packed = gzip.compress(asked.body, 1, mtime=0)
    asked.body = rng.choice(
        (
            packed[: rng.randrange(len(packed))],
            packed + rng.randbytes(9),
            packed * 3,
            gzip.compress(packed, mtime=0),
            zlib.compress(asked.body),
            packed[:12] + rng.randbytes(20) + packed[32:],
            gzip.compress(b"", mtime=0) * rng.choice((3, 100)) + packed,
            b"\x1f\x8b" + rng.randbytes(rng.randrange(40)),
        )
    )


def _headers(rng: Random, asked: Asked) -> None:
    for _ in range(rng.randrange(1, 5)):
        asked.headers.append((rng.choice(NAMES).encode(), rng.choice(VALUES)))


def _no_key(rng: Random, asked: Asked) -> None:
    asked.headers = [each for each in asked.headers if each != KEY]


def _address(rng: Random, asked: Asked) -> None:
    seed = rng.choice(list(SEEDS.values()))
    asked.path = rng.choice((*PATHS, seed.batch, seed.pixel or "/i", *seed.calls))
    if rng.random() < 0.3:
        asked.method = rng.choice(METHODS)


def _query(rng: Random, asked: Asked) -> None:
    asked.query = rng.choice(
        (b"%", b"&&==", b"a" * 3000, b"&".join([b"a=1"] * 900), b"e=%ff%00", b"_=99999999999999", asked.query + b"&aid=wk&e=pv")
    )


def _form(rng: Random, asked: Asked) -> None:
    asked.body = b"data=" + rng.choice((asked.body, b"%%%", b"eyJ9", urlencode({"d": asked.body}).encode()[2:]))


def _delivery(rng: Random, asked: Asked) -> None:
    asked.parts = rng.randrange(1, 30)
    asked.leaves = rng.random() < 0.3


DAMAGES: tuple[Callable[[Random, Asked], None], ...] = (
    _bytes, _bytes, _cut, _value, _value, _depth, _encoding, _packing, _headers, _headers, _no_key, _address, _query, _form, _delivery,
)  # fmt: skip
