"""Page, campaign, channel and device."""

from typing import Any

import pytest

from collector.channel import Tags, classify, host_of, tags_of
from collector.context import Visitor, describe, merged, take_page
from collector.device import device_type
from schemas.collected import Collected

SHOP = "https://www.shop.example/p/1"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Mobile/15E148"
DESKTOP = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36"
ANDROID_TABLET = "Mozilla/5.0 (Linux; Android 13; SM-X900) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36"


def described(context: dict[str, Any], event: str = "page_view", source: str = "web", page: dict[str, Any] | None = None) -> Collected:
    line = Collected(event=event, message_id="m", write_key="k", received_at_ms=1, source=source)
    describe(line, context, page or {}, Visitor())
    return line


@pytest.mark.parametrize(
    ("query", "referrer", "channel"),
    [
        ("utm_source=google&utm_medium=cpc", "https://www.google.com/", "ads"),
        ("gclid=abc", "https://www.google.com/", "ads"),
        ("fbclid=abc", "https://l.facebook.com/", "social"),
        ("fbclid=abc", "", "social"),
        ("utm_source=Newsletter&utm_medium=Email", "https://mail.google.com/", "email"),
        ("utm_source=weibo", "", "social"),
        ("utm_source=partner.example&utm_medium=whatever", "", "referral"),
        ("utm_medium=qrcode", "", "offline"),
        ("", "https://www.google.co.uk/", "search"),
        ("", "https://www.baidu.com/link?url=x", "search"),
        ("", "android-app://com.google.android.googlequicksearchbox/", "search"),
        ("", "https://mail.google.com/mail", "email"),
        ("", "https://m.weibo.cn/", "social"),
        ("", "https://t.co/xyz", "social"),
        ("", "https://blog.example.org/post", "referral"),
        ("", "https://shop.example/", ""),
        ("", "https://m.shop.example/cart", ""),
        ("", "https://www.paypal.com/checkout", ""),
        ("", "not a url", ""),
        ("", "http://[broken", ""),
        ("", "", "direct"),
    ],
)
def test_channel_of_a_page_view(query: str, referrer: str, channel: str) -> None:
    assert classify(tags_of(query), referrer, SHOP, opens_page=True) == channel


def test_an_event_that_shows_no_page_starts_no_direct_visit() -> None:
    assert classify(Tags(), "", SHOP, opens_page=False) == ""


def test_a_click_id_does_not_outdo_a_medium() -> None:
    assert classify(tags_of("utm_medium=email&fbclid=x"), "", SHOP, opens_page=True) == "email"


def test_a_till_is_offline_whatever_else_it_says() -> None:
    line = described({"page": {"url": SHOP + "?gclid=1"}}, event="purchase", source="store")
    assert (line.channel, line.device_type, line.source) == ("offline", "store", "store")


def test_context_becomes_columns() -> None:
    line = described(
        {
            "page": {
                "url": SHOP + "?utm_source=google&utm_medium=cpc&utm_campaign=spring",
                "title": "Shoe",
                "referrer": "https://www.google.com/",
            },
            "userAgent": PHONE,
            "locale": "de-DE",
            "timezone": "Europe/Berlin",
            "location": {"country": "de"},
        }
    )
    assert (line.page_path, line.page_title, line.referrer) == ("/p/1", "Shoe", "https://www.google.com/")
    assert (line.campaign_source, line.campaign_medium, line.campaign_name, line.channel) == ("google", "cpc", "spring", "ads")
    assert (line.device_type, line.user_agent, line.locale, line.timezone, line.country) == (
        "mobile",
        PHONE,
        "de-DE",
        "Europe/Berlin",
        "DE",
    )


def test_a_campaign_in_the_context_goes_before_the_address() -> None:
    line = described({"campaign": {"source": "weibo", "medium": "social", "name": "x"}, "page": {"url": SHOP + "?utm_source=google"}})
    assert (line.campaign_source, line.channel) == ("weibo", "social")


@pytest.mark.parametrize(
    "context", [{"page": 5, "campaign": [], "userAgent": 7, "device": "x", "locale": None}, {"page": {"url": ["x"]}}, {}]
)
def test_context_that_does_not_fit_is_left_out(context: dict[str, Any]) -> None:
    line = described(context)
    assert (line.page_url, line.user_agent, line.locale) == ("", "", "")


def test_the_batch_context_lies_below_the_events_own() -> None:
    outer = {"locale": "en", "page": {"title": "A", "url": "u"}}
    assert merged(outer, {"page": {"title": "B"}}) == {"locale": "en", "page": {"title": "B", "url": "u"}}
    assert merged(outer, {"page": None})["page"] is None
    assert merged(None, None) == {}


def test_a_page_call_carries_the_page_in_its_properties() -> None:
    page, rest = take_page({"url": SHOP, "title": "Shoe", "referrer": "", "colour": "red"})
    assert (page, rest) == ({"url": SHOP, "title": "Shoe"}, {"referrer": "", "colour": "red"})


@pytest.mark.parametrize(
    ("agent", "kind"), [(PHONE, "mobile"), (DESKTOP, "desktop"), (ANDROID_TABLET, "tablet"), ("okhttp/4.9", "mobile"), ("curl/8.0", "")]
)
def test_device_type(agent: str, kind: str) -> None:
    assert device_type(agent) == kind


def test_the_device_of_a_mobile_library_counts_where_the_agent_says_nothing() -> None:
    assert described({"device": {"type": "ios"}}, source="app").device_type == "mobile"


def test_hosts() -> None:
    assert [host_of(url) for url in ("https://WWW.Shop.example:8080/x", "nothing", "http://[::1")] == ["shop.example", "", ""]


@pytest.mark.parametrize(
    ("given", "source", "channel"),
    [("store", "store", "offline"), ("app", "app", "direct"), ("moon", "web", "direct"), (7, "web", "direct")],
)
def test_an_event_may_say_its_own_source(given: Any, source: str, channel: str) -> None:
    line = described({"source": given})
    assert (line.source, line.channel) == (source, channel)


def test_the_browsers_session_is_kept_with_the_properties() -> None:
    assert described({"sessionId": 1800000000000}).props == {"session_id": 1800000000000}
    assert described({"sessionId": ["x"]}).props == {}
    assert described({"sessionId": "s"}, event="identify").props == {}
