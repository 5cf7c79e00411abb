"""A person of two devices asks for everything, then to be forgotten; every store is searched afterwards, byte by byte."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from erasure.report import is_signed, text_of
from erasure.topics import records
from runtime.local.stack import base_specs, lane_specs
from runtime.query import query
from runtime.settings import Settings, to_env
from runtime.topics import admin_of
from schemas.suppression import id_hash
from tests.e2e.replaying import COLUMNS, MADE_UP, ROOT, Replaying, settings_in, stack_of
from tests.waiting import until

pytestmark = pytest.mark.timeout(420)
ANN, PHONE, LAPTOP = "annabel-kowalski-1", "phone-of-annabel-77", "laptop-of-annabel-78"
BOB, HIS = "bob-meier-2", "tablet-of-bob-79"
# Told apart by hand from what the eraser reads: every column of text that the database has.
TEXTS = """SELECT table, name FROM system.columns WHERE database = currentDatabase() AND match(type, 'String|JSON')
    AND NOT startsWith(type, 'AggregateFunction') AND default_kind != 'EPHEMERAL' AND table IN
        (SELECT name FROM system.tables WHERE database = currentDatabase() AND endsWith(engine, 'MergeTree'))"""
STATES = """SELECT table, name FROM system.columns WHERE database = currentDatabase() AND startsWith(type, 'AggregateFunction')"""


@dataclass(frozen=True)
class Shop:
    settings: Settings

    def ask(self, method: str, path: str, body: Any = None, secret: bool = True, actor: str = "nobody") -> tuple[int, bytes]:
        key = f"Bearer {self.settings.secret_key}" if secret else "Bearer demo-web"
        data = None if body is None else json.dumps(body).encode()
        url = f"http://127.0.0.1:{self.settings.collector_port}{path}"
        request = urllib.request.Request(url, data, {"Authorization": key, "X-Cartwake-Actor": actor}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def send(self, *events: dict[str, Any]) -> dict[str, Any]:
        status, text = self.ask("POST", "/v1/batch", {"batch": list(events)}, secret=False)
        assert status == 200, text
        found: dict[str, Any] = json.loads(text)
        return found

    def count(self, sql: str, **parameters: Any) -> int:
        ((found,),) = query(self.settings, sql, parameters)
        return int(found)


def track(name: str, message_id: str, device: str, user: str = "", **properties: Any) -> dict[str, Any]:
    who = {"anonymousId": device, **({"userId": user} if user else {})}
    return {"type": "track", "event": name, "messageId": message_id, **who, "properties": properties}


def identify(message_id: str, device: str, user: str) -> dict[str, Any]:
    return {"type": "identify", "messageId": message_id, "anonymousId": device, "userId": user, "traits": {"name": user}}


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    settings = settings_in(tmp_path)
    with stack_of(settings, [*base_specs(settings), *lane_specs(settings, webhooks=False)]):
        _compact_at_once(settings)
        yield Shop(settings)


def _compact_at_once(settings: Settings, lane: str = "") -> None:
    """What takes Kafka twenty minutes by the topics' settings."""
    from kafka.admin import ConfigResource, ConfigResourceType

    quick = {"segment.ms": "1000", "max.compaction.lag.ms": "1000", "delete.retention.ms": "100", "min.cleanable.dirty.ratio": "0.01"}
    with admin_of(settings.kafka_bootstrap) as admin:
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, lane + name, quick) for name in ("identify-state", "journey-state")])


def traces(shop: Shop, *words: str) -> list[str]:
    """Every place where a word stands: columns of tables, records of all topics (keys, values, headers), files of the spill."""
    found = []
    for sql, text in ((TEXTS, "toString(`{}`)"), (STATES, "toString(finalizeAggregation(`{}`))")):
        columns = defaultdict[str, list[str]](list)
        for table, name in query(shop.settings, sql):
            columns[table].append(name)
        for table, names in columns.items():  # one question a table, all columns and words in it
            places = [(name, word) for name in names for word in words]
            given = {f"word{number}": word for number, word in enumerate(words)}
            counts = [
                f"countIf(position({text.format(name)}, {{word{number}:String}}) > 0)" for name in names for number in range(len(words))
            ]
            (row,) = query(shop.settings, f"SELECT {', '.join(counts)} FROM `{table}`", given)
            found += [f"{table}.{name}: {word}" for (name, word), count in zip(places, row, strict=True) if count]
    with admin_of(shop.settings.kafka_bootstrap) as admin:
        topics = sorted(name for name in admin.list_topics() if not name.startswith("__"))
    found += asyncio.run(_traces_in_topics(shop.settings, topics, words))
    for file in Path(shop.settings.data_dir).glob("spill/*"):
        found += [f"{file.name}: {word}" for word in words if word.encode() in file.read_bytes()]
    for file in Path(shop.settings.data_dir).glob("erasures/*"):
        found += [f"{file.name}: {word}" for word in words if word.encode() in file.read_bytes()]
    return found


