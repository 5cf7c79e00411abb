"""Event names of other vocabularies, to the catalogue's."""

import pytest

from collector.names import canonical, implied_content_type
from schemas.events import CATALOGUE

CALLS = {"identify", "alias", "group", "custom"}


@pytest.mark.parametrize("name", sorted(set(CATALOGUE) - CALLS))
def test_every_event_of_the_catalogue_answers_to_its_own_name(name: str) -> None:
    assert canonical(name) == canonical(name.upper()) == canonical(name.replace("_", " ")) == name


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("Product Added", "add_to_cart"),
        ("product_added", "add_to_cart"),
        ("  PRODUCT   ADDED ", "add_to_cart"),
        ("product-added", "add_to_cart"),
        ("Added Product", "add_to_cart"),
        ("Wishlist Product Added to Cart", "add_to_cart"),
        ("Viewed Product Category", "view_item_list"),
        ("Completed Order", "purchase"),
        ("Order Completed", "purchase"),
        ("Order Canceled", "order_cancel"),
        ("Checkout Step Completed", "checkout_step"),
        ("add_shipping_info", "checkout_step"),
        ("view_search_results", "search"),
        ("Product Removed from Wishlist", "remove_from_wishlist"),
        ("Experiment Viewed", "experiment_view"),
        ("experience_impression", "experiment_view"),
        ("Order Updated", "custom"),
        ("Video Playback Started", "custom"),
        ("", "custom"),
    ],
)
def test_segment_and_ga4_names_are_known(raw: str, name: str) -> None:
    assert canonical(raw) == name


@pytest.mark.parametrize("name", sorted(CALLS))
def test_a_track_call_cannot_pass_for_another_type_of_call(name: str) -> None:
    assert canonical(name) == "custom"


def test_the_name_of_a_share_says_what_was_shared() -> None:
    assert [implied_content_type(raw) for raw in ("Product Shared", "cart_shared", "share")] == ["product", "cart", ""]
