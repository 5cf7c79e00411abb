"""Snowplow's events: the kinds of its protocol, its e-commerce plugin's actions and entities, base64, the pixel."""

from __future__ import annotations

import base64
import json
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pytest

from collector.answers import malformed, too_large
from collector.dialects.snowplow import SNOWPLOW
from collector.dialects.snowplow_events import ACTIONS, KINDS, SCHEMAS
from schemas.collected import Collected
from tests.unit.dialect_lab import NOW_MS, Judged, sent

TP2 = "/com.snowplowanalytics.snowplow/tp2"
SNOW = "iglu:com.snowplowanalytics.snowplow/"
COMMERCE = "iglu:com.snowplowanalytics.snowplow.ecommerce/"
BASE: dict[str, Any] = {"eid": "e1", "duid": "d1", "dtm": str(NOW_MS - 1000), "stm": str(NOW_MS), "aid": "wk", "tna": "sp", "p": "web"}
PRODUCT = {"id": "p1", "category": "c", "price": 2.5, "currency": "eur", "quantity": 2}


def post(*events: Any) -> Judged:
    return sent(TP2, {"schema": SNOW + "payload_data/jsonschema/1-0-4", "data": list(events)})


def packed(data: Any, pad: bool = False) -> str:
    text = base64.urlsafe_b64encode(json.dumps(data).encode()).decode()
    return text if pad else text.rstrip("=")


def event(schema: str, data: Any, *entities: tuple[str, Any], **more: Any) -> dict[str, Any]:
    told = {"schema": SNOW + "unstruct_event/jsonschema/1-0-0", "data": {"schema": schema + "/jsonschema/1-0-0", "data": data}}
    found = {**BASE, "e": "ue", "ue_px": packed(told), **more}
    if entities:
        listed = [{"schema": f"{name}/jsonschema/1-0-0", "data": each} for name, each in entities]
        found["co"] = json.dumps({"schema": SNOW + "contexts/jsonschema/1-0-0", "data": listed})
    return found


def action(kind: str, *entities: tuple[str, Any], **data: Any) -> Collected:
    named = [(COMMERCE + name, each) for name, each in entities]
    return post(event(COMMERCE + "snowplow_ecommerce_action", {"type": kind, **data}, *named)).line


def test_a_page_view() -> None:
    seen = {"e": "pv", "url": "https://shop.example/a", "page": "A", "refr": "https://x.example/", "lang": "de", "tz": "Europe/Berlin"}
    found = post({**BASE, **seen, "ua": "Mozilla/5.0 (Windows NT 10.0)", "uid": "u1"})
    line = found.line
    assert (line.event, line.event_raw, line.page_url, line.page_title, line.referrer) == (
        "page_view",
        "page_view",
        "https://shop.example/a",
        "A",
        "https://x.example/",
    )
    assert (line.message_id, line.device_id, line.user_id, line.client_at_ms, line.sent_at_ms) == ("e1", "d1", "u1", NOW_MS - 1000, NOW_MS)
    assert (line.locale, line.timezone, line.device_type, line.source, found.keys) == (
        "de",
        "Europe/Berlin",
        "desktop",
        "web",
        ("wk", "sp"),
    )


def test_a_true_time_is_not_corrected() -> None:
    line = post({**BASE, "e": "pp", "ttm": str(NOW_MS - 99_000)}).line
    assert (line.event, line.event_raw, line.client_at_ms, line.sent_at_ms) == ("custom", "page_ping", NOW_MS - 99_000, 0)


@pytest.mark.parametrize(("platform", "source"), [("web", "web"), ("mob", "app"), ("srv", "server"), ("pc", "web")])
def test_the_platform_says_where_it_comes_from(platform: str, source: str) -> None:
    assert post({**BASE, "e": "pv", "p": platform}).line.source == source


@pytest.mark.parametrize("name", sorted(ACTIONS))
def test_every_action_of_the_plugin(name: str) -> None:
    bought = ("transaction", {"transaction_id": "t1", "revenue": 10, "currency": "EUR", "payment_method": "card", "discount_code": "X"})
    refunded = ("refund", {"transaction_id": "t1", "refund_amount": 4, "currency": "EUR"})
    line = action(name, ("product", PRODUCT), refunded if name == "refund" else bought, ("cart", {"cart_id": "c1", "total_value": 5}))
    assert (line.event, line.event_raw, line.order_id, line.cart_id) == (ACTIONS[name], name, "t1", "c1")
    assert (line.items[0].product_id, line.items[0].price, line.items[0].quantity) == ("p1", Decimal("2.5"), 2)
    assert (line.value, line.currency) == (Decimal(4 if name == "refund" else 10), "EUR")
    assert line.coupon == ("" if name == "refund" else "X")
    assert line.props["cart_value"] == 5


