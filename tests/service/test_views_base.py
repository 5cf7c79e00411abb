"""Orders and persons: filled as events come, one row each, whoever the person became."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest

from tests.views_lab import NOON_MS, Lab, lab, simulated

pytestmark = pytest.mark.timeout(180)
TEA = {"product_id": "tea", "price": "2.50", "quantity": 2}
CUP = {"product_id": "cup", "price": "4", "quantity": 1}


@pytest.fixture(scope="module")
def warehouse_lab(warehouse: tuple[str, int]) -> Iterator[Lab]:
    with lab(*warehouse) as made:
        yield made


def order(order_id: str, value: str | None, **more: object) -> dict[str, object]:
    return {
        "event": "purchase",
        "person_id": "d:1",
        "at_ms": 0,
        "order_id": order_id,
        "value": value,
        "currency": "EUR",
        "items": [TEA],
        **more,
    }


def test_an_order_has_its_refunds_and_its_person_of_now(warehouse_lab: Lab) -> None:
    warehouse_lab.events(
        "orders",
        order("1", "5"),
        order("1", "5", at_ms=1000),  # the page was loaded again
        order("2", "5"),
        order("2", "4", items=[CUP], at_ms=1),  # another part of the order
        order("2", "1.5", event="refund", at_ms=2),
        order("2", "0.5", event="refund", at_ms=3),
        order("3", "5"),
        order("3", None, event="order_cancel", at_ms=5),
        order("4", "5"),
        order("4", None, event="refund", at_ms=5),
        order("5", "7", event="refund"),
        order("", "9", message_id="alone"),
    )
    merge = {"lane": "orders", "id": "d:1", "person_id": "u:ana", "version": 1, "merged_at_ms": NOON_MS}
    warehouse_lab.insert("identities", [merge])
    rows = warehouse_lab.ask("SELECT * FROM orders_now WHERE lane = 'orders' ORDER BY order_id")
    found = [(row["order_id"], row["value"], row["refunded"], row["net_value"], row["repeats"], row["quantity"]) for row in rows]
    assert found == [
        ("1", Decimal(5), 0, Decimal(5), 1, 2),
        ("2", Decimal(9), Decimal(2), Decimal(7), 0, 3),
        ("3", Decimal(5), Decimal(5), 0, 0, 2),
        ("4", Decimal(5), Decimal(5), 0, 0, 2),
        ("5", 0, Decimal(7), Decimal(-7), 0, 0),
        ("alone", Decimal(9), 0, Decimal(9), 0, 2),
    ]
    assert [row["order_id"] for row in rows if row["ordered_at"] is None] == ["5"]
    assert [row["order_id"] for row in rows if row["cancelled"]] == ["3"]
    assert {row["person_id"] for row in rows} == {"u:ana"}


def test_a_merge_of_a_merge_is_followed_in_its_own_lane(warehouse_lab: Lab) -> None:
    """Also where another lane has the same ids, and an id that was parted is its own person."""
    merges = {"a": "b", "b": "c", "c": "d", "d": "e", "x": "b", "own": "own", "y": "own"}
    for lane, links in (("chains", merges), ("chains too", {"b": "z"})):
        warehouse_lab.insert(
            "identities",
            [
                {"lane": lane, "id": f"d:{id}", "person_id": f"d:{person}", "version": 1, "merged_at_ms": NOON_MS}
                for id, person in links.items()
            ],
        )
    rows = warehouse_lab.ask("SELECT lane, id, person_id FROM identities_now WHERE lane LIKE 'chains%'")
    found = {(row["lane"], row["id"][2:]): row["person_id"][2:] for row in rows}
    assert {id: person for (lane, id), person in found.items() if lane == "chains"} == {
        **dict.fromkeys("abcdx", "e"),
        **dict.fromkeys(("own", "y"), "own"),
    }
    assert {id: person for (lane, id), person in found.items() if lane == "chains too"} == {"b": "z"}


def test_a_person_is_all_of_its_ids(warehouse_lab: Lab) -> None:
    warehouse_lab.events(
        "persons",
        {"event": "page_view", "person_id": "d:1", "at_ms": 0},
        {"event": "page_view", "person_id": "d:1", "at_ms": 5, "channel": "social", "campaign_name": "spring", "device_type": "mobile"},
        {"event": "identify", "person_id": "u:ana", "device_id": "1", "at_ms": 7, "props": {"city": "Graz"}, "country": "AT"},
    )
    warehouse_lab.events("persons", {"event": "page_view", "person_id": "u:ana", "device_id": "2", "at_ms": 9, "channel": "ads"})
    warehouse_lab.insert("identities", [{"lane": "persons", "id": "d:1", "person_id": "u:ana", "version": 1, "merged_at_ms": NOON_MS}])
    [row] = warehouse_lab.ask("SELECT * FROM persons_now WHERE lane = 'persons'")
    assert (row["person_id"], row["user_ids"], row["device_ids"]) == ("u:ana", ["ana"], ["1", "2"])
    assert (row["first_channel"], row["first_campaign_name"], row["first_device_type"]) == ("social", "spring", "mobile")
    assert (row["country"], row["traits"]) == ("AT", '{"city":"Graz"}')
    assert [int(row[name].timestamp() * 1000) - NOON_MS for name in ("first_seen_at", "last_seen_at")] == [0, 9]


def test_a_simulated_lane_has_its_orders_and_persons(warehouse_lab: Lab) -> None:
    made = simulated()
    made.store(warehouse_lab, "simulated")
    truth = made.truth.result(made.final_ms)
    sales = warehouse_lab.ask(
        "SELECT currency, count() AS orders, sum(value) AS revenue FROM orders_now WHERE lane = 'simulated' GROUP BY currency"
    )
    assert {row["currency"]: f"{row['revenue']:.4f}" for row in sales} == truth["revenue"]
    assert sum(row["orders"] for row in sales) == truth["orders"]
    [persons] = warehouse_lab.ask("SELECT count() AS persons FROM persons_now WHERE lane = 'simulated'")
    assert persons["persons"] == truth["persons"]
