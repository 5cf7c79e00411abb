"""The little of ASGI that is needed: a request, its body, an answer."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from collector.answers import PREFLIGHT, Answer, cors, too_large
from collector.limits import DRAIN_MAX_BYTES

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class ClientGone(Exception):
    """The client closed the connection before its body was complete. There is nobody to answer."""


class Request:
    """Method, path and headers; the body is read once, on demand."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.headers: dict[str, str] = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        self._receive = receive

    async def body(self, max_bytes: int) -> bytes:
        """The body as it was sent. Refused when larger than `max_bytes`, but after most was read: else the client sees a broken pipe."""
        parts: list[bytes] = []
        size = 0
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            part = message.get("body", b"")
            size += len(part)
            if size <= max_bytes:
                parts.append(part)
            if not message.get("more_body") or size > DRAIN_MAX_BYTES:
                break
        if size > max_bytes:
            raise too_large(f"The body is larger than {max_bytes} bytes.")
        return b"".join(parts)


async def send_answer(send: Send, request: Request, answer: Answer) -> None:
    headers = list(answer.headers)
    if origin := request.headers.get("origin"):
        headers += cors(origin)
        if request.method == "OPTIONS":
            headers += PREFLIGHT
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
