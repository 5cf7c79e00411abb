"""The collector as a process, with a real Kafka behind it."""

from __future__ import annotations

import asyncio
import gzip
import itertools
import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from runtime.local.testing import local_kafka
from schemas.collected import Collected, partition_key
from schemas.journeys import Tick
from schemas.partition import partition_of
from schemas.rows import RejectedRow
from tests.service.collector_lab import BEARER, PARTITIONS, SECRET, Collector, collector_on, lines_of, make_lane, records_of

NOW_MS = 1_700_000_000_000
NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def collector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collector]:
    with (
        local_kafka(tmp_path_factory.mktemp("kafka")) as kafka,
        collector_on(
            kafka.bootstrap, tmp_path_factory.mktemp("data"), max_event_bytes=4096, write_keys={"wk": "web", "till": "store"}
        ) as found,
    ):
        make_lane(found.settings, "live")
        yield found


@pytest.fixture
def lane(collector: Collector) -> str:
    """A new lane; its topics exist."""
    return make_lane(collector.settings, f"lane{next(NUMBERS)}")


def in_lane(lane: str, **more: str) -> dict[str, str]:
    return {**BEARER, "X-Cartwake-Lane": lane, **more}


def event(number: int = 0, **more: Any) -> dict[str, Any]:
    return {"type": "track", "event": "Thing Done", "anonymousId": f"d{number}", "messageId": f"m{number}", **more}


def batch(*events: Any, **more: Any) -> dict[str, Any]:
    return {"writeKey": "wk", "batch": list(events), **more}


async def events_of(collector: Collector, lane: str) -> list[Collected]:
    return [msgspec.json.decode(line, type=Collected) for line in await lines_of(collector.settings.kafka_bootstrap, lane)]


async def test_a_batch_is_in_kafka_when_it_is_answered(collector: Collector, lane: str) -> None:
    reply = await collector.post(
        "/v1/batch", batch(*(event(number) for number in range(50))), in_lane(lane, **{"X-Cartwake-Clock": str(NOW_MS)})
    )
    assert (reply.status, reply.json) == (200, {"success": True, "accepted": 50, "rejected": []})
    records = await records_of(collector.settings.kafka_bootstrap, lane, "events")
    assert len(records) == PARTITIONS
    for record in records:
        assert record.headers == (("kind", b"event"),)
        for line in record.value.split(b"\n"):
            found = msgspec.json.decode(line, type=Collected)
            assert partition_of(partition_key(found), PARTITIONS) == record.partition
            assert found.received_at_ms == NOW_MS


@pytest.mark.parametrize("path", ["/v1/track", "/v1/t", "/v1/track/"])
async def test_a_single_call_into_the_live_lane(collector: Collector, path: str) -> None:
    message_id = f"single{next(NUMBERS)}"
    body = {"writeKey": "till", "event": "Order Completed", "userId": 7, "messageId": message_id, "properties": {"revenue": 5}}
    reply = await collector.post(path, body)
    assert (reply.status, reply.json) == (200, {"success": True, "accepted": 1, "rejected": []})
    [found] = [line for line in await events_of(collector, "live") if line.message_id == message_id]
    assert (found.event, found.user_id, found.source, found.channel) == ("purchase", "7", "store", "offline")


async def test_every_type_of_call_has_an_address(collector: Collector, lane: str) -> None:
    calls = {"page": "page_view", "screen": "screen_view", "identify": "identify", "group": "group", "alias": "alias"}
    for number, path in enumerate([*calls, *(name[0] for name in calls)]):
        body = {"writeKey": "wk", "userId": "u", "previousId": "v", "groupId": "g", "messageId": f"m{number}"}
        assert (await collector.post(f"/v1/{path}", body, in_lane(lane))).json["accepted"] == 1
    assert sorted(line.event for line in await events_of(collector, lane)) == sorted([*calls.values()] * 2)


@pytest.mark.parametrize(
    ("headers", "pack"),
    [
        ({"Content-Encoding": "gzip", "Content-Type": "application/x-www-form-urlencoded"}, True),
        ({"Content-Type": "text/plain"}, True),
        ({"Content-Type": "text/plain;charset=UTF-8"}, False),
        ({}, False),
    ],
)
async def test_the_content_type_does_not_matter_and_gzip_is_known_by_its_bytes(
    collector: Collector, lane: str, headers: dict[str, str], pack: bool
) -> None:
    body = json.dumps(batch(event())).encode()
    reply = await collector.post("/v1/b", gzip.compress(body) if pack else body, in_lane(lane, **headers))
    assert reply.json == {"success": True, "accepted": 1, "rejected": []}
    assert [found.message_id for found in await events_of(collector, lane)] == ["m0"]


async def test_rejected_events_are_kept_with_their_bytes_and_do_not_fail_the_batch(collector: Collector, lane: str) -> None:
    body = b'{"writeKey":"wk","batch":[%s,{"type":"track",  "messageId":"bad"},7,%s]}' % (
        json.dumps(event(1)).encode(),
        json.dumps(event(2, properties={"a": "x" * 5000})).encode(),
    )
    reply = await collector.post("/v1/batch", body, in_lane(lane))
    assert (reply.status, reply.json["accepted"]) == (200, 1)
    assert [(each["index"], each["id"], each["code"]) for each in reply.json["rejected"]] == [
        (1, "bad", "missing_field"),
        (2, "", "not_an_object"),
        (3, "m2", "too_large"),
    ]
    lines = await lines_of(collector.settings.kafka_bootstrap, lane, "rejected")
    rows = [msgspec.json.decode(line, type=RejectedRow) for line in lines]
    assert [(row.code, row.field, row.stage, row.lane) for row in rows][:1] == [("missing_field", "event", "collector", lane)]
    assert [row.raw for row in rows][:2] == ['{"type":"track",  "messageId":"bad"}', "7"]
    assert json.loads(rows[2].raw)["messageId"] == "m2"


