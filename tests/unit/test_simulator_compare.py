"""The comparison says equal only where it is, and the demo empties only its own folder."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from runtime import compare as sql
from runtime.commands.simulate import FileWire
from runtime.compare import as_json, as_text, compare
from runtime.figures import Figures
from runtime.local.lockfile import AlreadyRunningError, DataLock
from runtime.settings import Settings
from runtime.showcase import FolderError, fresh_settings, specs
from runtime.view import draw, line
from simulator.config import SimConfig
from simulator.play import Play
from simulator.rules import rules_of
from simulator.truth import Rules, Truth

EMPTY = Truth(Rules()).result(1)
ANSWERS: dict[str, list[tuple[Any, ...]]] = {
    sql.COLLECTED: [(0, 0, 0, 0)],
    sql.PERSONS: [(0, 0)],
    sql.CARTS: [(0,) * 7],
    sql.TRIGGERS: [(0,)],
    sql.SHARES: [(0, 0, 0)],
    sql.DIFFERENCES: [(0,)],
}


def differing(answers: Mapping[str, list[tuple[Any, ...]]]) -> list[str]:
    known = {**ANSWERS, **answers}
    return [each.measure for each in compare(EMPTY, lambda query, _: known.get(query, []), "demo") if not each.equal]


def test_nothing_equals_nothing() -> None:
    assert differing({}) == []


@pytest.mark.parametrize(
    ("query", "rows", "measures"),
    [
        (sql.COLLECTED, [(1, 0, 0, 1)], ["events sent", "events accepted", "events stored", "message ids stored"]),
        (sql.COLLECTED, [(0, 1, 0, 0)], ["late events"]),
        (sql.REJECTED, [("internal_error", 1)], ["events sent", "rejected: internal_error"]),
        (sql.PERSONS, [(1, 2)], ["persons", "merges"]),
        (sql.CARTS, [(0, 0, 1, 0, 0, 0, 0)], ["carts recovered"]),
        (sql.ABANDONED_VALUE, [("EUR", "1.0000")], ["value left in carts, EUR"]),
        (sql.TRIGGERS, [(3,)], ["triggers"]),
        (sql.CHURN, [("long", 1)], ["churn tier long"]),
        (sql.ORDERS, [("EUR", 1, "2.0000", "0.0000", False)], ["orders", "revenue, EUR"]),
        (sql.ORDERS, [("EUR", 0, "0.0000", "1.0000", True)], ["revenue, EUR", "refunded, EUR"]),
        (sql.SHARES, [(0, 1, 0)], ["shares opened"]),
        (sql.SHARE_ORDERS, [("s", 1)], ["orders through shares"]),
        (sql.LEVELS, [("d:1", 2, "social")], ["funnel level 2", "funnel level 2, social", "persons whose level is not the true one"]),
        (sql.DIFFERENCES, [(1,)], ["persons whose level is not windowFunnel's"]),
    ],
)
def test_each_difference_is_a_line(query: str, rows: list[tuple[Any, ...]], measures: list[str]) -> None:
    assert differing({query: rows}) == measures


@pytest.mark.parametrize(("credited", "is_equal"), [(6, False), (7, True), (9, True), (10, False)])
def test_orders_of_ids_that_became_one_too_late_may_lack_their_share(credited: int, is_equal: bool) -> None:
    truth = {**EMPTY, "orders_by_share": {"s": 9}, "orders_merged_late": 2}
    answers = {**ANSWERS, sql.SHARE_ORDERS: [("s", credited)]}
    lines = compare(truth, lambda query, _: answers.get(query, []), "demo")
    assert [line.measure for line in lines if not line.equal] == ([] if is_equal else [sql.THROUGH])


def test_a_line_that_differs_is_marked() -> None:
    lines = compare({**EMPTY, "orders": 1_234}, lambda query, _: ANSWERS.get(query, []), "demo")
    assert [text for text in as_text(lines).splitlines() if text.startswith("!!")] == [
        text for text in as_text(lines).splitlines() if "1,234" in text
    ]
    assert {"measure": "orders", "truth": 1234, "clickhouse": 0, "equal": False} in as_json(lines)


def test_the_demo_empties_no_folder_of_others(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(FolderError):
        fresh_settings(Settings(), str(tmp_path))
    assert (tmp_path / "thesis.txt").exists()


def test_the_demo_starts_on_an_empty_folder_each_time(tmp_path: Path) -> None:
    first = fresh_settings(Settings(), str(tmp_path / "demo"))
    (tmp_path / "demo" / "kafka").mkdir()
    second = fresh_settings(Settings(), str(tmp_path / "demo"))
    assert not (tmp_path / "demo" / "kafka").exists()
    assert first.secret_key != second.secret_key


def test_the_demo_leaves_a_folder_alone_that_is_in_use(tmp_path: Path) -> None:
    fresh_settings(Settings(), str(tmp_path))
    with DataLock(tmp_path), pytest.raises(AlreadyRunningError):
        fresh_settings(Settings(), str(tmp_path))


def test_only_the_live_lane_of_the_demo_is_impatient(tmp_path: Path) -> None:
    found = {spec.name: spec for spec in specs(Settings(data_dir=str(tmp_path)))}
    assert found["worker-live"].env["CARTWAKE_ABANDON_IDLE_S"] == "20"
    assert "CARTWAKE_ABANDON_IDLE_S" not in found["worker-demo"].env
    assert {"shop", "receiver", "webhooks-demo", "webhooks-live"} <= found.keys()


def test_the_view_shows_the_numbers() -> None:
    figures = Figures(events=1_234, carts_abandoned=5, webhooks=4, funnel={"search": [10, 5, 0, 0]})
    assert "1,234 events" in line(figures, 0, 0.5, 9.0)
    assert draw(figures, ["a", "b", "c", "d"], 0, 0.5, 9.0, "").renderables


def test_the_truth_follows_the_settings() -> None:
    assert rules_of(Settings()) == Rules()
    assert rules_of(replace(Settings(), abandon_idle_s=20)).idle_ms == 20_000


def test_a_file_holds_every_event_that_is_sent() -> None:
    file, config = io.BytesIO(), SimConfig(shoppers=20, malformed=0.0)
    play = Play(config, FileWire(file))
    asyncio.run(play.run())
    requests = [json.loads(text) for text in file.getvalue().splitlines()]
    assert sum(len(request["batch"]) for request in requests) == play.sent > 0
    assert [request["arrival_ms"] for request in requests] == sorted(request["arrival_ms"] for request in requests)
