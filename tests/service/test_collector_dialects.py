"""What each protocol's clients are told by the running collector: statuses, pictures, and where the write key may be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from collector.dialects.registry import ROUTES
from collector.dialects.snowplow import GIF
from runtime.local.testing import local_kafka
from tests.service.collector_lab import Collector, collector_on, make_lane

TP2 = "/com.snowplowanalytics.snowplow/tp2"
TRACK = {"event": "x", "userId": "u"}
CLOUD = {"id": "1", "source": "s", "specversion": "1.0", "type": "x", "subject": "u"}


@pytest.fixture(scope="module")
def collector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collector]:
    with (
        local_kafka(tmp_path_factory.mktemp("kafka")) as kafka,
        collector_on(kafka.bootstrap, tmp_path_factory.mktemp("data"), write_keys={"wk": "web"}, max_batch_bytes=4096) as found,
    ):
        make_lane(found.settings, "live")
        yield found


@pytest.mark.parametrize(
    ("address", "body", "headers"),
    [
        ("/v1/track", {**TRACK, "writeKey": "wk"}, {}),
        ("/beacon/v1/batch?writeKey=wk", {"batch": [{**TRACK, "type": "track"}]}, {}),
        ("/api/s/track", TRACK, {"X-Write-Key": "wk:secret"}),
        (TP2, {"data": [7, {"e": "pv", "uid": "u", "aid": "wk"}]}, {}),
        (TP2, {"data": [{"e": "pv", "uid": "u", "aid": "my shop", "tna": "wk"}]}, {}),
        ("/batch/", {"api_key": "wk", "batch": [{"event": "x", "distinct_id": "u"}]}, {}),
        ("/e/", [{"event": "x", "properties": {"token": "wk", "distinct_id": "u"}}], {}),
        ("/i/v1/analytics/events", {"batch": [{"event": "x", "distinct_id": "u"}]}, {"Authorization": "Bearer wk"}),
        ("/mp/collect?api_secret=wk&measurement_id=G-1", {"client_id": "c", "events": [{"name": "x"}]}, {}),
        ("/cloudevents?write_key=wk", CLOUD, {}),
    ],
)
async def test_each_protocol_has_a_place_for_the_key(collector: Collector, address: str, body: Any, headers: dict[str, str]) -> None:
    reply = await collector.post(address, body, headers)
    assert (reply.status, reply.json["success"], reply.json["accepted"]) == (200, True, 1)


async def test_the_pixel_is_a_picture(collector: Collector) -> None:
    reply = await collector.ask("GET", "/i?e=pv&uid=u&aid=wk")
    assert (reply.status, reply.json, reply.headers["content-type"]) == (200, GIF, "image/gif")
    assert "no-store" in reply.headers["cache-control"]


BODIES: dict[str, Any] = {
    "posthog": {"batch": []},
    "snowplow": {"data": []},
    "ga4": {"events": []},
    "cloudevents": [],
}


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.path)
async def test_who_is_not_known_is_refused_in_every_protocol(collector: Collector, route: Any) -> None:
    body = None if route.method == "GET" else BODIES.get(route.dialect.name, {"batch": []})
    for headers, code in (({}, "missing_write_key"), ({"X-Write-Key": "nobody"}, "unknown_write_key")):
        reply = await collector.ask(route.method, route.path, body, headers)
        assert (reply.status, reply.json["success"], reply.json["code"]) == (401, False, code)


@pytest.mark.parametrize("route", [route for route in ROUTES if route.method == "POST"], ids=lambda route: route.path)
async def test_too_large_is_413_but_for_snowplow_whose_trackers_would_never_stop(collector: Collector, route: Any) -> None:
    reply = await collector.post(route.path, b"[" + b" " * 5000 + b"]", {"X-Write-Key": "wk"})
    assert (reply.status, reply.json["code"]) == (422 if route.dialect.name == "snowplow" else 413, "too_large")
