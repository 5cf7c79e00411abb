"""Events through the steps: one sentence for each reason, and nothing that can be sent raises."""

import base64
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.context import Visitor
from collector.intake import Taken, codes, take
from collector.steps import Envelope
from schemas.collected import Collected
from schemas.partition import partition_of
from schemas.reasons import RejectReason
from schemas.rows import RejectedRow

NOW_MS = 1_700_000_000_000
ENVELOPE = Envelope(write_key="wk", source="web", received_at_ms=NOW_MS, max_event_bytes=2000, max_record_bytes=524_288)
TRACK: dict[str, Any] = {"type": "track", "event": "Thing Done", "anonymousId": "d1", "messageId": "m1"}


def taken(*events: Any, envelope: Envelope = ENVELOPE) -> Taken:
    return take([event if isinstance(event, bytes) else json.dumps(event).encode() for event in events], envelope, "live", 4)


def line_of(event: dict[str, Any], envelope: Envelope = ENVELOPE) -> Collected:
    found = taken(event, envelope=envelope)
    assert not found.rejected, found.rejected
    [[line]] = found.lines.values()
    return msgspec.json.decode(line, type=Collected)


def row_of(event: Any, envelope: Envelope = ENVELOPE) -> RejectedRow:
    found = taken(event, envelope=envelope)
    assert (found.accepted, found.lines) == (0, {})
    [line] = found.rejected_lines
    return msgspec.json.decode(line, type=RejectedRow)


def test_an_event_becomes_a_line_of_its_devices_partition() -> None:
    found = taken(TRACK)
    assert list(found.lines) == [partition_of("d1", 4)]
    line = line_of({**TRACK, "userId": 42, "timestamp": "2023-11-14T22:13:19Z", "sentAt": NOW_MS - 5, "properties": {"a": [1, None]}})
    assert (line.event, line.event_raw, line.message_id, line.write_key, line.source) == ("custom", "Thing Done", "m1", "wk", "web")
    assert (line.device_id, line.user_id, line.client_at_ms, line.sent_at_ms) == ("d1", "42", NOW_MS - 1000, NOW_MS - 5)
    assert (line.received_at_ms, line.props) == (NOW_MS, {"a": [1, None]})


def test_a_user_without_a_device_has_a_partition_too() -> None:
    assert list(taken({"type": "track", "event": "x", "userId": "u1"}).lines) == [partition_of("u1", 4)]


def test_calls_about_somebody() -> None:
    identify = line_of({"type": "identify", "anonymousId": "d1", "userId": "u1", "traits": {"email": "a@b.example"}})
    assert (identify.event, identify.user_id, identify.props) == ("identify", "u1", {"email": "a@b.example"})
    alias = line_of({"type": "alias", "previousId": "old", "userId": "new"})
    assert (alias.event, alias.previous_id, alias.user_id) == ("alias", "old", "new")
    group = line_of({"type": "group", "groupId": 7, "userId": "u1", "traits": {"plan": "pro"}})
    assert (group.event, group.props) == ("group", {"plan": "pro", "group_id": "7"})


def test_pages_and_screens() -> None:
    page = line_of({"type": "page", "name": "Home", "anonymousId": "d", "properties": {"url": "https://a.example/x", "theme": "dark"}})
    assert (page.event, page.page_url, page.page_path, page.page_title) == ("page_view", "https://a.example/x", "/x", "Home")
    assert (page.channel, page.props) == ("direct", {"theme": "dark"})
    assert line_of({"type": "screen", "name": "Main", "anonymousId": "d"}).page_title == "Main"


def test_the_type_of_a_single_call_is_its_address() -> None:
    envelope = msgspec.structs.replace(ENVELOPE, kind="page")
    assert line_of({**TRACK, "type": "identify"}, envelope).event == "page_view"


def test_a_name_says_what_was_shared() -> None:
    line = line_of({**TRACK, "event": "Product Shared", "properties": {"product_id": "p", "share_via": "wechat"}})
    assert (line.event, line.content_type, line.method, line.items[0].product_id) == ("share", "product", "wechat", "p")


