"""Ready or not: what a starting process is asked. A probe answers at once; the supervisor asks again until it says yes."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

Probe = Callable[[], Awaitable[bool]]
PROBE_TIMEOUT_S = 5.0
# A probe asks a process of this machine whether it is ready, and tells it nothing.
_UNCHECKED = ssl.create_default_context()
_UNCHECKED.check_hostname, _UNCHECKED.verify_mode = False, ssl.CERT_NONE


async def http_get(url: str) -> tuple[int, bytes]:
    """Status and body of a GET, (0, b"") when nobody answers. Small on purpose: a probe must not need a client library's machinery."""
    parts = urlsplit(url)
    host, port = parts.hostname or "127.0.0.1", parts.port or (443 if parts.scheme == "https" else 80)
    secure = _UNCHECKED if parts.scheme == "https" else None
    request = f"GET {parts.path or '/'}{'?' + parts.query if parts.query else ''} HTTP/1.0\r\nHost: {host}:{port}\r\n\r\n"
    try:
        async with asyncio.timeout(PROBE_TIMEOUT_S):
            reader, writer = await asyncio.open_connection(host, port, ssl=secure)
            try:
                writer.write(request.encode())
                answer = await reader.read()
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return 0, b""
    head, _, body = answer.partition(b"\r\n\r\n")
    status = head.split(None, 2)[1:2]
    return (int(status[0]) if status and status[0].isdigit() else 0), body


def http_ready(url: str, body: bytes | None = None) -> Probe:
    """Ready when the URL answers 200, and `body` if one is asked for."""

    async def probe() -> bool:
        status, found = await http_get(url)
        return status == 200 and (body is None or found.strip() == body)

    return probe


async def port_open(host: str, port: int) -> bool:
    """Something accepts connections there."""
    try:
        async with asyncio.timeout(PROBE_TIMEOUT_S):
            _, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True
