"""The published browser clients of other trackers, unmodified, on a page of another origin than the collector, over an outage."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from playwright.sync_api import BrowserContext

from runtime.local.testing import local_kafka
from schemas.collected import Collected
from tests.e2e.static import MODULES, pages
from tests.service.collector_lab import Collector, collector_on, lines_of, make_lane
from tests.service.relay import Fault, Relay, judged
from tests.waiting import until

pytestmark = pytest.mark.timeout(180)
COUNT = 5
NAMES = ("segment", "rudder", "snowplow", "posthog")


@pytest.fixture(scope="module")
def collector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collector]:
    with (
        local_kafka(tmp_path_factory.mktemp("kafka")) as kafka,
        collector_on(kafka.bootstrap, tmp_path_factory.mktemp("data"), write_keys=dict.fromkeys(NAMES, "web")) as found,
    ):
        make_lane(found.settings, "live")
        yield found


@pytest.fixture(scope="module")
def home() -> Iterator[str]:
    if not MODULES.is_dir():
        assert os.environ.get("CI") != "true", "the clients' packages are missing: make clients"
        pytest.skip("the clients' packages are missing: make clients")
    with pages() as address:
        yield address


@pytest.mark.parametrize("name", NAMES)
def test_everything_arrives_once(name: str, collector: Collector, home: str, visitor: BrowserContext) -> None:
    with Relay(collector.settings.collector_port, (Fault.BUSY, Fault.AWAY)) as relay, ThreadPoolExecutor(1) as aside:

        def arrived() -> tuple[int, list[Collected]]:
            """Beside playwright, which keeps an event loop running in this thread."""
            lines = aside.submit(asyncio.run, lines_of(collector.settings.kafka_bootstrap, "live")).result()
            return judged(lines, name)

        page = visitor.new_page()
        wrong: list[str] = []
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto(f"{home}/pages/{name}.html?url={relay.url}&key={name}&count={COUNT}")

        def all_arrived() -> bool:
            page.evaluate("1")  # lets playwright take the page's errors
            assert wrong == []
            return len(arrived()[1]) >= COUNT

        until(all_arrived, within_s=90, what=f"{COUNT} events of {name}")
        assert not relay.faults
        _, new = arrived()
        assert sorted(found.items[0].product_id for found in new) == [f"p{number}" for number in range(COUNT)]
        assert {(found.event, str(found.items[0].price), found.currency, found.source) for found in new} == {
            ("add_to_cart", "2.5", "EUR", "web")
        }
        assert len({found.device_id for found in new}) == 1
        assert all(found.device_id and found.user_agent.startswith("Mozilla/") for found in new)
        assert {found.device_type for found in new} == {"bot"}, "a browser without a head says so in its user agent"
