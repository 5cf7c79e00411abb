"""What the collector finds out by itself: bots, browsers, addresses, places, listed referrers."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from mmdb_writer import MMDBWriter
from netaddr import IPSet

from collector import referrers
from collector.channel import classify, tags_of
from collector.context import Visitor, describe
from collector.enrich import referrer_list
from collector.enrich.address import client_of, truncated
from collector.enrich.agent import agent_of, is_visitors
from collector.enrich.places import NOWHERE, Place, Places
from collector.enrich.referrer_list import ReferrerListError
from collector.intake import take
from collector.steps import Envelope
from schemas.collected import Collected

DATA = Path(os.environ.get("CARTWAKE_DATA") or Path(__file__).resolve().parents[3] / "shared" / "data") / "bots"
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.0 Mobile/15E148 Safari/604.1"
)
CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"
GOOGLE = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"


def described(context: dict[str, Any], visitor: Visitor, source: str = "web") -> Collected:
    line = Collected(event="page_view", message_id="m", write_key="k", received_at_ms=1, source=source)
    describe(line, context, {}, visitor)
    return line


def shared(name: str) -> Path:
    file = DATA / name
    if not file.is_file():
        pytest.skip(f"{name} is not there; it belongs to the shared test data (CARTWAKE_DATA), which is no part of the product")
    return file


@pytest.mark.parametrize(
    ("user_agent", "browser", "system", "bot"),
    [
        (PHONE, "Mobile Safari", "iOS", ""),
        (CHROME, "Chrome", "Windows", ""),
        (GOOGLE, "Googlebot", "Other", "Googlebot/"),
        ("Mozilla/5.0 (X11; Linux x64) HeadlessChrome/126.0.0.0", "HeadlessChrome", "Linux", "HeadlessChrome"),
        ("", "", "", ""),
    ],
)
def test_an_agent_is_known(user_agent: str, browser: str, system: str, bot: str) -> None:
    found = described({"userAgent": user_agent}, Visitor())
    assert (found.browser, found.bot) == (browser, bot)
    assert found.os == system or (bot and found.os in ("", "Other"))
    assert (found.device_type == "bot") == bool(bot)


def test_every_bot_of_the_list_is_marked() -> None:
    """A newer list than the file's may have dropped a pattern; the file is of the list that the package is made from."""
    bots = json.loads(shared("crawler-user-agents.json").read_text())
    instances = [instance for bot in bots for instance in bot["instances"]]
    missed = [each for each in instances if not agent_of(each).bot]
    assert len(instances) > 2000 and len(missed) <= len(instances) // 100, missed[:5]


def test_most_bots_of_another_list_are_marked_too() -> None:
    """Matomo's: crawler-user-agents knew 780 of the 1,342 when that was written down; ua-parser is asked for names only."""
    agents = [each["user_agent"] for each in yaml.safe_load(shared("matomo_bots_fixtures.yml").read_text())]
    assert len(agents) == 1342 and sum(bool(agent_of(agent).bot) for agent in agents) >= 780


def test_a_browser_under_remote_control_says_so() -> None:
    found = described({"userAgent": CHROME, "webdriver": True}, Visitor())
    assert (found.bot, found.device_type, found.browser) == ("webdriver", "bot", "Chrome")
    assert described({"userAgent": CHROME, "webdriver": False}, Visitor()).bot == ""


def test_a_librarys_name_is_no_visitors() -> None:
    assert [is_visitors(agent) for agent in (CHROME, GOOGLE, "Googlebot/2.1", "analytics-python/2.3", "curl/8.5", "")] == [
        True,
        True,
        True,
        False,
        False,
        False,
    ]


@pytest.mark.parametrize(
    ("given", "network"),
    [
        ("8.8.4.77", "8.8.4.0/24"),
        ("8.8.4.77:51000", "8.8.4.0/24"),
        ("2a00:1450:4001:82a::200e", "2a00:1450:4001::/48"),
        ("[2a00:1450:4001:82a::200e]:443", "2a00:1450:4001::/48"),
        ("::ffff:8.8.4.77", "8.8.4.0/24"),
        ("192.168.1.20", ""),
        ("127.0.0.1", ""),
        ("fe80::1%eth0", ""),
        ("unix:", ""),
        ("8.8.8.256", ""),
        ("", ""),
    ],
)
def test_an_address_is_cut_short(given: str, network: str) -> None:
    assert truncated(given) == network


