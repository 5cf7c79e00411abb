"""PostHog's events: names, the one id that is a device's or a user's, times, bodies."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import quote

import pytest

from collector.answers import Refused
from tests.unit.dialect_lab import NOW_MS, Judged, sent

EVENT: dict[str, Any] = {"event": "Thing Done", "distinct_id": "u1", "uuid": "e1", "timestamp": "2023-11-14T22:13:19Z"}
UUID7_AT_NOW = "018bcfe5-6800-7000-8000-000000000000"  # its first 48 bits are NOW_MS


def batch(*events: Any, **more: Any) -> Judged:
    return sent("/batch/", {"api_key": "wk", "batch": list(events), **more})


def props(**given: Any) -> dict[str, Any]:
    return {**EVENT, "properties": {name.replace("__", "$"): value for name, value in given.items()}}


def test_an_event_of_a_server() -> None:
    event = props(product_id="p1", price="2.5", __is_server=True, __lib="posthog-python")
    found = batch({**event, "event": "Product Added"}, sent_at="2023-11-14T22:13:20Z")
    line = found.line
    assert (line.event, line.event_raw, line.message_id, line.user_id, line.device_id) == ("add_to_cart", "Product Added", "e1", "u1", "")
    assert (line.client_at_ms, line.sent_at_ms, line.source, line.items[0].product_id) == (NOW_MS - 1000, NOW_MS, "server", "p1")
    assert (found.keys[0], line.props) == ("wk", {"$is_server": True, "$lib": "posthog-python"})


def test_a_page_view_of_a_browser() -> None:
    url = {"__current_url": "https://shop.example/a?utm_source=x", "__pathname": "/a", "title": "A", "__referrer": "$direct"}
    seen = props(
        **url, __device_id="d1", __lib="web", __timezone="Europe/Rome", token="wk", distinct_id="d1", __raw_user_agent="Mozilla/5.0"
    )
    found = sent("/e/?ip=0&_=1700000000000&ver=1", {**seen, "event": "$pageview", "distinct_id": None})
    line = found.line
    assert (line.event, line.event_raw, line.page_url, line.page_path) == (
        "page_view",
        "$pageview",
        "https://shop.example/a?utm_source=x",
        "/a",
    )
    assert (line.page_title, line.referrer, line.timezone, line.user_agent) == ("A", "", "Europe/Rome", "Mozilla/5.0")
    assert (line.device_id, line.user_id, line.sent_at_ms, line.source) == ("d1", "", NOW_MS, "web")
    assert "wk" in found.keys
    assert line.props == {"$device_id": "d1", "$lib": "web"}


@pytest.mark.parametrize(
    ("given", "device_id", "user_id"),
    [
        ({}, "", "u1"),
        ({"__process_person_profile": False}, "u1", ""),
        ({"__device_id": "u1"}, "u1", ""),
        ({"__device_id": "d1", "__user_id": "u1"}, "d1", "u1"),
        ({"__device_id": "d1", "__is_identified": False}, "d1", ""),
        ({"__is_identified": False}, "u1", ""),
        ({"__device_id": "d1", "__is_identified": True}, "d1", "u1"),
    ],
)
def test_the_one_id_is_a_devices_until_someone_is_identified(given: dict[str, Any], device_id: str, user_id: str) -> None:
    line = batch(props(**given)).line
    assert (line.device_id, line.user_id) == (device_id, user_id)


def test_the_newer_protocol_says_in_its_options_that_nobody_is_identified() -> None:
    line = sent("/i/v1/analytics/events", {"batch": [{**EVENT, "options": {"process_person_profile": False}}]}).line
    assert (line.device_id, line.user_id) == ("u1", "")


def test_calls_about_somebody() -> None:
    found = batch({**props(__anon_distinct_id="d1", __set={"email": "a@b.example"}, __set_once={"plan": "x"}), "event": "$identify"}).line
    assert (found.event, found.event_raw, found.device_id, found.user_id) == ("identify", "$identify", "d1", "u1")
    assert found.props == {"email": "a@b.example", "plan": "x"}
    found = batch({**props(distinct_id="old", alias="new"), "event": "$create_alias", "distinct_id": "old"}).line
    assert (found.event, found.previous_id, found.user_id) == ("alias", "old", "new")
    found = batch({**props(__group_type="company", __group_key="acme", __group_set={"plan": "pro"}), "event": "$groupidentify"}).line
    assert (found.event, found.user_id, found.props) == ("group", "u1", {"plan": "pro", "group_id": "acme"})
    assert batch({**EVENT, "event": "$set", "$set": {"a": 1}}).line.props == {"a": 1}
    assert batch({**props(__device_id="u1"), "event": "$set", "$set": {"a": 1}}).line.event == "custom"


def test_traits_of_an_event_are_kept_with_it() -> None:
    assert batch({**props(a=1), "$set": {"plan": "pro"}}).line.props == {"a": 1, "$set": {"plan": "pro"}}


def test_a_click_says_on_what() -> None:
    line = batch({**props(__event_type="click", __el_text="Buy"), "event": "$autocapture"}).line
    assert (line.event, line.target) == ("click", "Buy")


@pytest.mark.parametrize(
    ("event", "at_ms"),
    [
        ({"uuid": UUID7_AT_NOW, "offset": 5000}, NOW_MS),
        ({"offset": 5000}, NOW_MS - 1000),
        ({"uuid": "not-a-uuid-of-version-7-at-all-x-xxx", "offset": 5000}, NOW_MS - 1000),
        ({}, 0),
    ],
)
def test_an_event_without_a_time_has_one_in_its_id_or_its_offset(event: dict[str, Any], at_ms: int) -> None:
    assert sent("/e/?_=1700000004000", {"event": "x", "distinct_id": "u", **event}).line.client_at_ms == at_ms


@pytest.mark.parametrize("path", ["/e/", "/batch", "/capture/", "/track/", "/engage/", "/i/v0/e/"])
@pytest.mark.parametrize("shape", ["one", "list", "batch", "form"])
def test_every_address_takes_every_shape(path: str, shape: str) -> None:
    event = {**EVENT, "api_key": "wk"}
    bodies: dict[str, Any] = {"one": event, "list": [event], "batch": {"api_key": "wk", "batch": [EVENT]}}
    bodies["form"] = b"data=" + quote(base64.b64encode(json.dumps(event).encode()).decode()).encode()
    found = sent(path, bodies[shape])
    assert (found.line.message_id, "wk" in found.keys) == ("e1", True)


@pytest.mark.parametrize("body", [b"", b"5", b"data=", b"data", b"data=%ff", b'{"batch":5}', b"[", b"data=aGFsbG8="])
def test_what_is_no_body_is_refused(body: bytes) -> None:
    with pytest.raises(Refused) as refused:
        sent("/e/", body)
    assert (refused.value.status, refused.value.code) == (400, "malformed")


@pytest.mark.parametrize(
    ("event", "why"),
    [
        ({**EVENT, "event": " "}, ("missing_field", "event")),
        ({"distinct_id": "u"}, ("missing_field", "event")),
        ({**EVENT, "event": 5}, ("invalid_field", "event")),
        ({**EVENT, "distinct_id": None}, ("no_identity", "distinct_id")),
        ({**EVENT, "distinct_id": ["u"]}, ("invalid_field", "distinct_id")),
        ({**EVENT, "distinct_id": "u" * 200}, ("invalid_field", "distinct_id")),
        ({**EVENT, "uuid": True}, ("invalid_field", "uuid")),
        ({**EVENT, "timestamp": "soon"}, ("invalid_field", "timestamp")),
        ({**EVENT, "properties": []}, ("invalid_field", "properties")),
        ({**EVENT, "event": "Product Added"}, ("missing_field", "items")),
        ({**EVENT, "event": "$create_alias", "properties": {"alias": "new"}}, ("missing_field", "properties.distinct_id")),
        ({**EVENT, "event": "$create_alias", "properties": {"distinct_id": "old"}}, ("missing_field", "properties.alias")),
        ({**EVENT, "event": "$groupidentify"}, ("missing_field", "properties.$group_key")),
        (
            {**EVENT, "event": "$groupidentify", "distinct_id": "$co_acme", "properties": {"$group_type": "co", "$group_key": "acme"}},
            ("no_identity", "distinct_id"),
        ),
        (7, ("not_an_object", "")),
    ],
)
def test_a_bad_event_gives_the_field_and_the_others_survive(event: Any, why: tuple[str, str]) -> None:
    assert batch(event).why == why
    found = batch(event, EVENT)
    assert [line.message_id for line in found.lines] == ["e1"]


def test_the_newer_clients_are_told_which_events_were_dropped() -> None:
    answer = json.loads(batch({**EVENT, "distinct_id": None, "uuid": "bad"}, EVENT).answer)
    assert (answer["status"], answer["accepted"]) == (1, 1)
    assert list(answer["results"]) == ["bad"]
    assert answer["results"]["bad"]["result"] == "drop"
