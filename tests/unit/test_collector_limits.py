"""Every limit, in every dialect: what is told names the limit and the field, and the good events of the request are taken."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from collector.limits import DEPTH_MAX, GZIP_MEMBERS_MAX, KEY_MAX_CHARS, KEYS_MAX, SHARED_MAX_BYTES
from collector.names import CUSTOM, canonical
from collector.times import to_ms
from tests.asgi_lab import Answered, Lab, collector

KEY = {"X-Write-Key": "wk"}


class Way(NamedTuple):
    """How a dialect sends events: where, how they become a body, a good one, and one with these properties in the field `field`."""

    address: str
    wrap: Callable[[list[Any]], Any]
    good: dict[str, Any]
    holding: Callable[[Any], dict[str, Any]]
    field: str = "properties"
    too_large: int = 413


def segment(address: str) -> Way:
    good = {"type": "track", "event": "x", "userId": "u"}
    return Way(address, lambda events: {"batch": events}, good, lambda given: {**good, "properties": given})


def told(given: Any) -> str:
    return json.dumps({"schema": "iglu:a/b/jsonschema/1-0-0", "data": {"schema": "iglu:shop/thing/jsonschema/1-0-0", "data": given}})


PV = {"e": "pv", "uid": "u"}
CLOUD = {"id": "1", "source": "s", "specversion": "1.0", "type": "x", "subject": "u"}
WAYS = {
    "segment": segment("/v1/batch"),
    "rudderstack": segment("/beacon/v1/batch"),
    "jitsu": segment("/api/s/batch"),
    "posthog": Way(
        "/batch/",
        lambda events: {"batch": events},
        {"event": "x", "distinct_id": "u"},
        lambda given: {"event": "x", "distinct_id": "u", "properties": given},
    ),
    "snowplow": Way(
        "/com.snowplowanalytics.snowplow/tp2",
        lambda events: {"data": events},
        PV,
        lambda given: {**PV, "e": "ue", "ue_pr": told(given)},
        too_large=422,
    ),
    "ga4": Way(
        "/mp/collect",
        lambda events: {"client_id": "c", "events": events},
        {"name": "x"},
        lambda given: {"name": "x", "params": given},
    ),
    "cloudevents": Way("/cloudevents", lambda events: events, CLOUD, lambda given: {**CLOUD, "data": given}, field="data"),
}


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> Way:
    return WAYS[request.param]


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = {"a": value}
    return value


async def send(lab: Lab, way: Way, body: Any) -> Answered:
    return await lab.ask("POST", way.address, body, KEY)


async def rejections(way: Way, bad: Any) -> list[dict[str, Any]]:
    """What is told of one bad event between two good ones, which are taken."""
    async with collector() as lab:
        reply = await send(lab, way, way.wrap([way.good, bad, way.good]))
        assert (reply.status, reply.json["accepted"], len(lab.taken())) == (200, 2, 2), reply.body
        assert [row.code for row in lab.rejected()] == [each["code"] for each in reply.json["rejected"]]
        found: list[dict[str, Any]] = reply.json["rejected"]
        return found


async def test_an_event_of_more_than_32_kb(way: Way) -> None:
    [told] = await rejections(way, way.holding({"a": "x" * 32_768}))
    assert (told["index"], told["code"]) == (1, "too_large")
    assert "32768" in told["message"] and "max_event_bytes" in told["message"]


async def test_an_event_of_nearly_32_kb_is_taken(way: Way) -> None:
    async with collector() as lab:
        reply = await send(lab, way, way.wrap([way.holding({"a": "x" * 32_000})]))
        assert (reply.status, reply.json["accepted"]) == (200, 1)


async def test_an_event_that_is_nested_too_deeply(way: Way) -> None:
    [told] = await rejections(way, way.holding(nested(DEPTH_MAX + 1)))
    assert (told["index"], told["code"]) == (1, "too_complex")
    assert told["message"].startswith(f"{way.field}: ") and str(DEPTH_MAX) in told["message"]


async def test_a_flood_of_keys(way: Way) -> None:
    [told] = await rejections(way, way.holding({f"k{number}": 1 for number in range(KEYS_MAX + 1)}))
    assert (told["code"], told["message"]) == ("too_complex", f"{way.field}: {KEYS_MAX + 1} keys; the limit is {KEYS_MAX}")


async def test_a_key_that_is_too_long(way: Way) -> None:
    [told] = await rejections(way, way.holding({"k" * (KEY_MAX_CHARS + 1): 1}))
    assert told["code"] == "too_complex"
    assert told["message"].startswith(f"{way.field}: ") and str(KEY_MAX_CHARS) in told["message"]


async def test_just_within_the_limits_of_shape_everything_is_taken(way: Way) -> None:
    many = {f"k{number}": 1 for number in range(KEYS_MAX - 40)}
    async with collector() as lab:
        for given in (nested(DEPTH_MAX - 3), many, {"k" * KEY_MAX_CHARS: 1}, {"text": "{[:" * 3000}):
            reply = await send(lab, way, way.wrap([way.holding(given)]))
            assert (reply.status, reply.json["accepted"]) == (200, 1), reply.body


@pytest.mark.parametrize("pack", [lambda body: body, gzip.compress], ids=["plain", "gzip"])
async def test_a_body_of_more_than_500_kb(way: Way, pack: Callable[[bytes], bytes]) -> None:
    body = json.dumps(way.wrap([way.holding({"a": "x" * 30_000})] * 18)).encode()
    async with collector() as lab:
        reply = await send(lab, way, pack(body))
        assert (reply.status, reply.json["code"]) == (way.too_large, "too_large")
        assert "512000" in reply.json["message"] and "max_batch_bytes" in reply.json["message"]
        assert not lab.log.records


async def test_a_zip_bomb(way: Way) -> None:
    async with collector() as lab:
        for bomb in (gzip.compress(b" " * 50_000_000), gzip.compress(b" ") * (GZIP_MEMBERS_MAX + 1)):
            reply = await send(lab, way, bomb)
            assert (reply.status, reply.json["code"]) == (way.too_large, "too_large")


async def test_more_than_2500_events(way: Way) -> None:
    async with collector() as lab:
        assert (await send(lab, way, way.wrap([way.good] * 2500))).json["accepted"] == 2500
        reply = await send(lab, way, way.wrap([way.good] * 2501))
        assert (reply.status, reply.json["code"]) == (way.too_large, "too_large")
        assert "2501" in reply.json["message"] and "max_batch_events" in reply.json["message"]


@pytest.mark.parametrize(
    ("address", "body", "field"),
    [
        ("/v1/batch", {"context": {"a": "x" * SHARED_MAX_BYTES}, "batch": []}, "context"),
        ("/mp/collect", {"user_properties": {"a": "x" * SHARED_MAX_BYTES}, "events": []}, "user_properties"),
    ],
)
async def test_what_is_said_once_for_all_events_is_small(address: str, body: Any, field: str) -> None:
    """Else each of 2,500 events would carry it: half a megabyte would become a gigabyte."""
    async with collector() as lab:
        reply = await lab.ask("POST", address, body, KEY)
        assert (reply.status, reply.json["code"]) == (413, "too_large")
        assert str(SHARED_MAX_BYTES) in reply.json["message"]
        assert (await lab.ask("POST", address, {**body, field: {"a": "x" * 4000}}, KEY)).status == 200


@pytest.mark.parametrize("sent_at", ["2023-11-14" + "0" * 400_000, [["x"] * 9] * 9_000], ids=["text", "list"])
async def test_a_huge_time_of_sending_costs_little_and_rejects_what_it_would_correct(sent_at: Any) -> None:
    async with collector() as lab:
        batch = [{"type": "track", "event": "x", "userId": "u"}] * 500
        reply = await lab.ask("POST", "/v1/batch", {"batch": batch, "sentAt": sent_at}, KEY)
        assert {(each["code"], len(each["message"]) < 200) for each in reply.json["rejected"]} == {("invalid_field", True)}


def test_what_is_remembered_is_small() -> None:
    """Names and times are remembered by their text: none that is long may be."""
    assert canonical("x" * 30_000) == CUSTOM
    assert to_ms("2023-11-14T22:13:20Z" + " " * 100) is None