def test_the_batch_gives_sent_at_and_context() -> None:
    envelope = msgspec.structs.replace(ENVELOPE, sent_at="2023-11-14T22:13:20Z", context={"locale": "de", "page": {"title": "T"}})
    line = line_of({**TRACK, "sentAt": 1_600_000_000_000, "context": {"page": {"url": "https://a.example/"}}}, envelope)
    assert (line.sent_at_ms, line.locale, line.page_title, line.page_url) == (NOW_MS, "de", "T", "https://a.example/")


def test_the_browsers_agent_stands_in_for_a_missing_one() -> None:
    envelope = msgspec.structs.replace(ENVELOPE, visitor=Visitor("Mozilla/5.0 (Windows NT 10.0)"))
    assert line_of(TRACK, envelope).device_type == "desktop"


@pytest.mark.parametrize(
    ("event", "code", "field"),
    [
        (b'{"type": "track", "event": "\xff"}', RejectReason.MALFORMED_JSON, ""),
        (b"[1]", RejectReason.NOT_AN_OBJECT, ""),
        (b"null", RejectReason.NOT_AN_OBJECT, ""),
        ({**TRACK, "type": "merge"}, RejectReason.UNKNOWN_TYPE, "type"),
        ({"event": "x", "anonymousId": "d"}, RejectReason.MISSING_FIELD, "type"),
        ({**TRACK, "event": " "}, RejectReason.MISSING_FIELD, "event"),
        ({**TRACK, "event": 5}, RejectReason.INVALID_FIELD, "event"),
        ({**TRACK, "event": "x" * 513}, RejectReason.INVALID_FIELD, "event"),
        ({**TRACK, "properties": []}, RejectReason.INVALID_FIELD, "properties"),
        ({**TRACK, "event": "Product Added"}, RejectReason.MISSING_FIELD, "items"),
        ({**TRACK, "event": "Order Refunded"}, RejectReason.MISSING_FIELD, "order_id"),
        ({**TRACK, "anonymousId": ["d"]}, RejectReason.INVALID_FIELD, "anonymousId"),
        ({**TRACK, "anonymousId": True}, RejectReason.INVALID_FIELD, "anonymousId"),
        ({**TRACK, "anonymousId": "d" * 129}, RejectReason.INVALID_FIELD, "anonymousId"),
        ({**TRACK, "userId": 10**200}, RejectReason.INVALID_FIELD, "userId"),
        ({**TRACK, "messageId": "m" * 129}, RejectReason.INVALID_FIELD, "messageId"),
        ({**TRACK, "timestamp": "yesterday"}, RejectReason.INVALID_FIELD, "timestamp"),
        ({**TRACK, "originalTimestamp": 7}, RejectReason.INVALID_FIELD, "originalTimestamp"),
        ({**TRACK, "sentAt": "soon"}, RejectReason.INVALID_FIELD, "sentAt"),
        ({"type": "track", "event": "x", "anonymousId": "", "userId": None}, RejectReason.NO_IDENTITY, "anonymousId"),
        ({"type": "group", "userId": "u"}, RejectReason.MISSING_FIELD, "groupId"),
        ({"type": "alias", "userId": "u"}, RejectReason.MISSING_FIELD, "previousId"),
        ({"type": "alias", "previousId": "u"}, RejectReason.MISSING_FIELD, "userId"),
        ({**TRACK, "properties": {"a": "x" * 2000}}, RejectReason.TOO_LARGE, ""),
    ],
)
def test_reasons(event: Any, code: RejectReason, field: str) -> None:
    row = row_of(event)
    assert (row.code, row.field, row.stage, row.lane, row.write_key, row.received_at_ms) == (code, field, "collector", "live", "wk", NOW_MS)
    assert row.message


def test_a_bad_time_of_sending_rejects_the_events_it_would_correct() -> None:
    assert row_of(TRACK, msgspec.structs.replace(ENVELOPE, sent_at=["x"])).field == "sentAt"


def test_the_raw_bytes_are_kept() -> None:
    text, broken = b'{"type": "nonsense",  "messageId": "m7"}', b'{"type":"track","event":"\xff\xfe"}'
    row = row_of(text)
    assert (row.raw.encode(), row.encoding, row.message_id) == (text, "utf-8", "m7")
    row = row_of(broken)
    assert (base64.b64decode(row.raw), row.encoding) == (broken, "base64")