@pytest.mark.parametrize(
    ("proxies", "forwarded", "client"),
    [
        (0, "8.8.8.8", "10.0.0.1"),
        (1, "8.8.8.8", "8.8.8.8"),
        (1, "1.2.3.4, 8.8.8.8", "8.8.8.8"),
        (2, "1.2.3.4, 8.8.8.8, 10.0.0.2", "8.8.8.8"),
        (2, "8.8.8.8", "10.0.0.1"),
        (1, "", "10.0.0.1"),
    ],
)
def test_who_stands_behind_proxies(proxies: int, forwarded: str, client: str) -> None:
    assert client_of("10.0.0.1", {"x-forwarded-for": forwarded}, proxies) == client


def test_no_address_is_kept_whole() -> None:
    body = {"type": "page", "messageId": "m", "anonymousId": "d", "context": {"ip": "8.8.4.77", "page": {"url": "https://shop.example/"}}}
    for raw in (msgspec.json.encode(body), msgspec.json.encode({**body, "context": {}})):
        envelope = Envelope(
            write_key="k", source="web", received_at_ms=1, max_event_bytes=9999, visitor=Visitor(CHROME, "8.8.4.77", Places())
        )
        [[line]] = take([raw], envelope, "live", 1).lines.values()
        assert b"8.8.4.77" not in line and b'"ip":"8.8.4.0/24"' in line


def test_a_servers_own_address_is_not_the_visitors() -> None:
    assert described({}, Visitor("", "8.8.4.77"), source="server").ip == ""
    assert described({"ip": "8.8.4.77"}, Visitor("", "9.9.9.9"), source="server").ip == "8.8.4.0/24"


@pytest.fixture
def places(tmp_path: Path) -> Places:
    writer = MMDBWriter(ip_version=6, ipv4_compatible=True)
    vienna = {
        "country": {"iso_code": "AT"},
        "subdivisions": [{"names": {"en": "Vienna"}}],
        "city": {"names": {"en": "Vienna", "de": "Wien"}},
    }
    writer.insert_network(IPSet(["8.8.4.0/24"]), vienna)
    writer.insert_network(IPSet(["2a00:1450::/32"]), {"country": {"iso_code": "IE"}})
    writer.insert_network(IPSet(["9.9.9.0/24"]), {"country": "odd", "city": 7})
    writer.to_db_file(str(tmp_path / "geo.mmdb"))
    return Places(str(tmp_path / "geo.mmdb"))


def test_a_place_is_found_where_there_is_a_database(places: Places) -> None:
    assert places.find("8.8.4.77") == Place("AT", "Vienna", "Vienna")
    assert places.find("2a00:1450:4001:82a::200e") == Place("IE")
    assert [places.find(address) for address in ("9.9.9.9", "1.1.1.1", "nonsense", "")] == [NOWHERE] * 4
    assert Places().find("8.8.4.77") == NOWHERE
    found = described({}, Visitor(CHROME, "8.8.4.77", places))
    assert (found.country, found.ip_country, found.region, found.city) == ("", "AT", "Vienna", "Vienna")


@pytest.fixture
def listed(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "list.json"
    referrers.LISTED.clear()


def test_a_list_of_referrers_adds_to_the_built_in_one(listed: Path) -> None:
    sources = {
        "search": {"Mojeek": {"domains": ["www.mojeek.com"], "parameters": ["q"]}, "PayPal": {"domains": ["www.paypal.com"]}},
        "social": {"Xing": {"domains": ["xing.com"]}},
        "unknown": {"X": {"domains": ["x.example"]}},
    }
    listed.write_text(json.dumps(sources))

    def channel(referrer: str) -> str:
        return classify(tags_of(""), referrer, "https://shop.example/", opens_page=True)

    assert [channel(f"https://{host}/") for host in ("www.mojeek.com", "m.xing.com")] == ["referral", "referral"]
    assert referrer_list.load(str(listed)) == 3
    assert [channel(f"https://{host}/") for host in ("www.mojeek.com", "m.xing.com", "x.example")] == ["search", "social", "referral"]
    assert channel("https://www.paypal.com/") == "", "a payment gateway never takes the credit"


def test_a_list_that_is_none_is_named(listed: Path) -> None:
    listed.write_text('{"search": ["google.com"]}')
    with pytest.raises(ReferrerListError, match=r"list\.json"):
        referrer_list.load(str(listed))
