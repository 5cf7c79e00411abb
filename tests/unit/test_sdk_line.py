"""What the Python SDK writes straight into Kafka is what the collector would have written, byte for byte."""

from __future__ import annotations

import inspect
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cartwake.calls import Calls
from cartwake.client import Client
from cartwake.commerce import Who
from cartwake.line import Unfit, key_of, line_of
from cartwake.transport import Answer

from collector.intake import take
from collector.steps import Envelope
from schemas.collected import Collected
from schemas.events import CATALOGUE
from schemas.partition import partition_of

NOW_MS = 1_772_366_400_123
PARTITIONS = 7
FOLDER = Path(__file__).resolve().parents[2] / "schemas" / "examples"
TEA = {"product_id": 7, "name": "Tee", "price": Decimal("4.50"), "quantity": 2, "shelf": "b"}
MONEY = {"currency": "eur ", "value": "9.00005"}


class Wire:
    """A transport that keeps the messages."""

    def __init__(self) -> None:
        self.messages: list[bytes] = []

    def post(self, write_key: str, events: Any) -> Answer:
        self.messages += events
        return Answer(200, {"success": True, "rejected": []})

    def after_fork(self) -> None: ...

    def close(self) -> None: ...


def collected(message: bytes) -> tuple[int, bytes] | str:
    """(partition, line) by way of the collector, or the field that it rejects."""
    head, _, _ = message.partition(b"}")
    assert head
    envelope = Envelope(write_key="k", source="server", received_at_ms=NOW_MS, sent_at=NOW_MS, max_event_bytes=32_768, context=None)
    taken = take([message], envelope, "live", PARTITIONS)
    if taken.rejected:
        return taken.rejected[0].message.split(":")[0]
    [(partition, [line])] = taken.lines.items()
    return partition, line


def direct(message: bytes) -> tuple[int, bytes] | str:
    given = msgspec.json.decode(message)
    try:
        line = line_of(given, "k", NOW_MS)
    except Unfit as why:
        return str(why).split(":")[0]
    return partition_of(key_of(given), PARTITIONS), line


def same(message: bytes) -> None:
    theirs, ours = collected(message), direct(message)
    if isinstance(theirs, str) or isinstance(ours, str):
        assert ours == theirs
        return
    assert msgspec.json.decode(ours[1]) == msgspec.json.decode(theirs[1])
    assert ours[0] == theirs[0]
    assert ours[1].index(b'"received_at_ms"') > ours[1].index(b'"message_id"'), "de-duplication compares what stands before"
    assert msgspec.json.decode(ours[1], type=Collected) == msgspec.json.decode(theirs[1], type=Collected)


ARGUMENTS: dict[str, Any] = {
    "items": TEA,
    "cart_items": [TEA, {"product_id": "cup"}],
    "step": 2,
    "term": "green tea",
    "url": "https://shop.example/tea?a=b",
    "share_id": "s1",
    "group_buy_id": "g1",
    "experiment_id": "button",
    "variant": "green",
    "order_id": "o1",
    "rating": 4.5,
    "purposes": {"analytics": True, "marketing": False},
    "event": "Loyalty Scanned",
    "name": "Home",
    "user_id": "ana",
    "previous_id": "an",
    "group_id": 12,
}
NOT_CALLS = {"send", "new_id"}
CALLS = sorted(name for name, _ in inspect.getmembers(Calls, inspect.isfunction) if not name.startswith("_") and name not in NOT_CALLS)
SITUATIONS: list[Who] = [
    {"device_id": "d1"},
    {"user_id": "ana", "source": "store"},
    {
        "user_id": "ana",
        "device_id": "d2",
        "source": "app",
        "context": {"device": {"type": "iOS"}, "locale": "de-AT", "timezone": "Europe/Vienna"},
    },
    {"user_id": "ana", "timestamp": 1_500_000_000_456, "context": {"location": {"country": "at"}, "campaign": {}, "page": {"title": "T"}}},
]


