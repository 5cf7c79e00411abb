"""ClickHouse's HTTP interface over the engine."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, nullcontext

from aiohttp import web
from chdb.state.sqlitelike import Connection

from runtime.local.warehouse import access, answer, body, reader, request, statement
from runtime.local.warehouse.access import User
from runtime.local.warehouse.engine import Engine
from runtime.local.warehouse.errors import WarehouseError
from runtime.local.warehouse.execution import Answer, execute, fetch, prepare
from runtime.local.warehouse.metrics import Metrics
from runtime.local.warehouse.request import Request
from runtime.local.warehouse.restore import give_back, remember
from runtime.local.warehouse.sessions import Sessions
from runtime.local.warehouse.statement import Statement

LARGE_BYTES = 1 << 16  # a longer text is taken apart in a thread
_log = logging.getLogger(__name__)


class Server:
    def __init__(self, engine: Engine, host: str, users: Mapping[str, User]) -> None:
        self.metrics = Metrics()
        self.sessions = Sessions(engine.open)
        self._engine = engine
        self._host = host
        self._users = users
        # Who has limits waits for his own kind, so that slow questions leave handles for rows to come in.
        self._turns = {user.name: asyncio.Semaphore(user.limits.queries) for user in users.values() if user.limits}
        self._running = 0
        self._stopping = False

    def app(self) -> web.Application:
        app = web.Application(client_max_size=body.MAX_BODY_BYTES)
        app.router.add_route("*", "/", self.query)
        for path in ("/ping", "/replicas_status", "/healthz", "/readyz"):
            app.router.add_get(path, self.ping)
        app.router.add_get("/metrics", self.scrape)
        return app

    async def ping(self, asked: web.Request) -> web.Response:
        if self._stopping:
            return web.Response(status=503, text="Stopping.\n")
        if asked.path == "/readyz":
            await self._engine.probe()
        return web.Response(text="Ok.\n")

    async def scrape(self, _asked: web.Request) -> web.Response:
        self.metrics.running.set(self._running)
        self.metrics.sessions.set(len(self.sessions))
        return web.Response(body=self.metrics.text(), headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})

    async def query(self, asked: web.Request) -> web.StreamResponse:
        self._running += 1
        try:
            access.check_origin(asked.headers, self._host)
            if asked.method in ("GET", "HEAD") and not asked.query_string and not asked.can_read_body:
                return web.Response(text="Ok.\n")
            if self._stopping:
                raise WarehouseError(439, "CANNOT_SCHEDULE_TASK", "The warehouse is stopping.")
            user = access.check_user(request.credentials(asked.query, asked.headers), self._users)
            async with self._turns.get(user.name, nullcontext()), self._engine.slot():
                return await self._run(asked, user)
        except WarehouseError as error:
            self.metrics.failed(error.code)
            return answer.failure(error, asked.query.get("query_id", ""), self._engine.version)
        except (ConnectionError, TimeoutError):
            _log.info("a client went away")
            raise
        except Exception:
            _log.exception("a request failed")
            raise
        finally:
            self._running -= 1

    async def _run(self, asked: web.Request, user: User) -> web.StreamResponse:
        began_s = time.perf_counter()
        sent = await body.read(asked)
        pairs = [*asked.query.items(), *sent.fields.items()]
        read = request.parse(asked.method, pairs, asked.headers, sent.content, sent.files)
        parsed = _statement(read) if len(read.query) + len(read.body) < LARGE_BYTES else await self._engine.call(lambda: _statement(read))
        if user.limits is not None:
            reader.check(parsed, read.parameters, self._engine.table_functions)
        async with self._handle(read, parsed.verb, user) as handle:
            job = _Job(self._engine, handle, read, parsed, user)
            reply = await job.start()
            try:
                response = await answer.send(asked, read, reply, self._engine, job.more)
            finally:
                await job.drop()
            self.metrics.done(parsed.data is not None, reply.stats, time.perf_counter() - began_s)
            return response

    @asynccontextmanager
    async def _handle(self, read: Request, verb: str, user: User) -> AsyncIterator[Connection]:
        if read.session is None or user.limits is not None:  # who only reads has nothing that a session could keep
            handle = self._engine.open()
            try:
                yield handle
            finally:
                handle.close()
            return
        async with self.sessions.use(read.credentials[0], read.session) as handle:
            memory = await self._engine.call(lambda: remember(handle, ["log_comment", *read.settings]))
            try:
                yield handle
            finally:
                await self._engine.call(lambda: give_back(handle, memory, read, verb))

    async def drain(self, wait_s: float) -> None:
        """Refuse what comes, and give what runs time to finish; what is left then is killed."""
        self._stopping = True
        until_s = time.monotonic() + wait_s
        while self._running and time.monotonic() < until_s:
            await asyncio.sleep(0.02)
        if self._running:
            await self._engine.kill_all()


class _Job:
    """One statement on its handle."""

    def __init__(self, engine: Engine, handle: Connection, read: Request, parsed: Statement, user: User) -> None:
        self._engine = engine
        self._limits = user.limits
        self._handle = handle
        self._read = read
        self._parsed = parsed
        self._reply: Answer | None = None
        # As on a server: who hangs up stops a query, never a write.
        self._stop_tag = read.query_id if parsed.reads and "log_comment" not in read.settings else None

    async def start(self) -> Answer:
        self._reply = await self._engine.call(self._execute, self._stop_tag)
        return self._reply

    def _execute(self) -> Answer:
        prepare(self._handle, self._read, self._parsed, self._limits)
        return execute(self._handle, self._read, self._parsed)

    async def more(self) -> bytes | None:
        reply = self._reply
        if reply is None or reply.rest is None:
            return None
        rest = reply.rest
        return await self._engine.call(lambda: fetch(self._handle, rest, reply.stats), self._stop_tag)

    async def drop(self) -> None:
        """What the client did not wait for; nothing where it took all."""
        if self._reply is not None and self._reply.rest is not None:
            await self._engine.call(self._reply.rest.cancel)


def _statement(read: Request) -> Statement:
    """As a server does, the query of the URL and the body are one text, unless the query alone already asks for rows to insert."""
    if not read.query:
        parsed = statement.parse(read.body)
    else:
        parsed = statement.parse(read.query)
        if parsed.data is None and read.body:
            parsed = statement.parse(read.query + b"\n" + read.body)
    if read.read_only and read.session is not None and parsed.writes:
        raise WarehouseError(164, "READONLY", "default: Cannot execute query in readonly mode.")
    return parsed