def test_a_products_currency_counts_where_there_is_no_other() -> None:
    assert action("product_view", ("product", PRODUCT)).currency == "EUR"


@pytest.mark.parametrize(
    ("step", "means"),
    [({"step": 1}, "begin_checkout"), ({"step": 2}, "checkout_step"), ({"step": 3, "payment_method": "card"}, "add_payment_info")],
)
def test_the_steps_of_a_checkout(step: dict[str, Any], means: str) -> None:
    line = action("checkout_step", ("checkout_step", step))
    assert (line.event, line.event_raw, line.checkout_step) == (means, "checkout_step", step["step"])


def test_a_list_has_a_name() -> None:
    line = action("list_view", ("product", PRODUCT), ("product", {**PRODUCT, "id": "p2"}), name="recommended")
    assert (line.event, line.list_id, [item.product_id for item in line.items]) == ("view_item_list", "recommended", ["p1", "p2"])


def test_an_action_that_is_not_known_is_looked_up_by_name() -> None:
    assert action("view_cart").event == "view_cart"
    assert action("dance").event == "custom"


SCHEMA_DATA = {
    "site_search": {"terms": ["red", "shoes"], "totalResults": 3},
    "add_to_cart": {"sku": "p1", "unitPrice": 2.5, "quantity": 1, "currency": "EUR"},
    "remove_from_cart": {"sku": "p1", "quantity": 1},
    "link_click": {"targetUrl": "https://x.example/" + "y" * 600},
    "button_click": {"label": "Buy"},
    "social_interaction": {"action": "share", "network": "wechat", "target": "/p1"},
}


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_every_schema_of_snowplows_own(name: str) -> None:
    line = post(event(SNOW + name, SCHEMA_DATA.get(name, {"name": "Main"}))).line
    assert (line.event, line.event_raw) == (SCHEMAS[name], name)
    match name:
        case "site_search":
            assert (line.search_term, line.props) == ("red shoes", {"terms": ["red", "shoes"], "totalResults": 3})
        case "add_to_cart":
            assert (line.items[0].product_id, line.items[0].price) == ("p1", Decimal("2.5"))
        case "link_click":
            assert len(line.target) == 512
        case "button_click":
            assert line.target == "Buy"
        case "social_interaction":
            assert (line.method, line.target) == ("wechat", "/p1")


def test_a_shops_own_schema_is_looked_up_by_its_name() -> None:
    line = post(event("iglu:com.acme/product_viewed", {"sku": "p1"})).line
    assert (line.event, line.event_raw, line.items[0].product_id) == ("view_item", "product_viewed", "p1")
    assert post(event(SNOW + "cart_viewed", {"a": 1})).line.event == "custom"


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_of_the_protocol(kind: str) -> None:
    given = {"tr_id": "t1", "tr_tt": "12.5", "tr_cu": "EUR", "tr_af": "x", "ti_id": "t1", "ti_sk": "p1", "ti_pr": "2.5", "ti_qu": "1"}
    line = post({**BASE, "e": kind, **given}).line
    assert (line.event_raw, line.event) == KINDS[kind]
    if kind == "tr":
        assert (line.order_id, line.value, line.currency, line.props) == ("t1", Decimal("12.5"), "EUR", {"affiliation": "x"})
    if kind == "ti":
        assert line.props["sku"] == "p1"


def test_a_structured_event_is_the_shops_own() -> None:
    line = post({**BASE, "e": "se", "se_ca": "shop", "se_ac": "add-to-cart", "se_la": "p1", "se_va": "3"}).line
    assert (line.event, line.event_raw) == ("custom", "add-to-cart")
    assert (line.value, line.props) == (Decimal(3), {"category": "shop", "action": "add-to-cart", "label": "p1"})


def test_base64_in_either_alphabet_padded_or_not() -> None:
    told = {
        "schema": SNOW + "unstruct_event/jsonschema/1-0-0",
        "data": {"schema": "iglu:com.acme/ünß/jsonschema/1-0-0", "data": {"a": "??>>"}},
    }
    text = packed(told, pad=True)
    for each in (text, text.rstrip("="), text.replace("-", "+").replace("_", "/")):
        assert post({**BASE, "e": "ue", "ue_px": each}).line.event_raw == "ünß"
    assert post({**BASE, "e": "ue", "ue_pr": json.dumps(told)}).line.props == {"a": "??>>"}