@pytest.mark.parametrize("who", SITUATIONS, ids=str)
@pytest.mark.parametrize("name", CALLS)
def test_every_call(name: str, who: Who) -> None:
    wire = Wire()
    client = Client("k", transport=wire, flush_interval_s=0.01)
    call = getattr(client, name)
    needed = [
        parameter.name
        for parameter in inspect.signature(call).parameters.values()
        if parameter.kind is parameter.POSITIONAL_OR_KEYWORD and parameter.default is parameter.empty
    ]
    about = {key: value for key, value in who.items() if key not in needed}
    more = {} if name in ("identify", "alias") else {"properties": {**MONEY, "note": [1, None]}}
    if name == "group":
        more = {"traits": {"plan": "gold"}}
    call(**{key: ARGUMENTS[key] for key in needed}, **more, **about)
    assert client.close(5)
    [message] = wire.messages
    assert not isinstance(direct(message), str)
    same(message)


def test_every_event_of_the_catalogue_has_a_call() -> None:
    by_type = {"page_view": "page", "screen_view": "screen", "custom": "track", "click": "track"}
    assert {by_type.get(name, name) for name in CATALOGUE} <= {*CALLS}


def examples(kind: str) -> list[Any]:
    """Messages of the catalogue's examples as a client of ours could send them."""
    found = []
    for file in sorted(FOLDER.glob("*.json")):
        for number, example in enumerate(json.loads(file.read_text(encoding="utf-8")).get(kind, [])):
            message = example["message"]
            if {"messageId", "timestamp", "type"} <= message.keys() and {"anonymousId", "userId"} & message.keys():
                message["context"] = {**(message.get("context") or {}), "source": "server"}
                found.append(pytest.param(message, id=f"{file.stem}-{number}"))
    assert found
    return found


@pytest.mark.parametrize("message", examples("valid"))
def test_every_example_of_the_catalogue(message: dict[str, Any]) -> None:
    same(msgspec.json.encode(message))


@pytest.mark.parametrize("message", examples("invalid"))
def test_every_bad_example_of_the_catalogue(message: dict[str, Any]) -> None:
    judged_alike(msgspec.json.encode(message))


@pytest.mark.parametrize(
    ("event", "properties"),
    [
        ("add_to_cart", {}),
        ("add_to_cart", {"items": []}),
        ("add_to_cart", {"items": [{"name": "no id"}]}),
        ("add_to_cart", {"items": [{"product_id": "a", "price": "cheap"}]}),
        ("add_to_cart", {"items": [{"product_id": "a", "quantity": 0}]}),
        ("add_to_cart", {"items": [{"product_id": "a"}] * 201}),
        ("purchase", {"value": "NaN", "currency": "EUR"}),
        ("purchase", {"value": 1e30}),
        ("purchase", {"currency": "euro"}),
        ("purchase", {"order_id": "x" * 129}),
        ("checkout_step", {"checkout_step": 300}),
        ("checkout_step", {"checkout_step": "two"}),
        ("review", {"rating": 101}),
        ("search", {}),
        ("cart_update", {}),
        ("cart_update", {"cart_items": []}),
        ("consent", {"purposes": {}}),
        ("share_open", {"share_id": ""}),
        ("custom thing", {"value": "not money", "x": 1}),
        (" ", {}),
    ],
)
def test_what_the_collector_refuses_is_refused_for_the_same_field(event: str, properties: dict[str, Any]) -> None:
    message = {
        "type": "track",
        "event": event,
        "properties": properties,
        "messageId": "m",
        "userId": "ana",
        "timestamp": "2026-03-01T12:00:00.000Z",
        "context": {"source": "server"},
    }
    judged_alike(msgspec.json.encode(message))


def judged_alike(message: bytes) -> None:
    theirs, ours = collected(message), direct(message)
    if isinstance(theirs, str):
        assert isinstance(ours, str) and (ours in theirs or theirs.split("[")[0] in ("items", "cart_items")), (ours, theirs)
    else:
        same(message)
