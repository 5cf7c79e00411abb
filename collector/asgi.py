"""The little of ASGI that is needed: a request, its body, an answer."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qsl

from collector.answers import SECURITY, STRICT_TRANSPORT, Answer, Refused, cors, preflight, too_large
from collector.limits import BODY_TIMEOUT_S, DRAIN_MAX_BYTES

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class ClientGone(Exception):
    """The client closed the connection before its body was complete. There is nobody to answer."""


class Request:
    """Method, path, query (the last of a name counts) and headers; the body is read once, on demand."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.headers: dict[str, str] = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        query = scope.get("query_string", b"")
        self.query: dict[str, str] = dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True)) if query else {}
        self.peer: str = (scope.get("client") or ("",))[0]
        self.is_secure: bool = scope.get("scheme") == "https"
        self._receive = receive
        self._has_more = True

    async def body(self, max_bytes: int, arrived: Callable[[int], None] = lambda size_bytes: None) -> bytes:
        """The body as it was sent; `arrived` is told of each part and may refuse it. Refused when larger than `max_bytes` or too slow."""
        parts: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(BODY_TIMEOUT_S):
                while self._has_more:
                    part = await self._part()
                    size += len(part)
                    if size > max_bytes:
                        raise too_large(f"The body is larger than {max_bytes} bytes (max_batch_bytes).")
                    arrived(len(part))
                    parts.append(part)
        except TimeoutError:
            self._has_more = False
            raise Refused(408, "too_slow", f"The body was not complete within {BODY_TIMEOUT_S} s.") from None
        return b"".join(parts)

    async def drain(self) -> None:
        """Before a refusal: read most of what is left and forget it, else the client sees a broken pipe instead of the answer."""
        size = 0
        try:
            async with asyncio.timeout(BODY_TIMEOUT_S):
                while self._has_more and size <= DRAIN_MAX_BYTES:
                    size += len(await self._part())
        except (TimeoutError, ClientGone):
            pass

    async def _part(self) -> bytes:
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        self._has_more = message.get("more_body", False)
        part: bytes = message.get("body", b"")
        return part


async def send_answer(send: Send, request: Request, answer: Answer) -> None:
    headers = [*answer.headers, *SECURITY]
    if request.is_secure:
        headers += STRICT_TRANSPORT
    if origin := request.headers.get("origin"):
        headers += cors(origin)
        if request.method == "OPTIONS":
            headers += preflight(request.headers.get("access-control-request-headers", ""))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
