"""chDB in this process: a handle for each request, of which only so many live at a time, in threads.

Opening a handle costs 0.3 ms, and it takes its settings, its database and its temporary tables with it when it is closed: nothing to reset,
nothing that leaks into the next request. The engine must never be forked: start this process with `spawn` or as a command.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import chdb
from chdb.state.sqlitelike import Connection

T = TypeVar("T")


def quote(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def quote_name(name: str) -> str:
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


class Engine:
    def __init__(self, path: Path, memory_mib: int, handles: int) -> None:
        self._address = f"{path}?max_server_memory_usage={memory_mib << 20}&mark_cache_size={memory_mib << 17}"
        self._first = self.open()
        self.version, self.timezone = self._ask("SELECT version(), timezone()").split("\t")
        self.table_functions = frozenset(self._ask("SELECT name FROM system.table_functions").splitlines())
        self._slots = asyncio.Semaphore(handles)
        self._workers = ThreadPoolExecutor(handles, "statement")
        self._control = ThreadPoolExecutor(1, "control")

    def open(self) -> Connection:
        """A handle of its own: keep one for a session, else close it after the request."""
        handle: Connection = chdb.connect(self._address)  # type: ignore[no-untyped-call]
        return handle

    def _ask(self, sql: str) -> str:
        return bytes(self._first.query(sql, "TabSeparated").bytes()).decode().strip()

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Leave to run one statement; those who wait have not read their bodies yet, so waiting costs no memory."""
        async with self._slots:
            yield

    async def call(self, job: Callable[[], T], stop_tag: str | None = None) -> T:
        """Run `job` in a thread; it has ended when this returns. If the caller is cancelled, the statement tagged `stop_tag` is killed."""
        running = asyncio.get_running_loop().run_in_executor(self._workers, job)
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            if not running.done() and stop_tag is not None:
                await self._in_control(lambda: self.kill(stop_tag))
            await asyncio.wait([running])
            raise

    def kill(self, tag: str) -> None:
        self._first.query(f"KILL QUERY WHERE Settings['log_comment'] = {quote(tag)} ASYNC FORMAT Null", "TabSeparated")

    async def kill_all(self) -> None:
        await self._in_control(lambda: self._ask("KILL QUERY WHERE query_id != queryID() ASYNC FORMAT Null"))

    async def probe(self) -> None:
        """One statement on a handle nobody else waits for; raises what the engine raises."""
        await self._in_control(lambda: self._ask("SELECT 1"))

    async def _in_control(self, job: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._control, job)

    def close(self) -> None:
        self._workers.shutdown(wait=False, cancel_futures=True)
        self._control.shutdown(wait=True)
        self._first.close()
