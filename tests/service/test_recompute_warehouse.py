"""What the stream says equals what is made of the stored events: every subject of `cartwake reconcile`, over many stories."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import partial
from random import Random
from typing import Any

import msgspec
import orjson
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from reconcile.job import job_of
from reconcile.report import Report
from reconcile.run import Reconciliation
from runtime.query import stream
from schemas.collected import Collected
from schemas.topics import row_columns
from sinks.tables import INSERT_SETTINGS
from streams.memory import MemoryStream
from tests.unit.reference_stories import ENDS_MS, POLICY, arrivals, delivered, stories
from tests.views_lab import TOPICS, Lab, lab

pytestmark = pytest.mark.timeout(240)
STORIES = 200
RULES: dict[str, Any] = {
    "session_idle_s": POLICY.session_idle_ms // 1000,
    "session_max_s": POLICY.session_max_ms // 1000,
    "abandon_idle_s": POLICY.abandon_idle_ms // 1000,
    "attribution_window_s": POLICY.attribution_ms // 1000,
    "cart_expiry_s": POLICY.cart_expiry_ms // 1000,
    "lateness_s": POLICY.lateness_ms // 1000,
    "funnel_window_s": POLICY.funnel_window_ms // 1000,
    "churn_tiers_s": {tier: idle_ms // 1000 for tier, idle_ms in POLICY.churn_tiers_ms},
}


@pytest.fixture(scope="module")
def warehouse_lab(warehouse: tuple[str, int]) -> Iterator[Lab]:
    with lab(*warehouse, **RULES) as made:
        yield made


def renamed(made: list[Collected], story: int) -> list[Collected]:
    """Ids of its own, so that many stories can share a lane."""

    def name(text: str) -> str:
        return text and f"{story:03}.{text}"

    return [
        msgspec.structs.replace(
            event,
            device_id=name(event.device_id),
            user_id=name(event.user_id),
            previous_id=name(event.previous_id),
            message_id=name(event.message_id),
        )
        for event in made
    ]


def played() -> dict[str, list[MemoryStream]]:
    """Many stories by way of lag, copies and restarts; a lane for each time at which they are looked at."""
    lanes: dict[str, list[MemoryStream]] = defaultdict(list)

    @settings(
        max_examples=STORIES,
        phases=[Phase.generate],
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(made=stories(), end=st.sampled_from(range(len(ENDS_MS))), seed=st.integers(0, 1 << 32))
    def play(made: list[Collected], end: int, seed: int) -> None:
        random, story = Random(seed), sum(map(len, lanes.values()))
        lanes[f"end{end}"].append(delivered(arrivals(renamed(made, story), random), 4, random, [ENDS_MS[end]]))

    play()
    return lanes


def store(made: Lab, lanes: dict[str, list[MemoryStream]]) -> None:
    """What the sink does, without Kafka in between."""
    for table, topic in TOPICS.items():
        name = "journeys" if table == "events" else topic.name
        rows = [{**row, "lane": lane} for lane, streams in lanes.items() for each in streams for row in each.rows[name]]
        if rows:
            made.client.raw_insert(table, row_columns(topic), b"\n".join(map(orjson.dumps, rows)), INSERT_SETTINGS, "JSONEachRow")


@pytest.fixture(scope="module")
def reports(warehouse_lab: Lab) -> list[Report]:
    lanes = played()
    store(warehouse_lab, lanes)
    answers = partial(stream, warehouse_lab.settings)
    return [Reconciliation(job_of(warehouse_lab.settings, lane), answers).run() for lane in lanes]


def test_everything_live_is_what_the_stored_events_give(reports: list[Report]) -> None:
    differing = {(report.lane, verdict.subject): verdict.examples for report in reports for verdict in report.verdicts if verdict.examples}
    assert differing == {}


def test_the_stories_have_something_to_tell(reports: list[Report]) -> None:
    found = {line.measure for report in reports for verdict in report.verdicts for line in verdict.lines if line.recomputed}
    assert found >= {f"funnel level {level}" for level in range(5)}
    assert found >= {f"shares: {kind}" for kind in ("share", "open", "invite_accept", "order")}
    assert found >= {"carts: ordered", "carts: expired", "carts recovered", "late events", "ids merged into another", "bounces"}
    assert found >= {"triggers fired", f"churn {POLICY.churn_tiers_ms[-1][0]}: now"}, "all have been silent for long at the end"
    assert found >= {f"churn {tier}: entered" for tier, _ in POLICY.churn_tiers_ms}, "and came there by way of the other tiers"
