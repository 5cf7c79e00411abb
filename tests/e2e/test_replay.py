"""Replays through the whole pipeline: real Kafka, collector, worker, sink and warehouse."""

from __future__ import annotations

import csv
import gzip
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from reconcile.job import job_of
from reconcile.run import Reconciliation
from runtime.local.control import Control, ControlError
from runtime.query import query, stream
from tests.e2e.replaying import DATA, MADE_UP, Replaying, made_up_log, settings_in, stack_in, summary_of
from tests.waiting import until

pytestmark = pytest.mark.timeout(300)
RETAIL_ROWS = 10_000  # of the first days; the whole file takes minutes
CHANGED_BY_THE_RUN = ("lane", "elapsed_s", "resent", "duplicates")
# All that a lane says of its shoppers, row by row. Not compared, because two calm runs differ in them too: `version`, the void triggers and
# `decision` tell how far the clock was when a merged device's cart reached its user.
FINAL_ROWS = {
    "events": "SELECT message_id, person_id, occurred_at FROM events WHERE lane = {lane:String} ORDER BY ALL",
    "identities": "SELECT id, person_id FROM identities_now WHERE lane = {lane:String} ORDER BY ALL",
    "carts": "SELECT * EXCEPT (lane, version) FROM carts_now WHERE lane = {lane:String} ORDER BY ALL",
    "sessions": "SELECT * EXCEPT (lane, version) FROM sessions_now WHERE lane = {lane:String} ORDER BY ALL",
    "funnel": "SELECT * EXCEPT (lane, version) FROM funnel_levels_now WHERE lane = {lane:String} ORDER BY ALL",
    "segments": "SELECT * EXCEPT (lane, version) FROM segments_now WHERE lane = {lane:String} ORDER BY ALL",
    "triggers": """SELECT * EXCEPT (lane, version, decision, reason) FROM triggers_now
        WHERE lane = {lane:String} AND status = 'fired' ORDER BY ALL""",
}


@pytest.fixture(scope="module")
def replaying(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replaying]:
    with stack_in(tmp_path_factory.mktemp("stack")) as found:
        yield found


def real(name: str) -> str:
    file = DATA / name
    if not file.exists():
        pytest.skip(f"{name} is not there: set CARTWAKE_DATA to the folder of the real data")
    return str(file)


def rows_of(replaying: Replaying, sql: str, lane: str) -> list[tuple[Any, ...]]:
    return query(replaying.settings, sql, {"lane": lane})


def assert_live_is_what_the_events_give(replaying: Replaying, lane: str, more: Sequence[str] = ("carts", "orders")) -> None:
    """As `cartwake reconcile --lane LANE`: nobody differs, not even for a reason that is allowed."""
    report = Reconciliation(job_of(replaying.settings, lane), partial(stream, replaying.settings)).run()
    assert [(verdict.subject, verdict.examples) for verdict in report.verdicts if verdict.examples] == []
    assert {verdict.subject for verdict in report.verdicts if verdict.rows} >= {"events", "persons", "funnel_levels", *more}


def test_taobao_gives_its_figures(replaying: Replaying) -> None:
    found = replaying.run(real("taobao/user_behavior.csv.gz"), "--format", "taobao", "--lane", "taobao")
    assert found["events"] == {"view_item": 89_710, "add_to_cart": 5_446, "add_to_wishlist": 2_744, "purchase": 2_101}
    assert (found["rows_read"], found["accepted"], found["stored"], found["duplicates"]) == (100_001, 100_001, 100_001, 0)
    assert (found["persons"], found["items"], found["categories"], found["late"]) == (983, 64_467, 3_128, 0)
    assert (found["funnel_differences"], found["problems"]) == (0, [])
    assert found["funnel_levels"].keys() == {"1", "2", "3"}
    assert_live_is_what_the_events_give(replaying, "taobao")


def test_rees46_gives_its_figures_and_explains_what_it_left_out(replaying: Replaying) -> None:
    found = replaying.run(real("rees46/multi_category_2019-10-01_head.csv.gz"), "--format", "rees46", "--lane", "rees46")
    assert (found["rows_read"], found["accepted"], found["rejected"], found["duplicates"]) == (17_435, 17_434, 1, 5)
    assert found["events"] == {"view_item": 17_055 - 4, "purchase": 214, "add_to_cart": 165 - 1}
    assert {currency: Decimal(str(amount)) for currency, amount in found["revenue"].items()} == {"USD": Decimal("59442.63")}
    assert (found["persons"], found["items"] > 0, found["funnel_differences"], found["problems"]) == (4_504, True, 0, [])
    cut_off = rows_of(replaying, "SELECT code, field, message, raw FROM rejected WHERE lane = {lane:String} AND stage = 'replay'", "rees46")
    assert [row[:3] for row in cut_off] == [("missing_field", "user_session", "row 17435 has 8 of 9 columns")]
    assert cut_off[0][3].endswith(",elenberg,25.71,52040330")
    sessions = "SELECT uniqExact(toString(props.user_session)) FROM events WHERE lane = {lane:String}"
    assert rows_of(replaying, sessions, "rees46") == [(5_066,)]
    assert_live_is_what_the_events_give(replaying, "rees46")


