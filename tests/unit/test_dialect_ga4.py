"""Google's Measurement Protocol: names, ids that it does not have, what is said of the whole request."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from collector.answers import Refused
from tests.unit.dialect_lab import NOW_MS, Judged, sent

ADDRESS = "/mp/collect?measurement_id=G-1&api_secret=wk"
CART = {"name": "add_to_cart", "params": {"currency": "EUR", "items": [{"item_id": "p1", "price": 2.5, "quantity": 1}]}}


def hit(*events: Any, **more: Any) -> Judged:
    return sent(ADDRESS, {"client_id": "c1", "timestamp_micros": NOW_MS * 1000, "events": list(events), **more})


def test_an_event() -> None:
    found = hit(CART, user_id="u1")
    line = found.line
    assert (line.event, line.event_raw, line.device_id, line.user_id, line.client_at_ms) == (
        "add_to_cart",
        "add_to_cart",
        "c1",
        "u1",
        NOW_MS,
    )
    assert (line.items[0].product_id, line.items[0].price, line.currency) == ("p1", Decimal("2.5"), "EUR")
    assert found.keys == ("wk", "G-1", None)


def test_a_page_view_and_what_is_said_of_the_request() -> None:
    params = {"page_location": "https://shop.example/a", "page_title": "A", "page_referrer": "https://x.example/", "source": "mail", "n": 1}
    about = {"device": {"category": "mobile", "language": "fr"}, "user_location": {"country_id": "FR"}, "user_agent": "Mozilla/5.0"}
    more = {"user_properties": {"plan": {"value": "pro"}}, "consent": {"ad_user_data": "DENIED"}}
    line = hit({"name": "page_view", "params": params}, **about, **more).line
    assert (line.page_url, line.page_path, line.page_title, line.referrer) == ("https://shop.example/a", "/a", "A", "https://x.example/")
    assert (line.campaign_source, line.locale, line.country, line.device_type) == ("mail", "fr", "FR", "mobile")
    assert line.props == {"n": 1, "user_properties": {"plan": "pro"}, "consent": {"ad_user_data": "DENIED"}}


def test_source_is_a_campaigns_only_where_google_has_it() -> None:
    line = hit({"name": "tutorial_begin", "params": {"source": "menu"}}).line
    assert (line.event, line.campaign_source, line.props) == ("custom", "", {"source": "menu"})


@pytest.mark.parametrize(("given", "at_ms"), [(str(NOW_MS * 1000), NOW_MS), (NOW_MS * 1000 + 999, NOW_MS), (None, 0), ("", 0)])
def test_times_are_microseconds(given: Any, at_ms: int) -> None:
    assert hit(CART, timestamp_micros=given).line.client_at_ms == at_ms
    assert hit({**CART, "timestamp_micros": (NOW_MS - 5) * 1000}).line.client_at_ms == NOW_MS - 5


def ids(found: Judged) -> list[str]:
    return [line.message_id for line in found.lines]


def test_the_same_request_again_has_the_same_ids_and_no_two_events_share_one() -> None:
    first = ids(hit(CART, CART))
    assert first == ids(hit(CART, CART))
    assert len(set(first + ids(hit(CART, CART, client_id="c2")) + ids(hit(CART, CART, timestamp_micros=1_600_000_000_000_000)))) == 6


def test_a_purchase_is_known_by_its_transaction() -> None:
    bought = {"name": "purchase", "params": {"transaction_id": "t1", "value": 5, "currency": "EUR"}}
    assert ids(hit(bought)) == ids(hit(bought, timestamp_micros=None)) == ["ga4-purchase-t1"]
    assert ids(hit({"name": "refund", "params": {"transaction_id": "t1"}})) != ["ga4-purchase-t1"]


def test_an_app_has_an_instance_and_a_postponed_event_of_ga4mp_no_list() -> None:
    body = {"app_instance_id": "a1", "events": CART}
    assert sent("/mp/collect?firebase_app_id=f&api_secret=wk", body).line.device_id == "a1"


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"events":', b"5"])
def test_what_is_no_request_is_refused(body: bytes) -> None:
    with pytest.raises(Refused) as refused:
        sent(ADDRESS, body)
    assert refused.value.status == 400


@pytest.mark.parametrize(
    ("event", "more", "why"),
    [
        ({"params": {}}, {}, ("missing_field", "name")),
        ({"name": 5}, {}, ("invalid_field", "name")),
        ({"name": " "}, {}, ("missing_field", "name")),
        ({"name": "x" * 600}, {}, ("invalid_field", "name")),
        ({"name": "add_to_cart"}, {}, ("missing_field", "items")),
        ({"name": "add_to_cart", "params": {"items": [{"item_id": "p", "quantity": 0}]}}, {}, ("invalid_field", "items[0].quantity")),
        ({"name": "x", "params": []}, {}, ("invalid_field", "params")),
        ({"name": "x", "timestamp_micros": "soon"}, {}, ("invalid_field", "timestamp_micros")),
        ({"name": "x", "timestamp_micros": 10**30}, {}, ("invalid_field", "timestamp_micros")),
        ({"name": "x"}, {"client_id": None}, ("no_identity", "client_id")),
        ({"name": "x"}, {"client_id": {}}, ("invalid_field", "client_id")),
        ({"name": "x"}, {"user_id": True}, ("invalid_field", "user_id")),
        (7, {}, ("not_an_object", "")),
    ],
)
def test_a_bad_event_gives_the_field_and_the_others_survive(event: Any, more: dict[str, Any], why: tuple[str, str]) -> None:
    assert hit(event, **more).why == why
    assert len(hit(event, CART).lines) == (2 if more else 1)


def test_the_answer_says_what_was_refused() -> None:
    answer = json.loads(hit({"name": "add_to_cart"}, CART).answer)
    assert (answer["accepted"], answer["rejected"][0]["index"], answer["rejected"][0]["code"]) == (1, 0, "missing_field")
