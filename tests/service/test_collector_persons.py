"""The addresses of persons' rights: who may ask, what is wrong usage, and that nothing is promised while the warehouse is away."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runtime.topics import admin_of, create_topics
from schemas.topics import LIVE
from tests.service.collector_lab import BEARER, Collector, collector_on
from tests.waiting import until

pytestmark = pytest.mark.timeout(120)
CONSENT = {"userId": "ann", "purposes": {"marketing": False}}
ASKED: list[tuple[str, str, Any]] = [
    ("GET", "/v1/persons/u:ann", None),
    ("DELETE", "/v1/persons/u:ann", None),
    ("GET", "/v1/erasures/1", None),
    ("POST", "/v1/consent", CONSENT),
]


@pytest.fixture(scope="module")
def collector(kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collector]:
    with collector_on(kafka, tmp_path_factory.mktemp("persons"), warehouse_port=1) as found:
        yield found


@pytest.mark.parametrize(("method", "path", "body"), ASKED)
async def test_a_write_key_is_not_enough(collector: Collector, method: str, path: str, body: Any) -> None:
    for headers in ({}, {"Authorization": "Bearer demo-web"}):
        assert (await collector.ask(method, path, body, headers)).status == 401


@pytest.mark.parametrize(("method", "path", "body"), ASKED)
async def test_nothing_is_promised_while_the_warehouse_is_away(collector: Collector, method: str, path: str, body: Any) -> None:
    reply = await collector.ask(method, path, body, BEARER)
    assert (reply.status, reply.json["code"]) == (503, "warehouse_away") and reply.headers["retry-after"]
    assert not list(Path(collector.settings.data_dir).glob("erasures/*"))


@pytest.mark.parametrize(
    "body", [{}, {"userId": "ann"}, {"purposes": {"marketing": False}}, {"userId": "ann", "purposes": {"marketing": "no"}}]
)
async def test_a_consent_that_says_nothing_is_refused(collector: Collector, body: Any) -> None:
    assert (await collector.ask("POST", "/v1/consent", body, BEARER)).status == 400


async def test_other_methods_and_addresses(collector: Collector) -> None:
    assert (await collector.ask("POST", "/v1/persons/u:ann", {}, BEARER)).status == 405
    assert (await collector.ask("GET", "/v1/persons/", None, BEARER)).status == 404


def test_the_retention_of_topics_follows_its_setting(collector: Collector) -> None:
    from kafka.admin import ConfigResource, ConfigResourceType

    lane = "retention-of-topics"

    def kept_ms(topic: str) -> str:
        with admin_of(collector.settings.kafka_bootstrap) as admin:
            found = admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, f"{lane}.{topic}")])
        return str(found).split("retention.ms")[1]

    create_topics(collector.settings, lane)
    assert "604800000" in kept_ms("events") and lane != LIVE
    create_topics(dataclasses.replace(collector.settings, topic_retention_hours={"events": 5}), lane)
    until(lambda: "18000000" in kept_ms("events"), what="the broker to have the new limit")
    assert "604800000" in kept_ms("journeys")
