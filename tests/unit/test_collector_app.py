"""What every answer has, and what is told when a key has used up its share, a page may not use it, or something of ours fails."""

from __future__ import annotations

from typing import Any

import pytest

from collector.context import Visitor
from collector.dialects.registry import ROUTES
from collector.enrich.places import Place, Places
from collector.intake import take
from collector.packer import NotStored
from collector.steps import Envelope
from tests.asgi_lab import NOW_MS, SECRET, Answered, Lab, collector

KEY = {"X-Write-Key": "wk"}
ORIGIN = {"Origin": "https://evil.example"}
TRACK = {"event": "x", "userId": "u"}
SECURITY = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cross-origin-resource-policy": "cross-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


def secure(reply: Answered) -> None:
    assert SECURITY.items() <= reply.headers.items()
    assert "strict-transport-security" not in reply.headers  # this is no HTTPS


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.path)
async def test_every_answer_of_every_address_has_the_security_headers(route: Any) -> None:
    async with collector() as lab:
        for method in (route.method, "OPTIONS", "PUT", "HEAD"):
            secure(await lab.ask(method, route.path, {"batch": [], "data": [], "events": []}, KEY))


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/nowhere", "/v1/clock"])
async def test_and_so_have_the_others(path: str) -> None:
    async with collector() as lab:
        secure(await lab.ask("GET", path))


async def test_a_page_of_another_origin_is_told_that_it_may_not() -> None:
    async with collector(write_key_origins={"wk": "https://shop.example"}) as lab:
        reply = await lab.ask("POST", "/v1/track", TRACK, {**KEY, **ORIGIN})
        assert (reply.status, reply.json["code"]) == (403, "origin_not_allowed")
        assert reply.headers["access-control-allow-origin"] == ORIGIN["Origin"]  # else the page's own code could not read it
        assert (await lab.ask("POST", "/v1/track", TRACK, {**KEY, "Origin": "https://shop.example"})).status == 200
        assert (await lab.ask("POST", "/v1/track", TRACK, KEY)).status == 200  # a server
        assert len(lab.taken()) == 2


@pytest.mark.parametrize("route", [route for route in ROUTES if route.method == "POST"], ids=lambda route: route.path)
async def test_beyond_the_rate_every_protocol_is_told_when_to_come_back(route: Any) -> None:
    clock = [NOW_MS]
    good: dict[str, Any] = {**TRACK, "type": "track", "distinct_id": "u", "previousId": "v", "groupId": "g"}
    cloud = {"id": "1", "source": "s", "specversion": "1.0", "type": "x", "subject": "u"}
    one = {"snowplow": {"data": [{"e": "pv", "uid": "u"}]}, "ga4": {"client_id": "c", "events": [{"name": "x"}]}, "cloudevents": cloud}
    body = one.get(route.dialect.name) or ({"batch": [good]} if route.kind in ("batch", "v1") else good)
    async with collector(lambda: clock[0], rate_limit_events_per_s=1, rate_limit_burst_s=2) as lab:
        replies = [await lab.ask("POST", route.path, body, KEY) for _ in range(3)]
        assert [reply.status for reply in replies] == [200, 200, 429]
        assert (replies[2].json["success"], replies[2].json["code"]) == (False, "rate_limited")
        assert "1 events/s" in replies[2].json["message"]
        clock[0] += 1000 * int(replies[2].headers["retry-after"])
        assert (await lab.ask("POST", route.path, body, KEY)).status == 200
        metrics = (await lab.ask("GET", "/metrics")).body
        assert b'cartwake_collector_limited_events_total{code="rate_limited",write_key="wk"} 1.0' in metrics