async def _traces_in_topics(settings: Settings, topics: list[str], words: tuple[str, ...]) -> list[str]:
    from streams.logic import stored

    found = []
    async for record, key in records(settings, topics):
        texts = [record.key or b"", record.value or b"", repr(record.headers).encode()]
        if key.topic.endswith("journey-state") and record.value and not (record.key or b"@").startswith(b"@"):
            texts.append(repr(stored.person(record.value)).encode())  # it is packed
        found += [f"{key.topic} {key.partition} {record.offset}: {word}" for word in words for text in texts if word.encode() in text]
    return found


def shop_log(shop: Shop) -> Path:
    """A log of the shop's own that still names her."""
    rows = [f"view,1700000000,{ANN},,sku-1,1.0,1", f"view,1700000001,,{PHONE},sku-1,1.0,1", f"view,1700000002,{BOB},,sku-1,1.0,1"]
    file = Path(shop.settings.data_dir) / "log.csv"
    file.write_text("\n".join([",".join(COLUMNS), *rows]) + "\n")
    return file


def test_a_person_is_found_everywhere_erased_everywhere_and_kept_out(shop: Shop) -> None:
    item: dict[str, Any] = {"product_id": "shoe", "price": 19.9, "quantity": 1}
    shop.send(
        track("Product Added", "a1", PHONE, cart_id="c1", currency="EUR", **item),
        track("Product Added", "a2", LAPTOP, cart_id="c2", currency="EUR", **item),
        identify("a3", PHONE, ANN),
        identify("a4", LAPTOP, ANN),
        track("Order Completed", "a5", LAPTOP, ANN, order_id="o1", cart_id="c2", currency="EUR", total=19.9, products=[item]),
        track("Product Added", "b1", HIS, BOB, cart_id="c3", currency="EUR", **item),
        {"type": "track", "event": "Order Completed", "messageId": "bad", "userId": ANN, "properties": {"total": "much"}},
    )
    merged = "SELECT count() FROM identities_now WHERE person_id = {person:String}"
    until(lambda: shop.count(merged, person=f"u:{ANN}") == 2, 60, "the merge of two devices")
    until(lambda: shop.count("SELECT count() FROM events") >= 6 and shop.count("SELECT count() FROM carts") >= 3, 60, "the rows")

    assert shop.ask("GET", f"/v1/persons/u:{ANN}", secret=False)[0] == 401
    status, text = shop.ask("GET", f"/v1/persons/d:{PHONE}", actor="support")
    document = json.loads(text)
    assert status == 200 and set(document["ids"]) == {f"u:{ANN}", f"d:{PHONE}", f"d:{LAPTOP}"}
    assert {row["message_id"] for row in document["tables"]["events"]} == {"a1", "a2", "a3", "a4", "a5"}
    assert {"carts", "orders", "persons", "identities", "rejected"} <= set(document["tables"])
    status, text = shop.ask("GET", f"/v1/persons/u:{ANN}?format=csv")
    lines = list(csv.DictReader(io.StringIO(text.decode())))
    assert {line["value"] for line in lines if (line["table"], line["column"]) == ("orders", "order_id")} == {"o1"}

    status, text = shop.ask("POST", "/v1/consent", {"userId": ANN, "purposes": {"marketing": False}, "version": "3", "basis": "by phone"})
    assert (status, json.loads(text)["ids"]) == (200, 3)
    until(lambda: shop.count("SELECT uniqExact(device_id) FROM consents WHERE NOT granted AND version = '3'") == 3, 60, "the refusal")

    words = (ANN, PHONE, LAPTOP)
    before = {place.split(".")[0].split(" ")[0] for place in traces(shop, *words)}
    stores = {"events", "journeys", "rejected", "identities", "carts", "sessions", "consents", "identify-state", "journey-state", "orders"}
    assert stores <= before
    bobs = partial(shop.count, "SELECT count() FROM events WHERE user_id = {user:String}", user=BOB)
    his_state = len(traces(shop, BOB))
    assert bobs() == 1 and his_state

    status, text = shop.ask("DELETE", f"/v1/persons/{ANN}", actor="support")
    assert status == 202
    job_id = json.loads(text)["job_id"]

    def job() -> dict[str, Any]:
        found: dict[str, Any] = json.loads(shop.ask("GET", f"/v1/erasures/{job_id}")[1])
        return found

    until(lambda: job()["status"] in ("done", "incomplete"), 240, "the erasure")
    done = job()
    assert done["status"] == "done", done
    report = done["report"]
    assert report["left"] == {} and report["gone"]["warehouse.events"] >= 5 and report["gone"]["topic.live.journeys"] >= 5
    assert report["gone"]["state.live"] >= 3
    assert is_signed(text_of(report), done["signature"], shop.settings.secret_key)
    assert not is_signed(text_of({**report, "left": {"events": 1}}), done["signature"], shop.settings.secret_key)
    assert not any(word in text_of(report) for word in words)
    until(lambda: not list(Path(shop.settings.data_dir).glob("erasures/*")), 20, "the job's file to go")

    assert traces(shop, *words) == []
    assert bobs() == 1

    answer = shop.send(
        track("Product Viewed", "a6", PHONE, **item), identify("a7", "a-new-device", ANN), track("Product Viewed", "b2", HIS, BOB, **item)
    )
    assert [each["code"] for each in answer["rejected"]] == ["erased", "erased"]
    until(lambda: bobs() == 2, 60, "Bob's next event")
    assert traces(shop, *words) == []
    assert shop.ask("GET", f"/v1/persons/u:{ANN}")[0] == 404

    log = shop_log(shop)
    summary = Replaying(shop.settings).run(str(log), "--lane", "again", *MADE_UP)
    assert (summary["accepted"], summary["rejected_by_reason"]) == (1, {"erased": 2}), summary
    assert shop.count("SELECT count() FROM events WHERE lane = 'again' AND user_id = {user:String}", user=BOB) == 1
    log.unlink()
    assert traces(shop, *words) == []

    # Bob, by command; the lane of the replay is one that nobody runs any more.
    _compact_at_once(shop.settings, "again.")
    assert any(place.startswith("again.journey-state") for place in traces(shop, BOB))
    erased = subprocess.run(
        [sys.executable, "-m", "runtime.cli", "erase", "--person", BOB, "--patience-s", "120", "--json"],
        env={**os.environ, **to_env(shop.settings)},
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert erased.returncode == 0, erased.stdout + erased.stderr
    assert json.loads(erased.stdout)["report"]["gone"]["state.again"] > 0
    assert traces(shop, BOB, HIS) == []

    notes = query(shop.settings, "SELECT actor, action, subject, result FROM audit ORDER BY at")
    assert [note[1] for note in notes] == ["access", "access", "consent", "erase", "erase", "access", "erase", "erase"]
    assert (notes[0][0], notes[0][3], notes[5][3]) == ("support", "found", "not_found")
    assert notes[1][2] == id_hash(f"u:{ANN}", shop.settings.erasure_salt)


def test_who_asks_in_the_browser_is_erased_alone_or_after_somebody_made_sure(shop: Shop) -> None:
    item: dict[str, Any] = {"product_id": "shoe", "price": 19.9, "quantity": 1}
    kiosk = "kiosk-of-nobody-80"

    def asks(message_id: str, device: str) -> dict[str, Any]:
        refused = dict.fromkeys(("analytics", "marketing", "personalisation"), False)
        return track("consent", message_id, device, purposes=refused, basis="erase")

    def run(*arguments: str) -> dict[str, Any]:
        command = [sys.executable, "-m", "runtime.cli", "erase", "--requests", "--patience-s", "120", "--json", *arguments]
        done = subprocess.run(command, env={**os.environ, **to_env(shop.settings)}, cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    shop.send(
        track("Product Added", "k1", kiosk, cart_id="k", currency="EUR", **item),
        track("Product Added", "l1", LAPTOP, cart_id="l", currency="EUR", **item),
        identify("l2", LAPTOP, ANN),
        track("Product Added", "b1", HIS, BOB, cart_id="c3", currency="EUR", **item),
    )
    merged = "SELECT count() FROM identities_now WHERE person_id = {person:String}"
    until(lambda: shop.count(merged, person=f"u:{ANN}") == 1 and shop.count("SELECT uniqExact(person_id) FROM carts") >= 3, 60, "the rows")
    shop.send(asks("k2", kiosk), asks("l3", LAPTOP))
    until(lambda: shop.count("SELECT count() FROM erasure_requests") == 2, 60, "the requests")
    listed = {each["asker"]: (each["status"], each["also"]) for each in run()["requests"]}
    assert listed == {f"d:{kiosk}": ("ready", []), f"d:{LAPTOP}": ("held", [f"u:{ANN}"])}

    daily = subprocess.Popen(
        [sys.executable, "-m", "erasure", "--requests"],
        env={**os.environ, **to_env(shop.settings), "CARTWAKE_ERASURE_REQUESTS_EVERY_S": "1"},
        cwd=ROOT,
    )
    done = "SELECT count() FROM audit WHERE actor = 'cartwake' AND result = 'done'"
    until(lambda: shop.count(done) == 1, 180, "the erasure of the device that is nobody else")
    daily.terminate()
    assert daily.wait(30) == 0
    until(lambda: not list(Path(shop.settings.data_dir).glob("erasures/*")), 20, "the job's file to go")
    assert traces(shop, kiosk) == []
    assert len(traces(shop, ANN)) > 0 and len(traces(shop, LAPTOP)) > 0

    assert run("--yes")["carried_out"] == []
    carried = run("--yes", "--whole-person", f"d:{LAPTOP}")
    assert carried["carried_out"] == [f"d:{LAPTOP}"]
    (erasure,) = carried["erasures"]
    assert erasure["report"]["left"] == {} and is_signed(text_of(erasure["report"]), erasure["signature"], shop.settings.secret_key)
    assert traces(shop, kiosk, ANN, LAPTOP) == []
    assert run()["requests"] == [] and len(traces(shop, BOB)) > 0
    notes = query(shop.settings, "SELECT subject, result FROM audit ORDER BY at")
    assert notes == [(id_hash(f"d:{each}", shop.settings.erasure_salt), result) for each in (kiosk, LAPTOP) for result in ("asked", "done")]