def test_other_entities_are_kept() -> None:
    line = post(event("iglu:com.acme/x", {"a": 1}, ("iglu:com.acme/weather", {"sun": True}), (SNOW + "web_page", {"id": "v1"}))).line
    assert line.props == {"a": 1, "entities": {"weather": [{"sun": True}], "web_page": [{"id": "v1"}]}}


def test_an_identity_may_come_with_an_entity() -> None:
    bare = {name: value for name, value in BASE.items() if name != "duid"}
    session, user = (SNOW + "client_session", {"userId": "d9", "sessionId": "s"}), (COMMERCE + "user", {"id": "u9"})
    told = event("iglu:com.acme/x", {}, session, user)
    line = post({**{name: told[name] for name in ("e", "ue_px", "co")}, **bare}).line
    assert (line.device_id, line.user_id) == ("d9", "u9")
    assert post({**bare, "e": "pv", "nuid": "n1"}).line.device_id == "n1"


def test_the_pixel_takes_one_event_and_is_answered_with_a_picture() -> None:
    found = sent("/i?" + urlencode({**BASE, "e": "pv", "url": "https://shop.example/ä"}))
    assert (found.line.page_url, found.keys) == ("https://shop.example/ä", ("wk", "sp"))
    assert found.answer.startswith(b"GIF89a")
    assert sent("/i?e=xx").why == ("invalid_field", "e")


def test_what_is_too_large_is_not_413_or_the_tracker_would_repeat_it_for_ever() -> None:
    refused = SNOWPLOW.refusal(too_large("x"))
    assert (refused.status, refused.code) == (422, "too_large")
    assert SNOWPLOW.refusal(malformed("x")).status == 400


def ue(data: Any) -> dict[str, Any]:
    return {**BASE, "e": "ue", "ue_pr": json.dumps({"schema": "iglu:x/y/jsonschema/1-0-0", "data": data})}


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (BASE, ("missing_field", "e")),
        ({**BASE, "e": "xx"}, ("invalid_field", "e")),
        ({**BASE, "e": "ue"}, ("missing_field", "ue_pr")),
        ({**BASE, "e": "ue", "ue_px": "!"}, ("invalid_field", "ue_px")),
        ({**BASE, "e": "ue", "ue_px": "bm8"}, ("invalid_field", "ue_px")),
        ({**BASE, "e": "ue", "ue_pr": 5}, ("invalid_field", "ue_pr")),
        ({**BASE, "e": "ue", "ue_pr": "{}"}, ("invalid_field", "ue_pr")),
        (ue({"a": 1}), ("invalid_field", "ue_pr")),
        ({**BASE, "e": "pv", "co": "[[["}, ("invalid_field", "co")),
        ({**BASE, "e": "pv", "cx": "bm8"}, ("invalid_field", "cx")),
        ({**BASE, "e": "pv", "dtm": "soon"}, ("invalid_field", "dtm")),
        ({**BASE, "e": "pv", "ttm": "7"}, ("invalid_field", "ttm")),
        ({**BASE, "e": "pv", "stm": "soon"}, ("invalid_field", "stm")),
        ({**BASE, "e": "pv", "eid": "x" * 200}, ("invalid_field", "eid")),
        ({**BASE, "e": "pv", "uid": ["x"]}, ("invalid_field", "uid")),
        ({**BASE, "e": "pv", "duid": ""}, ("no_identity", "duid")),
        (event(COMMERCE + "snowplow_ecommerce_action", {}), ("invalid_field", "ue_pr")),
        (event(COMMERCE + "snowplow_ecommerce_action", {"type": "add_to_cart"}), ("missing_field", "items")),
        (event(SNOW + "add_to_cart", {"sku": "p", "unitPrice": "much"}), ("invalid_field", "items[0].price")),
        (7, ("not_an_object", "")),
    ],
)
def test_a_bad_event_gives_the_field_and_the_others_survive(bad: Any, why: tuple[str, str]) -> None:
    assert post(bad).why == why
    found = post(bad, {**BASE, "e": "pv", "eid": "good"})
    assert ([line.message_id for line in found.lines], found.keys) == (["good"], ("wk", "sp"))
