"""`cartwake erase`: a person of a simulated lane is in no table and no column any more, the others are untouched, and nobody comes back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from functools import partial

import orjson
import pytest

from erasure.erase import Eraser
from erasure.ids import ids_of_person
from erasure.places import tables
from runtime.cli import main
from runtime.query import command, query
from schemas.suppression import id_hash
from schemas.topics import load_topics
from sinks.buffer import Record
from sinks.clickhouse import connect
from sinks.erased import Erased
from sinks.intent import Intent
from sinks.tables import Table
from tests.views_lab import NOON_MS, Lab, lab, simulated

pytestmark = pytest.mark.timeout(240)
SALT = "salt of the test"
# Told apart by hand from what the eraser reads: every column of text that the database has.
TEXTS = """SELECT table, name FROM system.columns WHERE database = currentDatabase() AND position(type, 'String') > 0
    AND NOT startsWith(type, 'AggregateFunction') AND default_kind != 'EPHEMERAL' AND table IN
        (SELECT name FROM system.tables WHERE database = currentDatabase() AND endsWith(engine, 'MergeTree'))"""


@pytest.fixture
def warehouse_lab(warehouse: tuple[str, int]) -> Iterator[Lab]:
    with lab(*warehouse) as made:
        yield made


def eraser(made: Lab) -> Eraser:
    return Eraser(partial(query, made.settings), partial(command, made.settings), SALT, news_s=0.0)


def someone(made: Lab, lane: str) -> str:
    """A user with several devices, orders and triggers: who leaves the most traces."""
    sql = """SELECT person_id FROM carts_now WHERE lane = {lane:String} AND person_id IN (SELECT person_id FROM triggers_now)
        AND person_id IN (SELECT person_id FROM identities_now) GROUP BY person_id ORDER BY count() DESC, person_id LIMIT 1"""
    return str(made.ask(sql, lane=lane)[0]["person_id"])


def traces(made: Lab, text: str) -> list[str]:
    """Every column of every table in which a text stands anywhere."""
    found = []
    for table, name in query(made.settings, TEXTS):
        ((rows,),) = query(
            made.settings, f"SELECT countIf(position(toString(`{name}`), {{text:String}}) > 0) FROM `{table}`", {"text": text}
        )
        found += [f"{table}.{name}"] * bool(rows)
    return found


def counts(made: Lab, person: str) -> dict[str, int]:
    """Rows of all others."""
    return {
        table.name: query(made.settings, f"SELECT count() FROM `{table.name}` WHERE person_id != {{person:String}}", {"person": person})[0][
            0
        ]
        for table in tables(partial(query, made.settings))
        if table.name in ("events", "carts", "sessions", "segments", "triggers", "funnel_levels", "orders")
    }


def test_a_simulated_person_is_nowhere_any_more(warehouse_lab: Lab) -> None:
    made = warehouse_lab
    simulated().store(made, "sim")
    simulated().store(made, "again")  # a replay of the same
    person = someone(made, "sim")
    ask = partial(query, made.settings)
    ids = ids_of_person(ask, person)
    assert len(ids.devices) > 0 and ids_of_person(ask, ids.persons[0]) == ids
    raw = json.dumps({"anonymousId": ids.devices[0], "type": "track"})
    trigger = made.ask("SELECT trigger_id FROM triggers WHERE person_id = {person:String}", person=person)[0]["trigger_id"]
    made.insert("rejected", [{"lane": "sim", "received_at_ms": NOON_MS, "stage": "collector", "code": "x", "message": "m", "raw": raw}])
    delivery = {"lane": "sim", "trigger_id": trigger, "attempt": 1, "attempted_at_ms": NOON_MS, "outcome": "delivered"}
    made.insert("deliveries", [delivery])
    assert {trace.split(".")[0] for each in ids.persons for trace in traces(made, each[2:])} >= {
        *("events", "carts", "sessions", "segments", "triggers", "funnel_levels", "identities", "persons", "rejected", "orders")
    }
    everybody = counts(made, person)
    own = query(made.settings, "SELECT count() FROM events WHERE person_id IN {ids:Array(String)}", {"ids": list(ids.persons)})[0][0]
    erased = eraser(made).erase(ids.persons[0])
    assert (erased.ids, erased.left) == (ids.persons, {})
    assert (erased.deleted["events"], erased.deleted["deliveries"], erased.deleted["rejected"] > 0) == (own, 1, True)
    assert {each: traces(made, each[2:]) for each in ids.persons} == {each: [] for each in ids.persons}
    there = counts(made, person)
    assert {name: everybody[name] - there[name] for name in ("carts", "triggers", "funnel_levels")} == dict.fromkeys(
        ("carts", "triggers", "funnel_levels"), 0
    )
    again = eraser(made).erase(person)
    assert (again.deleted, again.left) == ({}, {})


def test_a_shared_device_stays_with_the_others(warehouse_lab: Lab) -> None:
    made = warehouse_lab
    till = {"event": "page_view", "at_ms": 0, "device_id": "till"}
    made.events("shop", {**till, "person_id": "u:ana", "user_id": "ana"}, {**till, "person_id": "u:bob", "user_id": "bob"})
    made.insert("identities", [{"lane": "shop", "id": "d:till", "person_id": "u:bob", "version": 1, "merged_at_ms": NOON_MS}])
    assert ids_of_person(partial(query, made.settings), "ana").persons == ("d:ana", "u:ana")
    assert eraser(made).erase("u:ana").deleted == {"events": 1, "persons": 1}
    assert [row["person_id"] for row in made.ask("SELECT person_id FROM events WHERE lane = 'shop'")] == ["u:bob"]


def test_what_others_wrote_of_a_person_is_said_and_not_deleted(warehouse_lab: Lab) -> None:
    made = warehouse_lab
    url = "https://shop.example/friends?of=ana-1"
    made.events("shop", {"event": "page_view", "person_id": "u:bob", "at_ms": 0, "page_url": url})
    made.events(
        "shop", {"event": "page_view", "person_id": "u:ana-1", "at_ms": 0}, {"event": "page_view", "person_id": "u:ana-12", "at_ms": 0}
    )
    erased = eraser(made).erase("u:ana-1")
    assert (erased.deleted, erased.left) == ({"events": 1, "persons": 1}, {"events.page_url": 1})


async def test_the_sink_writes_no_row_of_an_erased_person(warehouse_lab: Lab) -> None:
    made = warehouse_lab
    command(
        made.settings,
        "INSERT INTO erasures (id_hash) VALUES ({a:String}), ({b:String})",
        {"a": id_hash("u:ana", SALT), "b": id_hash("d:1", SALT)},
    )
    event = {"lane": "late", "event": "page_view", "write_key": "k", "occurred_at_ms": NOON_MS, "received_at_ms": NOON_MS}
    rows = [
        {**event, "message_id": "own", "person_id": "u:ana", "user_id": "ana"},
        {**event, "message_id": "device", "person_id": "d:1", "device_id": "1"},
        {**event, "message_id": "other", "person_id": "u:bob", "user_id": "bob"},
        {**event, "message_id": "alias", "person_id": "u:bob", "user_id": "bob", "previous_id": "ana"},
    ]
    topic = next(topic for topic in load_topics() if topic.table == "events")
    async with connect(made.settings) as client:
        erased = Erased(client, SALT)
        await erased.refresh(0.0)
        value = b"\n".join(map(orjson.dumps, rows))
        await Table(client, "late", topic, erased).write([Record(0, NOON_MS, value, 4)], Intent(0, 0), "token", {})
    assert [row["message_id"] for row in made.ask("SELECT message_id FROM events WHERE lane = 'late'")] == ["other"]


def test_a_rejected_row_is_known_by_what_it_held(warehouse_lab: Lab) -> None:
    async def kept(rows: list[dict[str, object]]) -> list[object]:
        async with connect(warehouse_lab.settings) as client:
            erased = Erased(client, SALT)
            await erased.refresh(0.0)
            return [orjson.loads(line)["raw"] for line in erased.list.kept(b"\n".join(map(orjson.dumps, rows))).split(b"\n")]

    command(warehouse_lab.settings, "INSERT INTO erasures (id_hash) VALUES ({a:String})", {"a": id_hash("u:ana", SALT)})
    raws = ['{"context": {"traits": [{"userId": "ana"}]}}', '{"userId": "banana"}', "view,ana,1", "no, JSON"]
    assert asyncio.run(kept([{"raw": raw} for raw in raws])) == ['{"userId": "banana"}', "no, JSON"]


def test_the_command(warehouse_lab: Lab, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    made = warehouse_lab
    made.events("shop", {"event": "page_view", "person_id": "u:ana", "at_ms": 0})
    for name in ("warehouse_port", "warehouse_database"):
        monkeypatch.setenv(f"CARTWAKE_{name.upper()}", str(getattr(made.settings, name)))
    monkeypatch.setenv("CARTWAKE_ERASURE_SALT", SALT)
    monkeypatch.setattr("erasure.erase.NEWS_S", 0.0)
    assert main(["erase", "--person", "u:ana", "--warehouse-only", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["well"], document["deleted"], document["ids"]) == (True, {"events": 1, "persons": 1}, ["u:ana"])
    assert query(made.settings, "SELECT id_hash FROM erasures") == [(id_hash("u:ana", SALT),)]
    monkeypatch.setenv("CARTWAKE_WAREHOUSE_PORT", "1")
    assert main(["erase", "--person", "u:ana", "--warehouse-only"]) == 2
