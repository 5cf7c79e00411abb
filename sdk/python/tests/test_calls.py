"""What each call puts on the wire."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from fake_collector import FakeCollector

import cartwake
from cartwake import Client, Item, Who, encode
from cartwake.ids import next_id
from cartwake.transport import retry_after_s

MakeClient = Callable[..., Client]
TEA: Item = {"product_id": "tea", "price": Decimal("4.50"), "quantity": 2}


def sent(collector: FakeCollector, client: Client) -> list[dict[str, Any]]:
    assert client.flush(5)
    return collector.stored


def test_a_message_says_who_when_and_from_where(collector: FakeCollector, make_client: MakeClient) -> None:
    client = make_client()
    at = datetime(2025, 3, 1, 12, 0, tzinfo=timezone(timedelta(hours=8)))
    client.track("purchase", {"order_id": "o1"}, user_id="ana", device_id="d1", timestamp=at, source="store", message_id="m1")
    [message] = sent(collector, client)
    assert message.pop("context") == {"source": "store", "library": {"name": "cartwake-python", "version": cartwake.__version__}}
    assert message == {
        "type": "track",
        "event": "purchase",
        "properties": {"order_id": "o1"},
        "messageId": "m1",
        "anonymousId": "d1",
        "userId": "ana",
        "timestamp": "2025-03-01T04:00:00.000Z",
    }


def test_every_other_call(collector: FakeCollector, make_client: MakeClient) -> None:
    client = make_client()
    client.page("Home", device_id="d")
    client.screen("Cart", device_id="d")
    client.identify("ana", {"plan": "gold"}, device_id="d")
    client.alias("ana", "ana@old")
    client.group("acme", {"size": 3}, user_id="ana")
    page, screen, identify, alias, group = sent(collector, client)
    assert (page["type"], page["name"], screen["type"]) == ("page", "Home", "screen")
    assert (identify["userId"], identify["anonymousId"], identify["traits"]) == ("ana", "d", {"plan": "gold"})
    assert (alias["userId"], alias["previousId"]) == ("ana", "ana@old")
    assert (group["groupId"], group["traits"]) == ("acme", {"size": 3})


def test_commerce(collector: FakeCollector, make_client: MakeClient) -> None:
    client = make_client()
    who: Who = {"user_id": "ana"}
    cart = {"cart_id": "c1", "currency": "EUR"}
    client.view_item(TEA, **who)
    client.add_to_cart([TEA], {**cart, "cart_items": [TEA]}, **who)
    client.remove_from_cart(TEA, cart, **who)
    client.cart_update([], cart, **who)
    client.view_cart(cart, **who)
    client.begin_checkout(cart, **who)
    client.checkout_step(2, cart, **who)
    client.add_payment_info(cart, **who)
    client.purchase({**cart, "order_id": "o1", "value": Decimal("9.00")}, **who)
    client.search("green tea", **who)
    client.share_open("s1", **who)
    messages = {message["event"]: message["properties"] for message in sent(collector, client)}
    item = {"product_id": "tea", "price": "4.50", "quantity": 2}
    assert messages["view_item"] == {"items": [item]}
    assert messages["add_to_cart"] == {"items": [item], "cart_items": [item], **cart}
    assert messages["remove_from_cart"] == {"items": [item], **cart}
    assert messages["cart_update"] == {"cart_items": [], **cart}
    assert messages["checkout_step"] == {"checkout_step": 2, **cart}
    assert messages["purchase"] == {**cart, "order_id": "o1", "value": "9.00"}
    assert messages["search"] == {"search_term": "green tea"}
    assert messages["share_open"] == {"share_id": "s1"}
    assert {"view_cart", "begin_checkout", "add_payment_info"} <= set(messages)


def test_a_share_link_carries_its_id_and_no_older_one(collector: FakeCollector, make_client: MakeClient) -> None:
    client = make_client()
    share = client.share("https://shop.example/p?a=1&cw_share=old#top", {"content_type": "product"}, user_id="ana")
    assert share.url == f"https://shop.example/p?a=1&cw_share={share.share_id}#top"
    [message] = sent(collector, client)
    assert message["properties"] == {"share_id": share.share_id, "content_type": "product"}


def test_mistakes_are_raised_where_they_are_made(make_client: MakeClient) -> None:
    client = make_client()
    with pytest.raises(ValueError, match="purchase needs a user_id or a device_id"):
        client.purchase({"order_id": "o1"})
    with pytest.raises(ValueError, match="time zone"):
        client.track("e", user_id="ana", timestamp=datetime(2025, 1, 1))
    with pytest.raises(TypeError, match="object"):
        client.track("e", {"what": object()}, user_id="ana")
    with pytest.raises(ValueError, match="write_key"):
        Client("", "https://c.example")


def test_the_module_has_one_client(collector: FakeCollector) -> None:
    with pytest.raises(RuntimeError, match="init"):
        cartwake.track("e", user_id="ana")
    cartwake.init("k", collector.url, flush_interval_s=0.02)
    cartwake.add_to_cart(TEA, user_id="ana")
    assert cartwake.close(5)
    assert collector.stored[0]["event"] == "add_to_cart"


def test_what_was_tracked_is_what_is_sent_even_when_it_changes_later(collector: FakeCollector, make_client: MakeClient) -> None:
    client = make_client()
    properties = {"list": [1]}
    client.track("e", properties, user_id="ana")
    properties["list"].append(2)
    assert sent(collector, client)[0]["properties"] == {"list": [1]}


@pytest.mark.parametrize("dumps", [encode.dumps, encode._standard])
def test_both_encoders_write_the_same(dumps: Callable[[Any], bytes]) -> None:
    at = datetime(2025, 1, 1, tzinfo=timezone.utc)
    value = {"m": Decimal("0.10"), "t": at, "n": float("nan"), "i": 2**70, "s": "é\ud800", "l": (1, 2)}
    plain = {"m": "0.10", "t": "2025-01-01T00:00:00.000Z", "n": None, "i": 2**70, "s": "é\ud800", "l": [1, 2]}
    assert json.loads(dumps(value)) == plain
    assert dumps({"s": "é"}) == '{"s":"é"}'.encode()


def test_ids_rise_even_when_the_clock_is_set_back() -> None:
    ids = [next_id(1_800_000_000_000 - n % 3) for n in range(5000)]
    assert ids == sorted(ids) and len(set(ids)) == 5000
    assert all(re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", made) for made in ids)


def test_retry_after_is_read_as_seconds_or_a_date() -> None:
    assert retry_after_s("3") == 3.0
    assert retry_after_s("Wed, 21 Oct 2015 07:28:00 GMT") == 0.0
    assert retry_after_s("Wed, 21 Oct 2099 07:28:00 GMT") > 1e6
    assert [retry_after_s(text) for text in (None, "", "soon", "-1")] == [0.0, 0.0, 0.0, 0.0]
