"""The ASGI application: which address does what, and what the client is told when it goes wrong."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from collector.answers import Answer, Refused, ok, unavailable
from collector.asgi import ClientGone, Receive, Request, Scope, Send, send_answer
from collector.auth import keys_of
from collector.clock import Ticker
from collector.collect import Collect
from collector.dialects.registry import ROUTES
from collector.enrich import referrer_list
from collector.enrich.places import Places
from collector.erased import Erased
from collector.gate import Gate
from collector.lanes import Lanes
from collector.limits import ACK_TIMEOUT_S, BODIES_MAX_BYTES, QUEUE_MAX_BYTES, REQUESTS_MAX
from collector.log import Log
from collector.metrics import Metrics
from collector.packer import Budget
from collector.persons import ERASURES, PERSONS, Persons
from collector.producer import KafkaLog, producer_of
from collector.rate import rates_of
from collector.spill.drain import drain
from collector.spill.spill import Spill
from collector.store import Store
from erasure import jobs
from erasure.desk import Desk
from runtime.settings import Settings
from schemas.topics import LIVE

log = logging.getLogger(__name__)
Handler = Callable[[Request], Awaitable[Answer]]
_METRICS_TYPE = [(b"content-type", b"text/plain; version=0.0.4; charset=utf-8")]


class App:
    """The collector of one process; `start` and `stop` go around the serving."""

    def __init__(self, settings: Settings, now_ms: Callable[[], int], kafka: Log | None = None) -> None:
        """`kafka` is something else in its place."""
        if settings.referrer_list:
            log.info("%d hosts of referrers from %s", referrer_list.load(settings.referrer_list), settings.referrer_list)
        keys = keys_of(settings)
        self._metrics = Metrics()
        self._budget = Budget(QUEUE_MAX_BYTES)
        self._log: Log = kafka or KafkaLog(partial(producer_of, settings.kafka_bootstrap), self._metrics.observe_ack)
        self._lanes = Lanes(self._log.topics)
        self._settings = settings
        self._erased = Erased(settings)
        self._tasks: list[asyncio.Task[None]] = []
        self._spill = Spill(Path(settings.data_dir) / "spill", settings.spill_max_bytes)
        self._was_ready = False
        self._store = store = Store(self._log, settings.max_record_bytes, self._budget, self._spill)
        self._gate = Gate(REQUESTS_MAX, BODIES_MAX_BYTES)
        places = Places(settings.geo_database)
        collect = Collect(settings, keys, self._lanes, store, self._gate, rates_of(settings), self._metrics, places, self._erased, now_ms)
        ticker = Ticker(keys, self._lanes, store, now_ms)
        persons = Persons(Desk(settings), keys, self._lanes, store, now_ms)
        self._routes: dict[str, dict[str, Handler]] = {
            "/v1/clock": {"POST": ticker.tick},
            "/v1/consent": {"POST": persons.consent},
            "/healthz": {"GET": self._healthz},
            "/readyz": {"GET": self._readyz},
            "/metrics": {"GET": self._get_metrics},
            **{route.path: {route.method: collect.handler(route)} for route in ROUTES},
        }
        self._below: dict[str, dict[str, Handler]] = {
            PERSONS: {"GET": persons.access, "DELETE": persons.erase},
            ERASURES: {"GET": persons.job},
        }

    def start(self) -> None:
        """Raises OSError when the folder of events that wait on disk cannot be used."""
        self._spill.open()
        self._log.start()
        jobs.begin_all(self._settings)
        endless = (drain(self._spill, self._lanes, self._store, self._erased), self._lanes.keep_fresh(), self._erased.keep_fresh())
        self._tasks = [asyncio.create_task(each) for each in endless]

    async def stop(self) -> None:
        """After the last answer: let go of the disk and of Kafka."""
        for task in self._tasks:
            task.cancel()
        await self._spill.close()
        await self._log.stop()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        try:
            answer = await self._answer(request)
        except ClientGone:  # or a body that breaks off: without an answer the server would make a 500 of it
            answer = Refused(408, "incomplete", "The body broke off; send the request again.").answer()
        self._metrics.count_request(answer.status)
        await send_answer(send, request, answer)

    async def _answer(self, request: Request) -> Answer:
        try:
            return await self._handler(request)(request)
        except Refused as refused:
            self._metrics.count_refused(refused.code)
            answer = refused.answer()
        except ClientGone:
            raise
        except Exception:
            log.exception("a request failed")
            answer = Refused(500, "internal_error", "The collector failed; nothing of this request counts as stored.").answer()
        await request.drain()  # only now: the exception held on to what had been read
        return answer

    def _handler(self, request: Request) -> Handler:
        methods = self._routes.get(request.path.rstrip("/") or "/") or next(
            (found for prefix, found in self._below.items() if request.path.startswith(prefix) and request.path != prefix), None
        )
        if methods is None:
            raise Refused(404, "not_found", "There is nothing at this address.")
        if request.method == "OPTIONS":
            return _preflight
        handler = methods.get("GET" if request.method == "HEAD" else request.method)
        if handler is None:
            raise Refused(405, "method_not_allowed", f"This address takes {', '.join(methods)}.")
        return handler

    async def _healthz(self, _: Request) -> Answer:
        return ok(status="alive")

    async def _readyz(self, _: Request) -> Answer:
        """Ready when Kafka answers now and has the live topics; if it once did, also while the disk takes its place."""
        try:
            await self._lanes.refresh()
            await self._lanes.partitions(LIVE)
            if self._log.waits_s() > ACK_TIMEOUT_S:
                raise unavailable("kafka_away", "Kafka does not acknowledge.")
        except Refused:
            if self._was_ready and self._spill.has_room:
                return ok(status="spilling")
            raise
        self._was_ready = True
        return ok(status="ready")

    async def _get_metrics(self, _: Request) -> Answer:
        self._metrics.set_held(self._budget.used_bytes, self._gate.used_bytes, self._gate.requests)
        self._metrics.set_spilled(self._spill.used_bytes)
        return Answer(200, self._metrics.text(), _METRICS_TYPE)


async def _preflight(_: Request) -> Answer:
    return Answer(204, b"", [])
