"""Minimal mode: what is not on the list leaves nothing behind, and what an event cannot be without stays."""

from __future__ import annotations

from typing import Any

import msgspec
import orjson
import pytest

from collector.intake import Taken, take
from collector.minimal import allowed
from collector.steps import Envelope
from runtime.settings import SettingsError
from schemas.collected import Collected
from schemas.suppression import Suppression, id_hash

EVENT = {
    "type": "track",
    "event": "Order Completed",
    "messageId": "m",
    "anonymousId": "device-1",
    "userId": "user-1",
    "timestamp": "2026-01-01T00:00:00Z",
    "properties": {
        "order_id": "o",
        "total": 5,
        "currency": "EUR",
        "products": [{"product_id": "shoe", "price": 5}],
        "gift": "yes",
        "note": "x",
    },
    "context": {"page": {"url": "https://shop.example/thanks", "title": "Thanks"}, "locale": "en-GB", "timezone": "Europe/Berlin"},
}


def taken(raw: dict[str, Any], *names: str, erased: Suppression | None = None) -> Taken:
    envelope = Envelope(
        write_key="k",
        source="web",
        received_at_ms=1_767_225_600_000,
        max_event_bytes=32_768,
        fields_allowed=allowed(names),
        erased=erased or Suppression(""),
    )
    return take([orjson.dumps(raw)], envelope, "live", 1)


def line(found: Taken) -> dict[str, Any]:
    ((only,),) = found.lines.values()
    decoded: dict[str, Any] = orjson.loads(only)
    return decoded


def test_without_a_list_all_is_kept() -> None:
    found = taken(EVENT)
    assert found.fields_dropped == 0 and line(found)["props"] == {"gift": "yes", "note": "x"}


def test_only_what_is_allowed_and_what_is_needed_is_kept() -> None:
    found = taken(EVENT, "order_id", "value", "currency", "props.gift")
    needed = {"event", "message_id", "write_key", "device_id", "user_id", "client_at_ms", "received_at_ms"}
    assert set(line(found)) == needed | {"order_id", "value", "currency", "props"}
    assert line(found)["props"] == {"gift": "yes"}
    whole = line(taken(EVENT))
    assert found.fields_dropped == len(set(whole) - set(line(found))) + 1  # and props.note
    assert msgspec.json.decode(next(iter(found.lines.values()))[0], type=Collected).items == ()


def test_consent_can_always_be_proven() -> None:
    said = {"purposes": {"analytics": True}, "version": "1", "basis": "banner", "screen": "wide"}
    found = taken({**EVENT, "event": "consent", "properties": said}, "value")
    assert line(found)["props"] == {"purposes": {"analytics": True}, "version": "1", "basis": "banner"}


def test_a_rejected_event_leaves_no_bytes_either() -> None:
    found = taken({**EVENT, "properties": {"total": "much"}}, "value")
    (row,) = map(orjson.loads, found.rejected_lines)
    assert (row["code"], row["raw"]) == ("invalid_field", "")


@pytest.mark.parametrize("name", ["order", "props.", "Value", ""])
def test_a_name_that_no_event_has_is_refused(name: str) -> None:
    with pytest.raises(SettingsError, match="fields_allowed"):
        allowed([name])


@pytest.mark.parametrize("changes", [{}, {"properties": {"total": "much"}}, {"anonymousId": "other"}])
def test_what_names_someone_erased_is_rejected_without_bytes_and_ids(changes: dict[str, Any]) -> None:
    erased = Suppression("salt", [id_hash("u:user-1", "salt")])
    found = taken({**EVENT, **changes}, erased=erased)
    (row,) = found.rejected_lines
    assert not found.lines and b"user-1" not in row and b"device-1" not in row and b'"m"' not in row
    assert taken({**EVENT, **changes, "userId": "user-11"}, erased=erased).rejected_lines == (
        taken({**EVENT, **changes, "userId": "user-11"}).rejected_lines
    )
