"""A cheap load generator: raw sockets on uvloop, requests that are ready as bytes, one under way on each connection.

`python -m bench.http_load PORT FILE CONNECTIONS REQUESTS RATE` sends the file's requests round and round. RATE 0: as fast as answers come.
Else so many a second, each at its time whether or not earlier ones are answered, and its latency counts from that time. Prints {"requests",
"seconds", "cpu_s", "failed", "p50_ms", "p99_ms"}.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import deque
from pathlib import Path
from typing import Any

import uvloop

from bench.collector_requests import read

_LENGTH = b"content-length: "


class Load:
    """What is to be sent, and what has been answered. Connections ask it for their next request."""

    def __init__(self, requests: list[bytes], count: int, rate_per_s: float) -> None:
        self._requests, self._count, self._rate_per_s = requests, count, rate_per_s
        self._sent = 0
        self.failed = 0
        self.latencies_s: list[float] = []
        self.idle: deque[Connection] = deque()
        self.done = asyncio.get_running_loop().create_future()

    async def run(self) -> None:
        if not self._rate_per_s:
            for connection in list(self.idle):
                self._give(connection, time.perf_counter())
        else:
            await self._on_time()
        await self.done

    async def _on_time(self) -> None:
        began_s = time.perf_counter()
        while self._sent < self._count:
            due = began_s + self._sent / self._rate_per_s
            if (wait_s := due - time.perf_counter()) > 0:
                await asyncio.sleep(wait_s)
            while not self.idle:
                await asyncio.sleep(0.0005)
            self._give(self.idle.popleft(), due)

    def _give(self, connection: Connection, due_s: float) -> None:
        connection.send(self._requests[self._sent % len(self._requests)], due_s)
        self._sent += 1

    def answered(self, connection: Connection, is_well: bool) -> None:
        self.latencies_s.append(time.perf_counter() - connection.due_s)
        self.failed += not is_well
        if len(self.latencies_s) == self._count:
            self.done.set_result(None)
        elif self._rate_per_s:
            self.idle.append(connection)
        elif self._sent < self._count:
            self._give(connection, time.perf_counter())


class Connection(asyncio.Protocol):
    def __init__(self, load: Load) -> None:
        self._load = load
        self._data = b""
        self.due_s = 0.0
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._load.idle.append(self)

    def connection_lost(self, error: Exception | None) -> None:
        if not self._load.done.done():
            self._load.done.set_exception(ConnectionError("the server closed a connection"))

    def send(self, request: bytes, due_s: float) -> None:
        self.due_s = due_s
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._data = self._data + data if self._data else data
        head = self._data.find(b"\r\n\r\n")
        if head < 0:
            return
        at = self._data.find(_LENGTH, 0, head) + len(_LENGTH)
        if len(self._data) < head + 4 + int(self._data[at : self._data.find(b"\r", at)]):
            return
        is_well = self._data.startswith(b"HTTP/1.1 200") and self._data.endswith((b'"rejected":[]}', b"{}"))
        self._data = b""
        self._load.answered(self, is_well)


async def main(port: int, requests: list[bytes], connections: int, count: int, rate_per_s: float) -> dict[str, float]:
    load = Load(requests, count, rate_per_s)
    loop = asyncio.get_running_loop()
    for _ in range(connections):
        await loop.create_connection(lambda: Connection(load), "127.0.0.1", port)
    began_s, began_cpu_s = time.perf_counter(), time.process_time()
    await load.run()
    seconds, cpu_s = time.perf_counter() - began_s, time.process_time() - began_cpu_s
    ranked = sorted(load.latencies_s)
    at = {name: 1000 * ranked[int(len(ranked) * share)] for name, share in (("p50_ms", 0.5), ("p99_ms", 0.99))}
    return {"requests": count, "seconds": seconds, "cpu_s": cpu_s, "failed": load.failed, **at}


if __name__ == "__main__":
    _port, _file, _connections, _count, _rate = sys.argv[1:]
    found = uvloop.run(main(int(_port), list(read(Path(_file))), int(_connections), int(_count), float(_rate)))
    print(json.dumps(found))
