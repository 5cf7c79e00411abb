"""`cartwake reconcile`: agrees with a simulated lane, finds each kind of damage and who it is, and says what may differ."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from reconcile.explain import MERGED_LATE, NOT_DRAINED, RETENTION, UNMERGED
from reconcile.job import job_of
from reconcile.report import Report
from reconcile.run import NotAskable, Reconciliation
from reconcile.subjects import SUBJECTS
from runtime.cli import main
from runtime.query import stream
from simulator.config import SimConfig
from tests.views_lab import DAY_MS, NOON_MS, Lab, lab, simulated

pytestmark = pytest.mark.timeout(240)
NAMES = [subject.name for subject in SUBJECTS]


@pytest.fixture(scope="module")
def warehouse_lab(warehouse: tuple[str, int]) -> Iterator[Lab]:
    with lab(*warehouse) as made:
        simulated().store(made, "sim")
        yield made


def reconciled(made: Lab, lane: str, *names: str, period_ms: tuple[int, int] | None = None, events_a_part: int = 500_000) -> Report:
    job = job_of(made.settings, lane)
    chosen = [subject for subject in SUBJECTS if subject.name in (names or NAMES)]
    changes: dict[str, Any] = {"subjects": chosen, "events_a_part": events_a_part, "patience_s": 0.0}
    changes |= {"period_ms": period_ms} if period_ms else {}
    return Reconciliation(type(job)(**{**vars(job), **changes}), partial(stream, made.settings)).run()


def totals(report: Report) -> dict[str, Any]:
    return {line.measure: line.recomputed for verdict in report.verdicts for line in verdict.lines}


def test_a_simulated_lane_agrees_and_is_the_truth(warehouse_lab: Lab) -> None:
    report = reconciled(warehouse_lab, "sim")
    assert (report.differences, report.explained) == (0, 0)
    found, truth = totals(report), simulated().truth.result(simulated().final_ms)
    assert found["events"] == truth["stored"] and found["late events"] == truth["late"] and found["persons"] == truth["persons"]
    assert {level: found[f"funnel level {level}"] for level in truth["persons_by_level"]} == truth["persons_by_level"]
    assert {name: found[f"carts: {name}"] for name in ("ordered", "emptied", "expired", "open")} == {
        name: truth["carts"][name] for name in ("ordered", "emptied", "expired", "open")
    }
    assert (found["carts abandoned"], found["carts recovered"]) == (truth["carts"]["abandoned"], truth["carts"]["recovered"])
    assert {name: str(found[f"revenue, {name}"]) for name in truth["revenue"]} == truth["revenue"]
    assert (found["ids merged into another"], found["triggers fired"]) == (truth["merges"], truth["carts"]["triggers"])
    assert {tier: found.get(f"churn {tier}: now", 0) for tier in truth["churn"]} == truth["churn"]


def test_a_lane_with_an_experiment_agrees(warehouse_lab: Lab) -> None:
    """What was shown is no sign of life: it makes no visit longer, for the stream as for the views."""
    made = simulated(SimConfig(seed=5, shoppers=60, experiment=(("a", 0.1), ("b", 0.3))))
    made.store(warehouse_lab, "tested")
    report = reconciled(warehouse_lab, "tested")
    assert (report.differences, report.explained) == (0, 0)
    [row] = warehouse_lab.ask("SELECT count() AS shown FROM events WHERE lane = 'tested' AND event = 'experiment_view'")
    assert row["shown"] > 50


def test_in_parts_it_is_the_same(warehouse_lab: Lab) -> None:
    whole, parted = reconciled(warehouse_lab, "sim"), reconciled(warehouse_lab, "sim", events_a_part=2_000)
    assert parted.differences == 0
    assert totals(parted) == totals(whole)


def test_periods_add_up_to_the_whole(warehouse_lab: Lab) -> None:
    names = ("sessions", "carts", "orders", "shares", "segments", "triggers")
    cut_ms = simulated().final_ms - 15 * DAY_MS
    before, after, whole = (
        reconciled(warehouse_lab, "sim", *names, period_ms=period) for period in ((0, cut_ms), (cut_ms, 1 << 60), (0, 1 << 60))
    )
    assert (before.differences, after.differences) == (0, 0)
    assert 0 < totals(before)["carts"] < totals(whole)["carts"]
    assert {name: totals(before).get(name, 0) + totals(after).get(name, 0) for name in totals(whole)} == totals(whole)


# One row wrong in each table: doubled, changed, taken back, or one that never was.
DAMAGE = {
    "events": """INSERT INTO events (* EXCEPT (product_id, category, brand, inserted_at))
        SELECT * FROM events WHERE lane = 'sim' AND event = 'purchase' ORDER BY message_id LIMIT 1""",
    "persons": """INSERT INTO persons (lane, person_id, first_seen_at, last_seen_at, user_ids, device_ids)
        SELECT lane, person_id, toDateTime64('2020-01-01', 3), last_seen_at, [], [] FROM persons_now
        WHERE lane = 'sim' ORDER BY person_id LIMIT 1""",
    "identities": """INSERT INTO identities (lane, id, person_id, version)
        SELECT lane, id, 'u:nobody', 99 FROM identities WHERE lane = 'sim' ORDER BY id LIMIT 1""",
    "sessions": """INSERT INTO sessions (lane, session_id, person_id, device_id, started_at, ended_at, version, is_deleted)
        SELECT lane, session_id, person_id, device_id, started_at, ended_at, 99, 1 FROM sessions_now
        WHERE lane = 'sim' ORDER BY started_at DESC LIMIT 1""",
    "funnel_levels": """INSERT INTO funnel_levels
            (lane, funnel, person_id, level, version, channel, device_type, campaign_name, first_seen_at)
        SELECT lane, funnel, person_id, level + 1, 99, channel, device_type, campaign_name, first_seen_at FROM funnel_levels_now
        WHERE lane = 'sim' ORDER BY first_seen_at DESC LIMIT 1""",
    "carts": """INSERT INTO carts (lane, episode_id, person_id, cart_id, status, opened_at, changed_at, version)
        SELECT lane, 'x', person_id, 'c', 'open', opened_at, changed_at, 1 FROM carts_now
        WHERE lane = 'sim' ORDER BY opened_at DESC LIMIT 1""",
    "triggers": """INSERT INTO triggers (lane, trigger_id, rule, person_id, step, status, fired_at, version)
        SELECT lane, 'x', 'cart_abandoned', person_id, 1, 'fired', fired_at, 1 FROM triggers_now
        WHERE lane = 'sim' ORDER BY fired_at DESC LIMIT 1""",
    "orders": """ALTER TABLE orders UPDATE value = value + 1
        WHERE lane = 'sim' AND message_id = (SELECT message_id FROM orders WHERE lane = 'sim' ORDER BY occurred_at DESC LIMIT 1)
        SETTINGS mutations_sync = 1""",
    "segments": """INSERT INTO segments (lane, person_id, segment, value, entered_at, version)
        SELECT lane, person_id, 'churn', 'mid', entered_at, 1 FROM segments_now
        WHERE lane = 'sim' AND value = 'short' ORDER BY entered_at DESC LIMIT 1""",
    "shares": """INSERT INTO shares (lane, share_id, kind, person_id, occurred_at, message_id, version, is_deleted)
        SELECT lane, share_id, kind, person_id, occurred_at, message_id, 99, 1 FROM shares_now
        WHERE lane = 'sim' AND kind = 'order' ORDER BY occurred_at DESC LIMIT 1""",
}


@pytest.mark.parametrize("name", NAMES)
def test_damage_is_found_and_its_person_named(warehouse: tuple[str, int], name: str) -> None:
    with lab(*warehouse) as made:
        simulated().store(made, "sim")
        made.client.command(DAMAGE[name])
        (verdict,) = reconciled(made, "sim", name).verdicts
        assert (verdict.differing, verdict.explained) == (1, {})
        (example,) = verdict.examples
        assert example.live != example.recomputed and {row[0] for row in [*example.live, *example.recomputed]} == {example.person}


def clock(made: Lab, lane: str, hours: float) -> None:
    at_ms = NOON_MS + int(hours * 3_600_000)
    made.insert("clocks", [{"lane": lane, "partition": 0, "now_at_ms": at_ms, "version": at_ms}])


def test_what_is_on_its_way_may_differ(warehouse_lab: Lab) -> None:
    warehouse_lab.events("way", {"event": "page_view", "person_id": "d:1", "at_ms": 3_600_000, "channel": "search"})
    clock(warehouse_lab, "way", 1)
    assert reconciled(warehouse_lab, "way", "sessions").verdicts[0].explained == {NOT_DRAINED: 1}
    clock(warehouse_lab, "way", 1.01)
    assert reconciled(warehouse_lab, "way", "sessions").differences == 1


def identity(made: Lab, lane: str, **row: Any) -> None:
    made.insert("identities", [{"lane": lane, "version": 1, **row}])


def test_unmerged_devices_and_old_histories_that_merged_may_differ(warehouse_lab: Lab) -> None:
    view = {"event": "page_view", "at_ms": 0}
    bob = {**view, "person_id": "u:bob", "device_id": "4"}
    warehouse_lab.events("old", {**view, "person_id": "d:1"}, {**view, "person_id": "d:2"}, {**view, "person_id": "d:3"}, bob)
    clock(warehouse_lab, "old", 24 * 30)
    identity(warehouse_lab, "old", id="d:1", person_id="d:1", merged_at_ms=NOON_MS, reason="unlinked by ops")
    identity(warehouse_lab, "old", id="d:2", person_id="u:bob", merged_at_ms=NOON_MS + 8 * DAY_MS)
    (verdict,) = reconciled(warehouse_lab, "old", "sessions").verdicts
    assert (verdict.differing, verdict.explained) == (1, {UNMERGED: 1, MERGED_LATE: 1})
    assert verdict.examples[0].person == "d:3"


def test_a_lane_without_events_or_clock_cannot_be_asked(warehouse_lab: Lab) -> None:
    with pytest.raises(NotAskable, match="no events"):
        reconciled(warehouse_lab, "nowhere")
    warehouse_lab.events("timeless", {"event": "page_view", "person_id": "d:1", "at_ms": 0})
    with pytest.raises(NotAskable, match="no clock"):
        reconciled(warehouse_lab, "timeless")


def test_the_command_says_by_its_status_whether_they_agree(
    warehouse_lab: Lab, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("warehouse_port", "warehouse_database"):
        monkeypatch.setenv(f"CARTWAKE_{name.upper()}", str(getattr(warehouse_lab.settings, name)))
    assert main(["reconcile", "--lane", "sim", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["agrees"], document["differences"]) == (True, 0)
    assert [each["subject"] for each in document["subjects"]] == NAMES
    warehouse_lab.events("wrong", {"event": "page_view", "person_id": "d:1", "at_ms": 0})
    clock(warehouse_lab, "wrong", 1)
    assert main(["reconcile", "--lane", "wrong", "--from", "2026-03-01", "--to", "2026-03-01"]) == 1
    assert "!! sessions of d:1" in capsys.readouterr().out
    assert main(["reconcile", "--lane", "wrong", "--from", "2026-03-02"]) == 0
    assert main(["reconcile", "--lane", "nowhere"]) == 2
    monkeypatch.setenv("CARTWAKE_WAREHOUSE_PORT", "1")
    assert main(["reconcile", "--lane", "sim"]) == 2


def test_what_retention_let_go_of_may_differ(warehouse: tuple[str, int]) -> None:
    with lab(*warehouse, retention_days={"events": 30}) as made:
        made.client.command("SYSTEM STOP TTL MERGES events")  # the test's rows are of a day in the past
        made.events(
            "kept", {"event": "page_view", "person_id": "d:1", "at_ms": 0}, {"event": "page_view", "person_id": "d:2", "at_ms": 40 * DAY_MS}
        )
        clock(made, "kept", 24 * 50)
        gone = {"lane": "kept", "session_id": "s", "person_id": "d:3", "device_id": "3", "started_at_ms": NOON_MS, "ended_at_ms": NOON_MS}
        made.insert("sessions", [{**gone, "version": 1}])
        (verdict,) = reconciled(made, "kept", "sessions").verdicts
        assert (verdict.differing, verdict.explained) == (1, {RETENTION: 2})
