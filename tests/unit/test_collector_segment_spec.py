"""Segment's and RudderStack's own example payloads: each is mapped, or refused with the field named."""

import json
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest

from collector.intake import take
from collector.steps import Envelope
from schemas.collected import Collected
from schemas.rows import RejectedRow

DATA = Path(os.environ.get("CARTWAKE_DATA") or Path(__file__).resolve().parents[3] / "shared" / "data")
FILE = DATA / "segment_spec" / "payloads.json"
ENVELOPE = Envelope(write_key="wk", source="web", received_at_ms=1_700_000_000_000, max_event_bytes=32_768, max_record_bytes=524_288)


@pytest.fixture(scope="module")
def payloads() -> list[dict[str, Any]]:
    if not FILE.exists():
        pytest.skip(f"{FILE.name} is not there; it belongs to the shared test data (CARTWAKE_DATA), which is no part of the product")
    found = json.loads(FILE.read_text(encoding="utf-8"))
    return [each["payload"] for each in found if not each.get("from_js_call")]


def judged(payload: dict[str, Any]) -> Collected | RejectedRow:
    taken = take([json.dumps(payload).encode()], ENVELOPE, "live", 1)
    if taken.rejected_lines:
        return msgspec.json.decode(taken.rejected_lines[0], type=RejectedRow)
    return msgspec.json.decode(taken.lines[0][0], type=Collected)


def test_each_is_mapped_or_refused_with_the_field_named(payloads: list[dict[str, Any]]) -> None:
    assert len(payloads) > 50
    for payload in payloads:
        outcome = judged(payload)
        if isinstance(outcome, RejectedRow):
            assert outcome.field, payload
            assert outcome.field in outcome.message


def test_what_is_refused_lacks_an_identity_or_a_type(payloads: list[dict[str, Any]]) -> None:
    for payload in payloads:
        outcome = judged({"anonymousId": "somebody", "type": "track", **payload})
        if isinstance(outcome, RejectedRow):
            assert payload["type"] == "merge", outcome.message


def test_the_fragments_are_fine_once_somebody_sent_them(payloads: list[dict[str, Any]]) -> None:
    tracked = [payload for payload in payloads if payload.get("type") == "track"]
    names = {payload["event"]: judged({"anonymousId": "somebody", **payload}).event for payload in tracked}  # type: ignore[union-attr]
    assert names["Signed Up"] == "sign_up"
    assert names["Product Reviewed"] == "review"
    assert names["Video Playback Started"] == "custom"


def test_the_browsers_calls_of_a_shop_all_map(payloads: list[dict[str, Any]]) -> None:
    """Those marked `from_js_call` hold the arguments of a call in a page; the tracked ones are whole events but for the identity."""
    assert payloads
    calls = [each["payload"] for each in json.loads(FILE.read_text(encoding="utf-8")) if each.get("from_js_call")]
    tracked = [call for call in calls if call["type"] == "track"]
    outcomes = [judged({"anonymousId": "somebody", **call}) for call in tracked]
    assert all(isinstance(outcome, Collected) for outcome in outcomes)
    unknown = {call["event"] for call, outcome in zip(tracked, outcomes, strict=True) if getattr(outcome, "event", "") == "custom"}
    assert {name for name in unknown if not name.startswith("Video ")} == {
        "Coupon Entered",
        "Order Updated",
        "Report Submitted",
        "User Registered",
    }
