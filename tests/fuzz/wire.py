"""Malformed requests as bytes on a socket, and damage that only there can be: request lines, lengths, chunks."""

from __future__ import annotations

import asyncio
from random import Random

from tests.fuzz.asked import Asked

_READ_S = 10.0
_TOKEN = frozenset(b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")


def wired(asked: Asked) -> bytes:
    """One request and no more: the connection is closed after it. What would break the line itself is left out."""
    target = b"".join(b"%%%02x" % each if each <= 32 or each > 126 else bytes([each]) for each in asked.path.encode() or b"/")
    line = (asked.method or "POST").encode() + b" " + target + (b"?" + asked.query if asked.query else b"") + b" HTTP/1.1"
    given = {b"content-length", b"host", b"transfer-encoding", b"connection"}
    headers = [(name, value) for name, value in asked.headers if name not in given and set(name) <= _TOKEN]
    headers += [(b"host", b"x"), (b"connection", b"close"), (b"content-length", b"%d" % len(asked.body))]
    return line + b"\r\n" + b"".join(name + b": " + value + b"\r\n" for name, value in headers) + b"\r\n" + asked.body


def spoiled(rng: Random, request: bytes) -> bytes:
    """The same with the protocol itself damaged."""
    head, _, body = request.partition(b"\r\n\r\n")
    match rng.randrange(7):
        case 0:
            return rng.randbytes(rng.randrange(1, 200))
        case 1:
            return request.replace(b" HTTP/1.1", rng.choice((b" HTTP/9.9", b"", b" HTTP/1.1 HTTP/1.1", b"\x00")), 1)
        case 2:
            return request.replace(b"content-length: ", rng.choice((b"content-length: -", b"content-length: 99", b"content-length: x")), 1)
        case 3:
            chunked = head.replace(b"content-length", b"x-length") + b"\r\ntransfer-encoding: chunked"
            return (
                chunked
                + b"\r\n\r\n"
                + rng.choice((b"zz\r\n", b"ffffffffffffffffff\r\n", b"5\r\nab", b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)))
            )
        case 4:
            return head + b"\r\n" + b"x-a: b\r\n" * rng.choice((3, 500)) + b"\r\n" + body
        case 5:
            return head + b"\r\nx-big: " + b"a" * 200_000 + b"\r\n\r\n" + body
        case _:
            return request[: rng.randrange(len(request))]


async def talk(port: int, request: bytes, ends: bool = False) -> int:
    """The status of the answer; 0 when the connection was closed without one. `ends`: nothing more will come, as the server is told."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        if ends:
            writer.write_eof()
        async with asyncio.timeout(_READ_S):
            answer = await reader.read()
    except OSError:
        return 0
    finally:
        writer.close()
    words = answer.split(b" ", 2)
    return int(words[1]) if len(words) > 1 and words[1].isdigit() else 0
