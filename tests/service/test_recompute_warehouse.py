"""What the stream says equals what SQL makes of the stored events, on the real ClickHouse: sessions, funnel levels and shares by person."""

from __future__ import annotations

import asyncio
import dataclasses
from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import Any

import clickhouse_connect
import orjson
import pytest
from clickhouse_connect.driver.client import Client
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from runtime.settings import Settings
from schemas.collected import Collected
from schemas.topics import load_topics, row_columns
from sinks.migrate import migrate
from sinks.tables import INSERT_SETTINGS
from streams.memory import MemoryStream
from tests.unit.reference_stories import ENDS_MS, POLICY, arrivals, delivered, stories

DATABASE = "test_recompute"
TOPICS = {topic.name: topic for topic in load_topics()}
# Table: what the stream calls its rows.
FILLED = {
    "events": "journeys",
    "identities": "identities",
    "sessions": "sessions",
    "funnel_levels": "funnel_levels",
    "shares": "shares",
}
STORIES = 200
fixed = settings(deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow])

# Whose an event is now; an event that came too late moves nothing.
MOVING = """
    SELECT e.lane AS lane, if(i.person_id = '', e.person_id, i.person_id) AS person, e.device_id AS device,
        toUnixTimestamp64Milli(e.occurred_at) AS at_ms, e.message_id AS message_id, e.event AS event,
        e.share_id AS share_id, e.parent_share_id AS parent_id, e.order_id AS order_id,
        toString(e.channel) AS channel, toString(e.device_type) AS device_type, e.page_url AS url,
        (toString(e.campaign_source), toString(e.campaign_medium), toString(e.campaign_name)) AS campaign
    FROM events AS e LEFT JOIN (SELECT lane, id, person_id FROM identities FINAL) AS i ON i.lane = e.lane AND i.id = e.person_id
    WHERE NOT e.late
"""
# A pause cuts a device's events into blocks; within a block the day and the campaign count from a visit's own start, which takes a fold.
WAY = "(PARTITION BY lane, person, device ORDER BY at_ms, message_id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)"
SESSIONS = f"""
WITH
active AS (SELECT * FROM ({MOVING}) WHERE device != '' AND event NOT IN ('identify', 'alias', 'group', 'consent')),
paused AS (
    SELECT *, row_number() OVER way = 1 OR at_ms - lagInFrame(at_ms) OVER way >= {POLICY.session_idle_ms} AS is_first
    FROM active WINDOW way AS {WAY}
),
numbered AS (
    SELECT *, sum(is_first) OVER way AS block, row_number() OVER way AS number
    FROM paused WINDOW way AS {WAY}
),
blocks AS (
    SELECT lane, person, device, block, arraySort(groupArray((number, at_ms, campaign, event, channel, device_type, url))) AS own
    FROM numbered GROUP BY lane, person, device, block
),
started AS (
    SELECT lane, person, device, own, arrayFold(
        (visits, e) -> if(
            e.2 - own[toInt64(visits[-1]) - toInt64(own[1].1) + 1].2 >= {POLICY.session_max_ms}
                OR (e.3 != ('', '', '') AND e.3 != own[toInt64(visits[-1]) - toInt64(own[1].1) + 1].3),
            arrayPushBack(visits, e.1), arrayPushBack(visits, visits[-1])),
        own, [own[1].1]) AS firsts
    FROM blocks
)
SELECT lane, person, device, min(e.2), max(e.2), count(), countIf(e.4 IN ('page_view', 'screen_view')) AS views,
    count() - views AS interactions, views <= 1 AND interactions = 0, argMin(e.5, e.1), argMin(e.3, e.1), argMin(e.6, e.1), argMin(e.7, e.1)
FROM started ARRAY JOIN own AS e, arrayPopFront(firsts) AS first
GROUP BY lane, person, device, first
"""
STREAMED_SESSIONS = """
SELECT lane, person_id, device_id, toUnixTimestamp64Milli(started_at), toUnixTimestamp64Milli(ended_at), events, page_views,
    interactions, bounce, channel, (toString(campaign_source), toString(campaign_medium), toString(campaign_name)), device_type, entry_url
FROM sessions_now
"""
# Who shares or orders has come through the last opening within the window.
SHARES = f"""
WITH
moving AS ({MOVING}),
opened AS (SELECT lane, person, at_ms, message_id, share_id FROM moving WHERE event IN ('share_open', 'invite_accept')),
came AS (
    SELECT m.lane, m.person, m.event, m.message_id, m.share_id, m.parent_id, m.order_id,
        argMaxIf(o.share_id, (o.at_ms, o.message_id), o.at_ms BETWEEN m.at_ms - {POLICY.attribution_ms} AND m.at_ms) AS through
    FROM moving AS m LEFT JOIN opened AS o ON o.lane = m.lane AND o.person = m.person
    WHERE m.event IN ('share', 'share_open', 'invite_accept', 'purchase')
    GROUP BY ALL
)
SELECT lane, person, transform(event, ['share_open', 'purchase'], ['open', 'order'], event) AS kind, message_id,
    if(kind = 'order', through, share_id), if(kind != 'share' OR parent_id != '', parent_id, through), if(kind = 'order', order_id, '')
FROM came WHERE kind != 'order' OR through != ''
"""
STREAMED_SHARES = "SELECT lane, person_id, kind, message_id, share_id, parent_share_id, order_id FROM shares_now"
CONDITIONS = ", ".join(f"event = '{step}'" for step in POLICY.funnel_steps)
LEVELS = (
    f"SELECT lane, person, windowFunnel({POLICY.funnel_window_ms})(toUInt64(at_ms), {CONDITIONS}) FROM ({MOVING}) GROUP BY lane, person"
)
STREAMED_LEVELS = "SELECT lane, person_id, level FROM funnel_levels_now"