async def test_a_quota_is_for_the_day_and_for_its_key_alone() -> None:
    keys = {"wk": "web", "other": "web"}
    async with collector(write_keys=keys, key_quotas_events_per_day={"wk": 1}) as lab:
        assert (await lab.ask("POST", "/v1/track", TRACK, KEY)).status == 200
        reply = await lab.ask("POST", "/v1/track", TRACK, KEY)
        assert (reply.status, reply.json["code"]) == (429, "quota_exceeded")
        assert int(reply.headers["retry-after"]) == 86_400 - NOW_MS // 1000 % 86_400
        assert (await lab.ask("POST", "/v1/track", TRACK, {"X-Write-Key": "other"})).status == 200


async def test_what_kafka_did_not_take_does_not_count() -> None:
    async with collector(rate_limit_events_per_s=1, rate_limit_burst_s=1) as lab:
        lab.log.failure = NotStored("broker-7.internal did not answer")
        replies = [await lab.ask("POST", "/v1/track", TRACK, KEY) for _ in range(5)]
        assert {reply.status for reply in replies} == {503}
        assert all(b"broker-7" not in reply.body for reply in replies)
        lab.log.failure = None
        assert (await lab.ask("POST", "/v1/track", TRACK, KEY)).status == 200


async def test_other_lanes_know_no_such_limits() -> None:
    async with collector(rate_limit_events_per_s=1, rate_limit_burst_s=1) as lab:
        lab.log.add_topics({"replay.events": 1, "replay.rejected": 1})
        headers = {**KEY, "Authorization": f"Bearer {SECRET}", "X-Cartwake-Lane": "replay"}
        assert [(await lab.ask("POST", "/v1/track", TRACK, headers)).status for _ in range(5)] == [200] * 5


async def test_while_a_secret_key_is_rotated_both_open_what_is_closed() -> None:
    async with collector(more_secret_keys=["sk_next"]) as lab:
        for key in (SECRET, "sk_next"):
            reply = await lab.ask("POST", "/v1/clock", {"lane": "nowhere", "now_ms": NOW_MS}, {"Authorization": f"Bearer {key}"})
            assert (reply.status, reply.json["code"]) == (404, "unknown_lane")
            assert (await lab.ask("POST", "/v1/track", TRACK, {"X-Write-Key": key})).status == 401


async def test_a_fault_of_ours_is_told_without_a_word_of_what_it_was(caplog: pytest.LogCaptureFixture) -> None:
    def broken_clock() -> int:
        raise RuntimeError("the password is hunter2")

    async with collector(broken_clock) as lab:
        for route in ROUTES:
            reply = await lab.ask(route.method, route.path, b"", KEY)
            assert (reply.status, reply.json["code"]) == (500, "internal_error")
            assert not any(word in reply.body for word in (b"hunter2", b"Traceback", b"RuntimeError", b".py"))
            secure(reply)
    assert "hunter2" in caplog.text


def test_a_fault_at_one_event_is_told_without_a_word_of_what_it_was(caplog: pytest.LogCaptureFixture) -> None:
    class BrokenPlaces(Places):
        def _find(self, address: str) -> Place:
            raise RuntimeError("the password is hunter2")

    visitor = Visitor(address="203.0.113.7", places=BrokenPlaces())
    envelope = Envelope(write_key="wk", source="web", received_at_ms=NOW_MS, max_event_bytes=2000, visitor=visitor)
    found = take([b'{"type":"track","event":"x","userId":"u"}'], envelope, "live", 1)
    [told] = found.rejected
    assert (told.code, "hunter2" in told.message, "Error" in told.message) == ("internal_error", False, False)
    assert b"hunter2" in found.rejected_lines[0] and "hunter2" in caplog.text


async def test_the_lab_is_a_collector_that_keeps_what_it_took() -> None:
    """Else the tests above could pass on nothing."""
    async with collector() as lab:
        assert isinstance(lab, Lab)
        assert (await lab.ask("POST", "/v1/track", {**TRACK, "messageId": "m1"}, KEY)).json["accepted"] == 1
        assert [(line.message_id, line.event_raw) for line in lab.taken()] == [("m1", "x")]
