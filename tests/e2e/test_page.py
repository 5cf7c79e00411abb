"""The browser SDK in a real browser: on the demo shop, and on bare pages where it has to lose nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from runtime.shop import Shop, answer, make_server
from tests.e2e.capture import Capture, names


@pytest.fixture
def shop(capture: Capture) -> Iterator[str]:
    server = make_server(Shop(capture.url, "demo", idle_s=3.0, receiver=capture.url), 0)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def enter(visitor: BrowserContext, url: str) -> tuple[Page, list[str]]:
    """A page of the shop, ready, and what goes wrong on it."""
    page = visitor.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda line: wrong.append(line.text) if line.type == "error" else None)
    page.goto(url)
    page.wait_for_selector("body[data-ready]")
    return page, wrong


def test_from_the_first_page_to_the_order(shop: str, capture: Capture, visitor: BrowserContext) -> None:
    with capture.expecting("page_view", refuted=("add_to_cart", "share_open", "click", "view_item")):
        page, wrong = enter(visitor, f"{shop}/?utm_source=news")
    view = capture.last("page_view")
    assert view["context"]["page"]["url"] == f"{shop}/?utm_source=news"
    with capture.expecting("page_view", "view_item", refuted=("add_to_cart",)):
        page.click("a.name[href='/p/sencha']")
    view = capture.last("page_view")
    assert view["context"]["page"]["url"] == f"{shop}/p/sencha"
    assert view["context"]["page"]["referrer"] == f"{shop}/?utm_source=news"
    with capture.expecting("add_to_cart", refuted=("purchase", "page_view")):
        page.click("#product [data-add=sencha]")
        page.click("[data-add=cup]")
    added = capture.last("add_to_cart")["properties"]
    assert [item["product_id"] for item in added["items"]] == ["cup"]
    assert [(item["product_id"], item["quantity"]) for item in added["cart_items"]] == [("sencha", 1), ("cup", 1)]
    assert added["currency"] == "EUR"
    with capture.expecting("remove_from_cart", refuted=("purchase",)):
        page.click("[data-remove=sencha]")
    assert [item["product_id"] for item in capture.last("remove_from_cart")["properties"]["cart_items"]] == ["cup"]
    with capture.expecting("begin_checkout", refuted=("checkout_step", "purchase")):
        page.click("#checkout")
    assert [item["price"] for item in capture.last("begin_checkout")["properties"]["cart_items"]] == [16]
    with capture.expecting("checkout_step", "add_payment_info", "purchase", refuted=("remove_from_cart",)):
        for _ in range(3):
            page.click("#next")
    order = capture.last("purchase")["properties"]
    assert (
        order["cart_id"] == added["cart_id"]
        and [item["product_id"] for item in order["items"]] == ["cup"]
        and order["payment_method"] == "card"
    )
    with capture.expecting("add_to_cart"):
        page.click("#product [data-add=sencha]")
    assert capture.last("add_to_cart")["properties"]["cart_id"] != added["cart_id"]
    assert wrong == []
    assert capture.methods.count("OPTIONS") == 0
    assert {request["write_key"] for request in capture.requests} == {"demo"}
    assert all(request["content-type"].startswith("text/plain") for request in capture.requests)


def test_who_it_is_and_what_was_clicked_and_searched(shop: str, capture: Capture, visitor: BrowserContext) -> None:
    page, wrong = enter(visitor, shop)
    with capture.expecting("identify", "login"):
        page.select_option("#user", "ana")
    assert capture.last("identify")["userId"] == capture.last("login")["userId"] == "ana"
    with capture.expecting("search", refuted=("page_view",)):
        page.fill("#term", "green")
        page.press("#term", "Enter")
    assert capture.last("search")["properties"] == {"search_term": "green", "results": 1, "currency": "EUR"}
    page.click("a.name")
    with capture.expecting("click", "share"):
        page.click("[data-share]")
    assert capture.last("click")["properties"] == {"target": "share_product", "list_id": "product_page", "currency": "EUR"}
    device = capture.last("share")["anonymousId"]
    with capture.expecting("page_view"):
        page.select_option("#user", "")
        page.click(".brand")
    assert capture.last("page_view")["anonymousId"] != device and "userId" not in capture.last("page_view")
    assert wrong == []


def test_a_share_carries_on_from_friend_to_friend(shop: str, capture: Capture, browser: Browser, visitor: BrowserContext) -> None:
    page, _ = enter(visitor, f"{shop}/p/pot")
    page.click("[data-share=pot]")
    page.wait_for_selector("#shared:not(:empty)")
    link = (page.text_content("#shared") or "").split(": ", 1)[1]
    capture.wait_for("share")
    share_id = capture.last("share")["properties"]["share_id"]
    assert link == f"{shop}/p/pot?cw_share={share_id}"
    friend = browser.new_context()
    with capture.expecting("share_open", "page_view"):
        friend_page, _ = enter(friend, link)
    assert capture.last("share_open")["properties"]["share_id"] == share_id
    assert capture.last("share_open")["anonymousId"] != capture.last("share")["anonymousId"]
    with capture.expecting("page_view", refuted=("share_open",)):
        friend_page.reload()
    with capture.expecting("share"):
        friend_page.click("[data-share=pot]")
    assert capture.last("share")["properties"]["parent_share_id"] == share_id
    friend.close()


def test_the_page_says_when_the_cart_is_abandoned_and_shows_the_webhook(shop: str, capture: Capture, visitor: BrowserContext) -> None:
    page, wrong = enter(visitor, shop)
    capture.wait_for("page_view")
    page.click("[data-add=cup]")
    page.wait_for_selector("text=/Leave it now: in \\d+ s/")
    assert page.locator("#webhooks article").count() == 0
    capture.device = capture.last("page_view")["anonymousId"]
    page.wait_for_selector("text=/counts as abandoned/")
    page.wait_for_selector("text=/Your webhook came: 1 . cup, 16 EUR/")
    assert page.locator("#events .state[data-state=sent]").count() >= 2
    assert wrong == []


def test_it_fits_a_phone(shop: str, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 740}, has_touch=True)
    page, wrong = enter(context, f"{shop}/p/pot")
    page.click("#product [data-add=pot]")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    small = "[...document.querySelectorAll('button')].filter(b => b.offsetHeight && b.offsetHeight < 44).map(b => b.textContent)"
    assert page.evaluate(small) == []
    assert wrong == []
    context.close()


def test_calls_before_the_file_is_loaded(capture: Capture, visitor: BrowserContext) -> None:
    page: Any = visitor.new_page()
    page.goto(f"{capture.url}/stub")
    capture.wait_for("before_load", "page_view")


def test_the_back_button_is_a_page_view(capture: Capture, visitor: BrowserContext) -> None:
    page = visitor.new_page()
    page.goto(f"{capture.url}/bare")
    page.evaluate("cartwake.init({writeKey: 'k'})")
    with capture.expecting("page_view"):
        page.evaluate("history.pushState(null, '', '/bare?2'); history.replaceState(null, '', '/bare?2#x')")
    with capture.expecting("page_view", refuted=("click",)):
        page.go_back()
    assert len([name for name in names(capture.stored) if name == "page_view"]) == 3
    with capture.expecting("click"):
        page.click("a")
    assert capture.last("click")["properties"] == {"target": "banner", "list_id": "home"}


@pytest.mark.parametrize("path", ["/../../pyproject.toml", "/../shop.css", "/sub/shop.css", "/nothing.js", "//etc/passwd", "/index"])
def test_the_shop_serves_its_own_files_and_no_others(path: str) -> None:
    assert answer(Shop("http://c", "k"), path).status == 404


def test_the_shop_without_a_receiver_has_no_webhooks() -> None:
    assert answer(Shop("http://c", "k"), "/received").body == b'{"last": []}'
    assert answer(Shop("http://c", "k", receiver="http://127.0.0.1:9"), "/received").status == 502
