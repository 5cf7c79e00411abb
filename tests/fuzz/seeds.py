"""Good requests of every dialect, from which the malformed ones are made; each good event has a mark by which it is found again."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

from schemas.collected import Collected

ITEM = {"product_id": "p1", "name": "Mug", "price": 12.5, "quantity": 2}
PAGE = {"url": "https://shop.example/a?utm_source=x&gclid=1", "referrer": "https://www.google.com/", "title": "A"}
CONTEXT = {"page": PAGE, "userAgent": "Mozilla/5.0 (Windows NT 10.0) Chrome/120", "ip": "203.0.113.9", "campaign": {"source": "mail"}}
TIME = "2023-11-14T22:13:20Z"
COMMERCE = "iglu:com.snowplowanalytics.snowplow.ecommerce/"


class Seed(NamedTuple):
    """Where a dialect's events go, in what body, the events (by mark), and the mark of a stored line.

    `calls` are addresses that take one event each; `query` is what their request needs beside the body.
    """

    batch: str
    wrap: Callable[[list[Any]], Any]
    events: Callable[[str], list[dict[str, Any]]]
    mark_of: Callable[[Collected], str]
    calls: tuple[str, ...] = ()
    query: str = ""
    pixel: str = ""


def segment(mark: str) -> list[dict[str, Any]]:
    base = {"messageId": mark, "anonymousId": "d1", "userId": "u1", "timestamp": TIME, "context": CONTEXT}
    order = {"order_id": "o1", "total": 25, "currency": "EUR", "products": [ITEM, ITEM]}
    return [
        {**base, "type": "track", "event": "Order Completed", "properties": order},
        {**base, "type": "track", "event": "Product Added", "properties": ITEM},
        {**base, "type": "page", "name": "Home", "properties": PAGE},
        {**base, "type": "identify", "traits": {"email": "a@b.example"}},
        {**base, "type": "group", "groupId": "g1", "traits": {"plan": "pro"}},
        {**base, "type": "alias", "previousId": "old"},
    ]


def posthog(mark: str) -> list[dict[str, Any]]:
    base = {"uuid": mark, "distinct_id": "u1", "timestamp": TIME}
    props = {"$current_url": PAGE["url"], "$device_id": "d1", "$lib": "web", "$raw_user_agent": "Mozilla/5.0", "token": "wk"}
    return [
        {**base, "event": "$pageview", "properties": props},
        {**base, "event": "$identify", "properties": {**props, "$anon_distinct_id": "d0"}, "$set": {"plan": "pro"}},
        {**base, "event": "Product Added", "properties": {**props, "products": [ITEM], "currency": "EUR"}},
        {**base, "event": "$groupidentify", "properties": {**props, "$group_type": "shop", "$group_key": "g", "$group_set": {"a": 1}}},
    ]


def snowplow(mark: str) -> list[dict[str, Any]]:
    base = {"eid": mark, "duid": "d1", "uid": "u1", "dtm": "1699999999000", "stm": "1700000000000", "aid": "wk", "p": "web"}
    action = {"schema": COMMERCE + "snowplow_ecommerce_action/jsonschema/1-0-2", "data": {"type": "add_to_cart"}}
    told = {"schema": "iglu:com.snowplowanalytics.snowplow/unstruct_event/jsonschema/1-0-0", "data": action}
    product = {"schema": COMMERCE + "product/jsonschema/1-0-0", "data": {"id": "p1", "price": 2.5, "currency": "EUR", "quantity": 1}}
    entities = {"schema": "iglu:com.snowplowanalytics.snowplow/contexts/jsonschema/1-0-0", "data": [product]}
    return [
        {**base, "e": "pv", "url": PAGE["url"], "page": "A", "refr": PAGE["referrer"]},
        {**base, "e": "ue", "ue_pr": json.dumps(told), "co": json.dumps(entities)},
        {**base, "e": "se", "se_ca": "a", "se_ac": "b", "se_va": "1"},
        {**base, "e": "tr", "tr_id": "o1", "tr_tt": "25", "tr_cu": "EUR"},
    ]


def ga4(mark: str) -> list[dict[str, Any]]:
    order = {"transaction_id": "o1", "value": 25, "currency": "EUR", "items": [{"item_id": "p1", "price": 2.5}]}
    return [
        {"name": "purchase", "params": {**order, "mark": mark}},
        {"name": "page_view", "params": {"page_location": PAGE["url"], "mark": mark}},
        {"name": "anything", "params": {"mark": mark}, "timestamp_micros": 1_700_000_000_000_000},
    ]


def cloudevents(mark: str) -> list[dict[str, Any]]:
    base = {"id": mark, "source": "s", "specversion": "1.0", "subject": "u1", "time": TIME}
    return [
        {**base, "type": "shop.order.completed.v1", "data": {"order_id": "o1", "total": 25, "currency": "EUR", "products": [ITEM]}},
        {**base, "type": "page", "data": {"properties": PAGE, "context": CONTEXT, "anonymousId": "d1"}},
        {**base, "type": "x", "data_base64": "eyJhIjoxfQ=="},
    ]


def _message_id(line: Collected) -> str:
    return line.message_id


def _batch(events: list[Any]) -> Any:
    return {"batch": events, "sentAt": TIME, "context": CONTEXT}


CALLS = ("track", "page", "screen", "identify", "group", "alias")
SEEDS = {
    "segment": Seed(
        "/v1/batch", _batch, segment, _message_id, (*(f"/v1/{call}" for call in CALLS), *(f"/v1/{letter}" for letter in "tpsiga"))
    ),
    "rudderstack": Seed("/beacon/v1/batch", _batch, segment, _message_id),
    "jitsu": Seed("/api/s/batch", _batch, segment, _message_id, tuple(f"/api/s{side}/{call}" for side in ("", "/s2s") for call in CALLS)),
    "posthog": Seed(
        "/batch/",
        lambda events: {"api_key": "wk", "batch": events, "sent_at": TIME},
        posthog,
        _message_id,
        ("/e", "/capture", "/track", "/engage", "/i/v0/e"),
    ),
    "snowplow": Seed(
        "/com.snowplowanalytics.snowplow/tp2",
        lambda events: {"schema": "iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4", "data": events},
        snowplow,
        _message_id,
        pixel="/i",
    ),
    "ga4": Seed(
        "/mp/collect",
        lambda events: {"client_id": "c1", "user_id": "u1", "events": events, "user_properties": {"plan": {"value": "pro"}}},
        ga4,
        lambda line: str(line.props.get("mark", "")),
        query="api_secret=wk&measurement_id=G-1",
    ),
    "cloudevents": Seed("/cloudevents", lambda events: events, cloudevents, lambda line: line.message_id.partition("#")[2]),
}