def test_online_retail_gives_its_figures(replaying: Replaying) -> None:
    """Its first rows: the whole file, through views alone, is in tests/service/test_views_sales_files.py."""
    path = real("online_retail/online_retail.csv.gz")
    with gzip.open(path, "rt", newline="") as file:
        lines = [tuple(line.values()) for line in islice(csv.DictReader(file), RETAIL_ROWS)]
    unique = [(invoice, int(quantity), Decimal(price), customer) for invoice, _, _, quantity, _, price, customer, _ in set(lines)]
    sold = [line for line in unique if line[0].isdigit() and line[1] > 0]
    back = [line for line in unique if line[0].startswith("C")]
    found = replaying.run(path, "--format", "online-retail", "--lane", "retail", "--limit", str(RETAIL_ROWS))
    assert (found["rows_read"], found["accepted"], found["rejected"]) == (RETAIL_ROWS, RETAIL_ROWS, 0)
    assert (found["stored"], found["duplicates"]) == (len(unique), RETAIL_ROWS - len(unique))
    kinds = {"purchase": len(sold), "refund": len(back), "custom": len(unique) - len(sold) - len(back)}
    assert found["events"] == kinds and min(kinds.values()) > 0 < found["duplicates"]
    assert Decimal(str(found["revenue"]["GBP"])) == sum(quantity * price for _, quantity, price, _ in sold)
    assert found["persons"] == len({customer or invoice for invoice, _, _, customer in unique})
    assert (found["funnel_differences"], found["problems"]) == (0, [])
    assert_live_is_what_the_events_give(replaying, "retail", ["orders"])


def test_every_row_of_any_csv_is_accounted_for(replaying: Replaying, tmp_path: Path) -> None:
    log = made_up_log(40)
    good = log.splitlines()[1:]
    bad = ["view,yesterday,ann,,sku-1,1,1", "view,1700000000,ann", "view,1700000000,,,sku-1,1,1", "view,1700000000,ann,,,1,1"]
    file = tmp_path / "log.csv"
    file.write_text(log + "\n".join([*bad, good[0]]))
    found = replaying.run(str(file), *MADE_UP, "--lane", "small")
    assert (found["rows_read"], found["accepted"], found["rejected"]) == (len(good) + 5, len(good) + 1, 4)
    assert found["rejected_by_reason"] == {"invalid_field": 1, "missing_field": 2, "no_identity": 1}
    assert (found["stored"], found["duplicates"], found["problems"]) == (len(good), 1, [])
    names = {"view": "view_item", "buy": "purchase"}
    assert found["events"] == Counter(names.get(line.split(",")[0], line.split(",")[0]) for line in good)
    orders = [line.split(",") for line in good if line.startswith("buy")]
    assert Decimal(str(found["revenue"]["EUR"])) == sum(Decimal(order[5]) for order in orders)
    assert found["persons"] == 40
    assert rows_of(replaying, "SELECT countIf(NOT replayed) FROM events WHERE lane = {lane:String}", "small") == [(0,)]
    assert_refused(replaying, str(file), "small")


class Shop:
    """Answers webhooks, and keeps their ids."""

    def __init__(self, url: str) -> None:
        ids = self.ids = list[str]()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                ids.append(self.headers["webhook-id"])
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", urlsplit(url).port or 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever)

    def __enter__(self) -> Shop:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def test_a_replay_tells_the_shop_of_nothing_unless_it_is_asked_to(replaying: Replaying, tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    file.write_text(made_up_log(60))
    fired = (
        "SELECT uniqExact(trigger_id), countIf(NOT replayed) FROM triggers WHERE lane = {lane:String} AND version = 1 AND decision = 'send'"
    )
    with Shop(replaying.settings.webhook_url) as shop:
        replaying.run(str(file), *MADE_UP, "--lane", "silent")
        ((triggers, live),) = rows_of(replaying, fired, "silent")
        assert triggers > 0 and (live, shop.ids) == (0, [])
        replaying.run(str(file), *MADE_UP, "--lane", "telling", "--send")
        ((triggers, live),) = rows_of(replaying, fired, "telling")
        assert live == 0 and len(shop.ids) == len(set(shop.ids)) == triggers > 0


def assert_refused(replaying: Replaying, file: str, lane: str) -> None:
    again = replaying.begin(file, *MADE_UP, "--lane", lane)
    out, said = again.communicate(timeout=60)
    assert (again.returncode, out) == (1, "")
    assert f"the lane {lane} has been used already" in said


def test_killing_worker_sink_and_collector_changes_no_count(replaying: Replaying, tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    file.write_text(made_up_log(1_500))
    calm = replaying.run(str(file), *MADE_UP, "--lane", "calm")
    control = Control(replaying.settings.data_dir)
    process = replaying.begin(str(file), *MADE_UP, "--lane", "killed", "--batch-events", "20")
    stored = "SELECT count() FROM events WHERE lane = {lane:String}"
    for victim, least in (("worker-killed", 1), ("sink-killed", 300), ("collector", 600)):
        until(lambda least=least: rows_of(replaying, stored, "killed")[0][0] >= least, 60, f"{least} events stored")  # type: ignore[misc]
        assert process.poll() is None
        control.kill(victim)
    found = summary_of(process)
    restarts = {row["name"]: row["restarts"] for row in control.status()}
    assert min(restarts[name] for name in ("worker-killed", "sink-killed", "collector")) >= 1
    for name in CHANGED_BY_THE_RUN:
        del calm[name], found[name]
    assert found == calm
    for name, sql in FINAL_ROWS.items():
        there = rows_of(replaying, sql, "calm")
        assert there, name
        assert rows_of(replaying, sql, "killed") == there, name


def test_without_a_stack_a_replay_runs_its_own_and_leaves_nothing_behind(tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    file.write_text(made_up_log(5))
    alone = Replaying(settings_in(tmp_path / "own"))
    found = alone.run(str(file), *MADE_UP)
    assert (found["problems"], found["lane"].startswith("replay-csv-")) == ([], True)
    with pytest.raises(ControlError, match="no cartwake runs"):
        Control(alone.settings.data_dir).status()
