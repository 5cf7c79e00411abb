"""Whatever is sent in any dialect is taken, rejected or refused; nothing raises, and the good events of a request survive."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.answers import Refused
from collector.dialects.registry import ROUTES
from schemas.reasons import RejectReason
from tests.unit.dialect_lab import Judged, sent

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=9)
    | st.sampled_from([10**400, "1700000000000", "bm8="]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=9,
)
COMMERCE = "iglu:com.snowplowanalytics.snowplow.ecommerce/"


def told(schema: Any, data: Any) -> str:
    return json.dumps({"schema": "iglu:a/b/jsonschema/1-0-0", "data": {"schema": schema, "data": data}})


# For each dialect: where a batch goes, how events become its body, a good event, and its fields with what is worth trying in them.
Wrap = Callable[[list[Any]], Any]
DIALECTS: dict[str, tuple[str, Wrap, dict[str, Any], dict[str, list[Any]]]] = {
    "segment": (
        "/v1/batch",
        lambda events: {"batch": events},
        {"type": "track", "event": "x", "userId": "u"},
        {"type": ["page", "alias", "identify"], "event": ["Product Added"], "properties": [], "traits": [], "context": [], "timestamp": []},
    ),
    "posthog": (
        "/batch/",
        lambda events: {"batch": events},
        {"event": "x", "distinct_id": "u"},
        {
            "event": ["$identify", "$create_alias", "$groupidentify", "$set", "$autocapture", "$pageview", "Product Added"],
            "properties": [{"$device_id": 1, "alias": [], "$set": 4, "$el_text": 1, "$current_url": 3, "$group_key": {}, "items": [{}]}],
            "$set": [],
            "uuid": ["x" * 14 + "7" + "y" * 21],
            "offset": [],
            "timestamp": [],
            "options": [],
        },
    ),
    "snowplow": (
        "/com.snowplowanalytics.snowplow/tp2",
        lambda events: {"data": events},
        {"e": "pv", "uid": "u"},
        {
            "e": ["ue", "se", "tr", "ti", "pp"],
            "ue_pr": [told(COMMERCE + "snowplow_ecommerce_action/x/1", {"type": each}) for each in ("refund", "checkout_step", 5, "")],
            "ue_px": [],
            "co": [json.dumps({"data": [{"schema": COMMERCE + "product/x/1", "data": {"id": []}}, {"schema": "/", "data": 1}, 5]})],
            "cx": [],
            "tr_tt": [],
            "dtm": [],
            "ttm": [],
        },
    ),
    "ga4": (
        "/mp/collect",
        lambda events: {"client_id": "c", "events": events},
        {"name": "x"},
        {
            "name": ["purchase", "add_to_cart"],
            "params": [{"transaction_id": 10**400, "items": 5, "page_location": 1}],
            "timestamp_micros": [],
        },
    ),
    "cloudevents": (
        "/cloudevents",
        lambda events: events,
        {"id": "1", "source": "s", "specversion": "1.0", "type": "x", "subject": "u"},
        {
            "type": ["a.alias", "a.group", ".", "//", "v1", "x.order.completed.v1"],
            "data": [{"properties": 5, "userId": {}}],
            "data_base64": [],
        },
    ),
}


def check(found: Judged, events: list[Any]) -> None:
    assert len(found.lines) + len(found.rejected) == len(events)
    assert RejectReason.INTERNAL_ERROR not in {row.code for row in found.rejected}, [row.message for row in found.rejected]
    for line in found.lines:
        assert line.event and line.message_id
        assert line.device_id or line.user_id


@pytest.mark.parametrize("name", DIALECTS)
@given(data=st.data())
def test_a_damaged_event_is_taken_or_rejected_and_the_good_one_survives(name: str, data: st.DataObject) -> None:
    address, wrap, good, fields = DIALECTS[name]
    changes = {field: st.sampled_from(values) | JSON if values else JSON for field, values in fields.items()}
    bad = {**good, **data.draw(st.fixed_dictionaries({}, optional=changes | dict.fromkeys(good, JSON)))}
    events = [bad, good, data.draw(JSON)]
    found = sent(address, json.dumps(wrap(events)).encode())
    check(found, events)
    assert found.lines


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.path)
@settings(max_examples=20)
@given(body=st.binary(max_size=60) | JSON.map(lambda each: json.dumps(each).encode()), query=st.text("=&%ae1dpi", max_size=9))
def test_any_body_is_taken_rejected_or_refused(route: Any, body: bytes, query: str) -> None:
    try:
        found = sent(f"{route.path}?{query}", body.strip())
    except Refused as refused:
        assert refused.status in (400, 413)
        return
    assert RejectReason.INTERNAL_ERROR not in {row.code for row in found.rejected}, [row.message for row in found.rejected]
