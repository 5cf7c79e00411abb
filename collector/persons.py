"""Persons' rights over HTTP, all with the secret key: `GET` and `DELETE /v1/persons/{id}`, `GET /v1/erasures/{job}`, `POST /v1/consent`."""

import asyncio
import uuid
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from collector.answers import Answer, Refused, malformed, ok, unavailable
from collector.asgi import Request
from collector.auth import Keys
from collector.lanes import Lanes
from collector.steps import read_time
from collector.store import Store
from erasure.access import as_csv, as_json
from erasure.desk import Desk, DeskClosed
from schemas.collected import Collected, partition_key
from schemas.partition import partition_of
from schemas.topics import LIVE

PERSONS, ERASURES = "/v1/persons/", "/v1/erasures/"
WRITE_KEY = "privacy"  # of consent that the shop recorded
ACTOR_HEADER = "x-cartwake-actor"
_MAX_BODY_BYTES = 16_384
_ACTOR_MAX_CHARS = 128
T = TypeVar("T")
_encode = msgspec.json.Encoder().encode


class ConsentCall(msgspec.Struct, rename="camel", kw_only=True):
    """The body: one of the ids (else `person`, as `u:<user>` or `d:<device>`), and what was decided when (default: now)."""

    purposes: dict[str, bool]
    user_id: str = ""
    anonymous_id: str = ""
    person: str = ""
    version: str = ""
    basis: str = ""
    source: str = "server"
    timestamp: str | int | None = None


_decode = msgspec.json.Decoder(ConsentCall).decode


class Persons:
    """The handlers. While the warehouse is away all of them are 503."""

    def __init__(self, desk: Desk, keys: Keys, lanes: Lanes, store: Store, now_ms: Callable[[], int]) -> None:
        self._desk, self._keys, self._lanes, self._store, self._now_ms = desk, keys, lanes, store, now_ms

    async def access(self, request: Request) -> Answer:
        """Everything stored on a person, of all ids; CSV where the client wants that."""
        person, actor = self._asked(request, PERSONS)
        document = await _at_the_desk(self._desk.document, person, actor)
        if not document["tables"]:
            raise Refused(404, "not_found", "Nothing is stored on this person.")
        if request.query.get("format") == "csv" or "text/csv" in request.headers.get("accept", ""):
            return Answer(200, as_csv(document), [(b"content-type", b"text/csv; charset=utf-8")])
        return Answer(200, as_json(document))

    async def erase(self, request: Request) -> Answer:
        """202: it will be done, whatever fails meanwhile."""
        person, actor = self._asked(request, PERSONS)
        job_id = await _at_the_desk(self._desk.erase, person, actor, self._now_ms())
        return ok(job_id=job_id, status="asked")._replace(status=202)

    async def job(self, request: Request) -> Answer:
        job_id, _ = self._asked(request, ERASURES)
        found = await _at_the_desk(self._desk.job, job_id)
        if found is None:
            raise Refused(404, "not_found", "There is no such erasure.")
        return ok(**found)

    async def consent(self, request: Request) -> Answer:
        """A decision that the shop was told: binds every id that the person has now. 200 once all of it is stored."""
        self._keys.need_secret(request.headers, self._now_ms())
        try:
            call = _decode(await request.body(_MAX_BODY_BYTES))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise malformed(f"The body is not {{userId or anonymousId, purposes}}: {error}") from error
        person = call.person or (f"u:{call.user_id}" if call.user_id else f"d:{call.anonymous_id}" if call.anonymous_id else "")
        if not person or not call.purposes:
            raise malformed("The body needs userId or anonymousId, and purposes.")
        at_ms = read_time("timestamp", call.timestamp)
        if not isinstance(at_ms, int):
            raise malformed(at_ms.message)
        ids = await _at_the_desk(self._desk.ids, person)
        partitions = await self._lanes.partitions(LIVE)
        lines: dict[int, list[bytes]] = {}
        for each in ids.persons:
            event = self._event(call, each, at_ms)
            lines.setdefault(partition_of(partition_key(event), partitions), []).append(_encode(event))
        await self._store.put(LIVE, lines, [], 1)
        said = ", ".join(f"{purpose}: {'yes' if granted else 'no'}" for purpose, granted in sorted(call.purposes.items()))
        await _at_the_desk(self._desk.note_consent, person, _actor(request), said)
        return ok(ids=len(ids.persons))

    def _event(self, call: ConsentCall, person: str, at_ms: int) -> Collected:
        now_ms = self._now_ms()
        details = {name: text for name, text in (("version", call.version), ("basis", call.basis)) if text}
        return Collected(
            event="consent",
            message_id=str(uuid.uuid4()),
            write_key=WRITE_KEY,
            device_id=person[2:] if person.startswith("d:") else "",
            user_id=person[2:] if person.startswith("u:") else "",
            client_at_ms=at_ms or now_ms,
            sent_at_ms=now_ms,
            received_at_ms=now_ms,
            source=call.source,
            props={"purposes": call.purposes, **details},
        )

    def _asked(self, request: Request, prefix: str) -> tuple[str, str]:
        """What stands behind the prefix, and who asks."""
        self._keys.need_secret(request.headers, self._now_ms())
        return request.path.removeprefix(prefix), _actor(request)


def _actor(request: Request) -> str:
    return request.headers.get(ACTOR_HEADER, "secret key")[:_ACTOR_MAX_CHARS]


async def _at_the_desk(do: Callable[..., T], *given: Any) -> T:
    try:
        return await asyncio.to_thread(do, *given)
    except DeskClosed as error:
        raise unavailable("warehouse_away", "The warehouse cannot be asked; send the request again.") from error
