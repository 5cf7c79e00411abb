"""Segment's calls and what RudderStack and Jitsu make of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from collector.dialects.registry import ROUTES
from collector.dialects.segment import SHORT
from tests.unit.dialect_lab import NOW_MS, sent

CALL: dict[str, Any] = {"event": "Product Added", "userId": "u", "messageId": "m", "properties": {"sku": "p1"}}
MEANS = {"track": "add_to_cart", "page": "page_view", "screen": "screen_view", "identify": "identify", "group": "group", "alias": "alias"}


@pytest.mark.parametrize(
    "address",
    [f"{root}/{kind}" for root in ("/v1", "/api/s", "/api/s/s2s") for kind in MEANS] + [f"/v1/{short}" for short in SHORT if short != "b"],
)
def test_every_type_of_call_has_its_addresses(address: str) -> None:
    path = address.rpartition("/")[2]
    line = sent(address, {**CALL, "groupId": "g", "previousId": "v", "name": "N"}).line
    assert line.event == MEANS[SHORT.get(path, path)]


@pytest.mark.parametrize("path", ["/v1/batch", "/v1/b", "/v1/import", "/beacon/v1/batch", "/api/s/batch", "/api/s/s2s/batch"])
def test_every_address_of_batches_takes_all_types(path: str) -> None:
    calls = [{**CALL, "type": kind, "groupId": "g", "previousId": "v", "messageId": kind} for kind in MEANS]
    found = sent(path, {"batch": calls, "writeKey": "wk:secret", "sentAt": "2023-11-14T22:13:20Z", "context": {"locale": "fr"}})
    assert {line.message_id: line.event for line in found.lines} == MEANS
    assert {(line.sent_at_ms, line.locale) for line in found.lines} == {(NOW_MS, "fr")}


def test_a_beacon_of_rudderstack_has_its_key_in_the_query() -> None:
    assert "wk" in sent("/beacon/v1/batch?writeKey=wk", {"batch": []}).keys


def test_the_first_part_of_jitsus_key_names_the_source() -> None:
    assert "wk" in sent("/api/s/track", CALL, {"x-write-key": "wk:secret"}).keys
    assert "wk" in sent("/api/s/track", {**CALL, "writeKey": "wk:secret"}).keys


def test_jitsu_is_told_ok() -> None:
    answer = json.loads(sent("/api/s/track", {**CALL, "event": ""}).answer)
    assert (answer["ok"], answer["success"], answer["accepted"]) == (True, True, 0)
    assert answer["rejected"][0]["message"].startswith("event: ")


@pytest.mark.parametrize(
    ("call", "why"),
    [
        ({**CALL, "type": "merge"}, ("unknown_type", "type")),
        ({**CALL, "type": "track", "properties": {}}, ("missing_field", "items")),
        ({**CALL, "type": "group"}, ("missing_field", "groupId")),
        ({**CALL, "type": "track", "userId": None}, ("no_identity", "anonymousId")),
    ],
)
@pytest.mark.parametrize("path", ["/v1/batch", "/beacon/v1/batch", "/api/s/batch"])
def test_a_bad_call_gives_the_field_and_the_others_survive(path: str, call: dict[str, Any], why: tuple[str, str]) -> None:
    assert sent(path, {"batch": [call]}).why == why
    assert [line.message_id for line in sent(path, {"batch": [call, 7, {**CALL, "type": "track"}]}).lines] == ["m"]


def test_no_address_is_taken_twice() -> None:
    assert len({(route.path, route.method) for route in ROUTES}) == len({route.path for route in ROUTES}) == len(ROUTES)
    assert all(route.path == route.path.rstrip("/") for route in ROUTES)
