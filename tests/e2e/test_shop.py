"""The whole way, as a person goes it: a cart on the shop page in a real browser, left, the webhook, and the order that follows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import clickhouse_connect
import pytest
from playwright.sync_api import BrowserContext

from runtime import showcase
from runtime.local.stack import LIVE, base_specs, lane_specs
from runtime.settings import Settings
from tests.e2e.replaying import free_ports, settings_in, stack_of
from tests.waiting import until

IDLE_S = 3


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    ports = free_ports(2)
    settings = replace(
        settings_in(tmp_path_factory.mktemp("shop")),
        shop_port=ports[0],
        receiver_port=ports[1],
        webhook_url=f"http://127.0.0.1:{ports[1]}",
        write_keys={showcase.WRITE_KEY: "web"},
    )
    live = lane_specs(settings, LIVE, env={"CARTWAKE_ABANDON_IDLE_S": str(IDLE_S)})
    specs = [*base_specs(settings), *live, showcase.receiver_spec(settings), showcase.shop_spec(settings, IDLE_S)]
    with stack_of(settings, specs):
        yield settings


def rows(settings: Settings, sql: str) -> list[dict[str, Any]]:
    client = clickhouse_connect.get_client(host=settings.warehouse_host, port=settings.warehouse_port, database=settings.warehouse_database)
    try:
        return list(client.query(sql).named_results())
    finally:
        client.close()


@pytest.mark.timeout(180)
def test_a_cart_that_is_left_comes_back_as_a_webhook_and_its_order_is_recovered(shop: Settings, visitor: BrowserContext) -> None:
    page = visitor.new_page()
    page.goto(showcase.shop_url(shop))
    page.wait_for_selector("body[data-ready]")
    page.click("a.name[href='/p/sencha']")
    page.click("#product [data-add=sencha]")
    page.wait_for_selector("#webhooks article", timeout=60_000)

    cart = until(lambda: rows(shop, "SELECT * FROM carts_now WHERE abandoned_at IS NOT NULL"), what="the abandoned cart")[0]
    assert (cart["status"], cart["abandoned_step"], cart["currency"]) == ("open", "cart", "EUR")
    assert [(item["product_id"], item["quantity"]) for item in cart["items"]] == [("sencha", 1)]
    assert (cart["abandoned_at"] - cart["changed_at"]).total_seconds() == IDLE_S
    sent = until(lambda: rows(shop, "SELECT * FROM deliveries WHERE outcome = 'delivered'"), what="the delivery")
    trigger = rows(shop, "SELECT * FROM triggers_now")[0]
    assert [delivery["trigger_id"] for delivery in sent] == [trigger["trigger_id"]]

    page.select_option("#user", "ana")
    page.click("#checkout")
    for _ in range(3):
        page.click("#next")
    ordered = until(lambda: rows(shop, "SELECT * FROM carts_now WHERE status = 'ordered'"), what="the order")[0]
    assert (ordered["episode_id"], ordered["recovered"], ordered["person_id"]) == (cart["episode_id"], True, "u:ana")
    assert ordered["revenue"] == ordered["value"] == cart["value"]
    until(
        lambda: rows(shop, "SELECT level FROM funnel_levels_now WHERE person_id = 'u:ana' AND level = 3"),
        what="the funnel's last step",
    )
    until(  # rows of events and of levels come by topics of their own
        lambda: rows(shop, "SELECT * FROM funnel_differences WHERE lane = 'live'") == [],
        what="no level but windowFunnel's",
    )
    assert len(rows(shop, "SELECT * FROM triggers_now")) == 1, "the episode is told of once"
