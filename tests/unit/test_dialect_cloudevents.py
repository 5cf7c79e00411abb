"""CloudEvents in its three modes, and what their attributes become."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from collector.answers import Refused
from tests.unit.dialect_lab import NOW_MS, Judged, sent

EVENT: dict[str, Any] = {
    "specversion": "1.0",
    "id": "7",
    "source": "/shop",
    "type": "com.example.add_to_cart",
    "subject": "u1",
    "time": "2023-11-14T22:13:20Z",
    "datacontenttype": "application/json",
    "data": {"product_id": "p1", "price": 2.5},
}


def judged(event: Any) -> Judged:
    return sent("/cloudevents", event)


def binary(body: bytes, **more: str) -> Judged:
    attributes = {f"ce-{name}": value for name, value in {**EVENT, **more}.items() if isinstance(value, str) and name != "datacontenttype"}
    return sent("/cloudevents", body, {**attributes, "content-type": "application/json"})


def test_the_three_modes_give_the_same_event() -> None:
    line = judged(EVENT).line
    assert (line.event, line.event_raw, line.message_id) == ("add_to_cart", "com.example.add_to_cart", "/shop#7")
    assert (line.user_id, line.device_id, line.client_at_ms, line.items[0].product_id) == ("u1", "", NOW_MS, "p1")
    assert judged([EVENT]).line == line
    assert binary(json.dumps(EVENT["data"]).encode()).line == line


def test_an_id_is_its_sources() -> None:
    found = judged([EVENT, {**EVENT, "source": "/till"}, {**EVENT, "source": "/" + "x" * 200}])
    assert len({line.message_id for line in found.lines}) == 3
    assert max(len(line.message_id) for line in found.lines) <= 128


@pytest.mark.parametrize(
    ("name", "means"),
    [
        ("com.example.order.completed", "purchase"),
        ("com.example.order.completed.v2", "purchase"),
        ("Order Completed", "purchase"),
        ("com.example/view_cart", "view_cart"),
        ("com.example.page", "page_view"),
        ("com.example.screen", "screen_view"),
        ("com.example.parcel.sent", "custom"),
    ],
)
def test_the_end_of_a_type_is_the_name(name: str, means: str) -> None:
    line = judged({**EVENT, "type": name}).line
    assert (line.event, line.event_raw) == (means, name)


def test_calls_about_somebody() -> None:
    line = judged({**EVENT, "type": "com.example.identify", "data": {"anonymousId": "d1", "userId": "u2", "email": "a@b.example"}}).line
    assert (line.event, line.device_id, line.user_id, line.props) == ("identify", "d1", "u2", {"email": "a@b.example"})
    line = judged({**EVENT, "type": "com.example.alias", "data": {"previous_id": "old", "user_id": "new"}}).line
    assert (line.event, line.previous_id, line.user_id) == ("alias", "old", "new")
    line = judged({**EVENT, "type": "com.example.group", "data": {"groupId": "g", "traits": {"plan": "pro"}}}).line
    assert (line.event, line.user_id, line.props) == ("group", "u1", {"plan": "pro", "group_id": "g"})


def test_data_may_be_one_of_segments_calls() -> None:
    data = {"anonymousId": "d1", "name": "Home", "properties": {"a": 1}, "context": {"page": {"url": "https://shop.example/a"}}}
    line = judged({**EVENT, "type": "com.example.page", "data": data}).line
    assert (line.page_url, line.page_title, line.props, line.device_id, line.user_id) == (
        "https://shop.example/a",
        "Home",
        {"a": 1},
        "d1",
        "",
    )


def test_who_it_was() -> None:
    line = judged({**EVENT, "anonymousid": "d1", "userid": "u2"}).line
    assert (line.device_id, line.user_id) == ("d1", "u2")
    line = judged({**EVENT, "anonymousid": "d1"}).line
    assert (line.device_id, line.user_id) == ("d1", ""), "with a device, the subject may be anything"


@pytest.mark.parametrize(
    ("event", "props"),
    [
        ({"data": [1, 2]}, {"data": [1, 2]}),
        ({"data": None}, {}),
        ({"data_base64": base64.b64encode(b'{"a": 1}').decode()}, {"a": 1}),
        ({"data_base64": base64.b64encode(b"\xff\xfe").decode()}, {"data_base64": "//4="}),
    ],
)
def test_data_that_is_no_object_is_kept(event: dict[str, Any], props: dict[str, Any]) -> None:
    bare = {name: value for name, value in EVENT.items() if name != "data"}
    assert judged({**bare, "type": "x", **event}).line.props == props


def test_binary_data_that_is_no_json_and_headers_that_are_escaped() -> None:
    assert binary(b"\xff\xfe", type="x").line.props == {"data_base64": "//4="}
    assert binary(b"", type="x", subject="Euro%20%E2%82%AC").line.user_id == "Euro €"


def test_the_key_may_be_in_the_query() -> None:
    assert sent("/cloudevents?write_key=wk", EVENT).keys == ("wk",)


@pytest.mark.parametrize("body", [b"", b"5", b"[", b'{"id":', b"\xff"])
def test_what_is_no_request_is_refused(body: bytes) -> None:
    with pytest.raises(Refused) as refused:
        sent("/cloudevents", body)
    assert refused.value.status == 400


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"id": None}, ("invalid_field", "id")),
        ({"id": " "}, ("invalid_field", "id")),
        ({"source": ""}, ("invalid_field", "source")),
        ({"type": ""}, ("invalid_field", "type")),
        ({"type": "x" * 600}, ("invalid_field", "type")),
        ({"specversion": "0.3"}, ("invalid_field", "specversion")),
        ({"time": "soon"}, ("invalid_field", "time")),
        ({"subject": None}, ("no_identity", "anonymousid")),
        ({"subject": "u" * 200}, ("invalid_field", "subject")),
        ({"data": {}}, ("missing_field", "items")),
        ({"data": None, "data_base64": "!"}, ("invalid_field", "data_base64")),
        ({"data": None, "data_base64": "\U0001f600"}, ("invalid_field", "data_base64")),
        ({"type": "x.alias", "data": {"userId": "u"}}, ("missing_field", "data.previousId")),
        ({"type": "x.group"}, ("missing_field", "data.groupId")),
        ({"data": {"userId": {"a": 1}, "product_id": "p"}}, ("invalid_field", "subject")),
    ],
)
def test_a_bad_event_gives_the_field_and_the_others_survive(change: dict[str, Any], why: tuple[str, str]) -> None:
    bad = {**EVENT, **change}
    assert judged(bad).why == why
    assert [line.message_id for line in judged([bad, {**EVENT, "id": "good"}]).lines] == ["/shop#good"]


def test_a_missing_attribute_is_named() -> None:
    for name in ("id", "source", "specversion", "type"):
        assert judged({key: value for key, value in EVENT.items() if key != name}).why == ("missing_field", name)