def test_bytes_that_fit_no_record_are_cut_and_say_so() -> None:
    envelope = msgspec.structs.replace(ENVELOPE, max_record_bytes=20_000)
    found = taken(b'"' + b"\\u0001" * 4000 + b'"', envelope=envelope)
    assert len(found.rejected_lines[0]) <= 20_000
    row = msgspec.json.decode(found.rejected_lines[0], type=RejectedRow)
    assert row.message.endswith("bytes are kept.)")


def test_an_event_that_fits_no_record_is_too_large() -> None:
    assert row_of({**TRACK, "properties": {"a": "x" * 500}}, msgspec.structs.replace(ENVELOPE, max_record_bytes=400)).code == "too_large"


def test_one_bad_event_does_not_fail_the_others() -> None:
    found = taken(TRACK, {**TRACK, "type": "merge", "messageId": "m2"}, {**TRACK, "messageId": "m3"})
    assert (found.accepted, sum(map(len, found.lines.values()))) == (2, 2)
    assert [(each.at, each.id, each.code) for each in found.rejected] == [(1, "m2", "unknown_type")]
    assert codes(found.rejected) == {"unknown_type": 1}


def made_id(event: dict[str, Any], envelope: Envelope = ENVELOPE) -> str:
    return line_of(event, envelope).message_id


def test_an_event_without_an_id_gets_the_same_one_when_it_is_sent_again() -> None:
    event = {"type": "track", "event": "x", "anonymousId": "d", "timestamp": NOW_MS}
    later = msgspec.structs.replace(ENVELOPE, received_at_ms=NOW_MS + 9000, sent_at=NOW_MS + 8000)
    assert made_id(event) == made_id(event, later) != made_id({**event, "event": "y"})
    assert made_id(event) != made_id(event, msgspec.structs.replace(ENVELOPE, write_key="other"))


def test_events_without_id_and_time_that_look_the_same_are_not_taken_for_one() -> None:
    event = {"type": "track", "event": "x", "anonymousId": "d"}
    [lines] = taken(event, event).lines.values()
    assert len({msgspec.json.decode(line, type=Collected).message_id for line in lines}) == 2


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
NAMES = st.sampled_from(["Product Added", "Order Completed", "Cart Viewed", "search", "consent", "cart_update", "share_open", "x", ""])
FIELDS = st.sampled_from(
    ["product_id", "items", "products", "price", "quantity", "value", "currency", "cart_items", "purposes", "query", "rating"]
)
CALLS = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["track", "page", "screen", "identify", "group", "alias"]) | JSON,
        "event": NAMES | JSON,
        "anonymousId": st.just("d") | JSON,
        "userId": JSON,
        "messageId": JSON,
        "previousId": JSON,
        "groupId": JSON,
        "timestamp": st.just("2026-01-01T00:00:00Z") | JSON,
        "properties": st.dictionaries(FIELDS, JSON, max_size=5) | JSON,
        "traits": JSON,
        "context": st.dictionaries(st.sampled_from(["page", "campaign", "userAgent", "device", "traits"]), JSON) | JSON,
    },
)


@given(st.lists(CALLS | JSON, max_size=5), JSON, JSON)
def test_any_json_is_taken_or_rejected_and_every_line_is_valid(events: list[Any], sent_at: Any, context: Any) -> None:
    envelope = msgspec.structs.replace(ENVELOPE, sent_at=sent_at, context=context if isinstance(context, dict) else None)
    found = taken(*events, envelope=envelope)
    lines = [line for part in found.lines.values() for line in part]
    assert found.accepted + len(found.rejected) == len(events)
    assert (len(lines), len(found.rejected_lines)) == (found.accepted, len(found.rejected))
    for line in lines:
        assert b"\n" not in line
        event = msgspec.json.decode(line, type=Collected)
        assert event.device_id or event.user_id
    assert RejectReason.INTERNAL_ERROR not in {each.code for each in found.rejected}


@given(st.binary(max_size=200))
def test_any_bytes_are_rejected_without_a_fault(raw: bytes) -> None:
    found = taken(raw)
    assert found.accepted + len(found.rejected) == 1
    assert RejectReason.INTERNAL_ERROR not in {each.code for each in found.rejected}