@pytest.fixture(scope="module")
def client(warehouse: tuple[str, int]) -> Iterator[Client]:
    """A migrated database."""
    host, port = warehouse
    asyncio.run(migrate(dataclasses.replace(Settings(), warehouse_host=host, warehouse_port=port, warehouse_database=DATABASE)))
    made = clickhouse_connect.get_client(host=host, port=port, database=DATABASE)
    yield made
    made.command(f"DROP DATABASE {DATABASE}")
    made.close()


def store(client: Client, streams: dict[str, MemoryStream]) -> None:
    """What the sink does, without Kafka in between; each stream is a lane."""
    for table, topic in FILLED.items():
        lines = [orjson.dumps({**row, "lane": lane}) for lane, stream in streams.items() for row in stream.rows[topic]]
        client.raw_insert(table, row_columns(TOPICS[topic]), b"\n".join(lines), INSERT_SETTINGS, "JSONEachRow")


def played() -> dict[str, MemoryStream]:
    """Many stories, each in a lane of its own, by way of lag, copies and restarts."""
    lanes: dict[str, MemoryStream] = {}

    @settings(
        max_examples=STORIES,
        phases=[Phase.generate],
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(made=stories(), end_ms=st.sampled_from(ENDS_MS), seed=st.integers(0, 1 << 32))
    def play(made: list[Collected], end_ms: int, seed: int) -> None:
        random = Random(seed)
        lanes[f"lane{len(lanes)}"] = delivered(arrivals(made, random), 4, random, [end_ms])

    play()
    return lanes


def rows(client: Client, sql: str) -> Counter[tuple[Any, ...]]:
    return Counter(map(tuple, client.query(sql).result_rows))


def test_sessions_levels_and_shares_are_what_sql_makes_of_the_events(client: Client) -> None:
    store(client, played())
    sessions, levels, shares = rows(client, SESSIONS), rows(client, LEVELS), rows(client, SHARES)
    assert sessions == rows(client, STREAMED_SESSIONS)
    assert levels == rows(client, STREAMED_LEVELS)
    assert shares == rows(client, STREAMED_SHARES)
    assert {kind for _, _, kind, *_ in shares} == {"share", "open", "invite_accept", "order"}
    assert {level for _, _, level in levels} == {0, 1, 2, 3, 4} and max(row[5] for row in sessions) > 3, (
        "the stories have something to tell"
    )