async def test_ticks_come_after_all_that_was_acknowledged_before(collector: Collector, lane: str) -> None:
    async def send(number: int) -> None:
        events = [event(number * 10 + each) for each in range(10)]
        assert (await collector.post("/v1/batch", batch(*events), in_lane(lane))).json["accepted"] == 10

    await asyncio.gather(*(send(number) for number in range(20)))
    reply = await collector.post("/v1/clock", {"lane": lane, "now_ms": NOW_MS}, BEARER)
    assert (reply.status, reply.json) == (200, {"success": True, "partitions": PARTITIONS})
    await send(20)
    records = await records_of(collector.settings.kafka_bootstrap, lane, "events")
    before = 0
    for number in range(PARTITIONS):
        own = [record for record in records if record.partition == number]
        [at] = [index for index, record in enumerate(own) if record.headers == (("kind", b"tick"),)]
        assert msgspec.json.decode(own[at].value, type=Tick) == Tick(now_ms=NOW_MS)
        before += sum(len(record.value.split(b"\n")) for record in own[:at])
    assert before == 200


async def test_other_lanes_and_clocks_need_the_secret_key(collector: Collector, lane: str) -> None:
    for headers in ({"X-Cartwake-Lane": lane}, {"X-Cartwake-Clock": str(NOW_MS)}, {"X-Cartwake-Lane": lane, "Authorization": "Bearer wk"}):
        assert (await collector.post("/v1/batch", batch(event()), headers)).status == 401
    assert (await collector.post("/v1/clock", {"lane": lane, "now_ms": NOW_MS})).status == 401
    assert await events_of(collector, lane) == []


@pytest.mark.parametrize(
    ("path", "body", "headers", "status", "code"),
    [
        ("/v1/batch", {"batch": []}, {}, 401, "missing_write_key"),
        ("/v1/batch", {"batch": [], "writeKey": "other"}, {}, 401, "unknown_write_key"),
        ("/v1/track", {"event": "x"}, {"Authorization": f"Bearer {SECRET}"}, 401, "missing_write_key"),
        ("/v1/batch", b"{", {}, 400, "malformed"),
        ("/v1/batch", {"writeKey": "wk"}, {}, 400, "malformed"),
        ("/v1/batch", b"x" * 600_000, {}, 413, "too_large"),
        ("/v1/batch", gzip.compress(b"0" * 10_000_000), {}, 413, "too_large"),
        ("/v1/batch", {"writeKey": "wk", "batch": [1] * 2501}, {}, 413, "too_large"),
        ("/v1/batch", {"writeKey": "wk", "batch": [1]}, {**BEARER, "X-Cartwake-Lane": "nowhere"}, 404, "unknown_lane"),
        ("/v1/batch", {"writeKey": "wk", "batch": [1]}, {**BEARER, "X-Cartwake-Lane": "No Where!"}, 404, "unknown_lane"),
        ("/v1/batch", {"writeKey": "wk", "batch": [1]}, {**BEARER, "X-Cartwake-Clock": "soon"}, 400, "malformed"),
        ("/v1/clock", {"lane": "nowhere", "now_ms": NOW_MS}, BEARER, 404, "unknown_lane"),
        ("/v1/clock", {"lane": "live", "now_ms": NOW_MS}, BEARER, 400, "live_lane"),
        ("/v1/clock", {"lane": "nowhere"}, BEARER, 400, "malformed"),
        ("/v1/elsewhere", {}, {}, 404, "not_found"),
    ],
)
async def test_refusals(collector: Collector, path: str, body: Any, headers: dict[str, str], status: int, code: str) -> None:
    reply = await collector.post(path, body, headers)
    assert (reply.status, reply.json["success"], reply.json["code"]) == (status, False, code)
    assert reply.json["message"]


async def test_a_browser_of_another_origin_may_send_and_read_the_answer(collector: Collector) -> None:
    origin = {"Origin": "https://shop.example"}
    preflight = await collector.ask("OPTIONS", "/v1/batch", headers={**origin, "Access-Control-Request-Method": "POST"})
    assert (preflight.status, preflight.headers["access-control-max-age"]) == (204, "7200")
    assert "x-write-key" in preflight.headers["access-control-allow-headers"]
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,x-retry-count"}
    reply = await collector.ask("OPTIONS", "/v1/t", headers={**origin, **asked})
    assert reply.headers["access-control-allow-headers"] == "authorization,x-retry-count"
    refused = await collector.post("/v1/batch", b"{", origin)
    for reply in (preflight, refused):
        assert reply.headers["access-control-allow-origin"] == "https://shop.example"
        assert reply.headers["access-control-allow-credentials"] == "true"
        assert reply.headers["access-control-expose-headers"] == "Retry-After"
        assert reply.headers["vary"] == "Origin"
    assert "access-control-allow-origin" not in (await collector.ask("GET", "/healthz")).headers


async def test_health_readiness_and_metrics(collector: Collector) -> None:
    assert [(await collector.ask("GET", path)).status for path in ("/healthz", "/readyz")] == [200, 200]
    assert (await collector.ask("GET", "/v1/batch")).status == 405
    metrics = await collector.ask("GET", "/metrics")
    assert metrics.headers["content-type"].startswith("text/plain")
    assert b"cartwake_collector_events_total" in metrics.json
