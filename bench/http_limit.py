"""The limit: the collector's HTTP server and event loop around an application that reads the body and answers nothing.

`python -m bench.http_limit PORT` serves until it is killed.
"""

from __future__ import annotations

import sys
from typing import Any

import uvloop
from granian.constants import Interfaces
from granian.server.embed import Server

_HEADERS = [(b"content-type", b"application/json")]


async def app(scope: Any, receive: Any, send: Any) -> None:
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
    await send({"type": "http.response.body", "body": b"{}"})


async def serve(port: int) -> None:
    server = Server(app, port=port, interface=Interfaces.ASGINL, websockets=False, log_enabled=False, backlog=1024)
    await server.serve()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
