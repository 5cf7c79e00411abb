"""The parts of webhook delivery that need no network."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import pytest
import standardwebhooks
from hypothesis import given
from hypothesis import strategies as st

from runtime.secrets import new_webhook_secret
from schemas.items import Item
from schemas.rows import TriggerRow
from sinks import payload, signature
from sinks.ledger import Ledger
from sinks.receiver import describe
from sinks.schedule import DELAYS_S, MAX_AGE_S, delay_s, retry_after_s
from sinks.signature import SignatureError

NOW_S = int(datetime(2026, 1, 31, 12, tzinfo=UTC).timestamp())
TRIGGER = TriggerRow(
    lane="live",
    trigger_id="t1",
    rule="idle",
    person_id="u:ann",
    episode_id="e1",
    step=1,
    status="fired",
    decision="send",
    fired_at_ms=NOW_S * 1000 + 5,
    version=1,
    items=(Item(product_id="p1", name="Shoe", price=Decimal("12.50")),),
    value=Decimal("12.50"),
    currency="EUR",
)


@given(st.binary(max_size=200), st.text(min_size=1, max_size=50, alphabet="abc.-_0"))
def test_the_standard_library_of_webhooks_accepts_the_signature(body: bytes, webhook_id: str) -> None:
    secret, at_s = new_webhook_secret(), int(datetime.now(UTC).timestamp())
    headers = signature.headers(secret, webhook_id, at_s, b'{"x":"' + body.hex().encode() + b'"}')
    standardwebhooks.Webhook(secret).verify(b'{"x":"' + body.hex().encode() + b'"}', headers)


def test_verify_accepts_its_own() -> None:
    secret = new_webhook_secret()
    assert signature.verify(secret, signature.headers(secret, "id", NOW_S, b"{}"), b"{}", NOW_S) == "id"
    turned = signature.headers(secret, "id", NOW_S, b"{}")
    turned[signature.SIGNATURE] = "v1,old " + turned[signature.SIGNATURE]  # a receiver that changes its secret gets two
    assert signature.verify(secret, turned, b"{}", NOW_S) == "id"


@pytest.mark.parametrize(
    "change",
    [{signature.ID: "other"}, {signature.TIMESTAMP: "soon"}, {signature.SIGNATURE: "v1,xx"}, {signature.TIMESTAMP: str(NOW_S - 301)}],
)
def test_verify_refuses(change: dict[str, str]) -> None:
    secret = new_webhook_secret()
    with pytest.raises(SignatureError):
        signature.verify(secret, signature.headers(secret, "id", NOW_S, b"{}") | change, b"{}", NOW_S)


def test_verify_refuses_another_body_and_an_old_request() -> None:
    secret = new_webhook_secret()
    headers = signature.headers(secret, "id", NOW_S, b"{}")
    with pytest.raises(SignatureError):
        signature.verify(secret, headers, b"[]", NOW_S)
    with pytest.raises(SignatureError, match="301 s"):
        signature.verify(secret, headers, b"{}", NOW_S + 301)


def test_a_secret_that_is_none_names_the_setting() -> None:
    with pytest.raises(ValueError, match="webhook_secret"):
        signature.signature("whsec_?", "id", NOW_S, b"")


def test_the_body_can_be_read() -> None:
    message = msgspec.json.decode(payload.body(TRIGGER))
    assert (message["type"], message["timestamp"]) == ("cart.abandoned", "2026-01-31T12:00:00.005Z")
    assert message["data"]["items"] == [
        {"product_id": "p1", "name": "Shoe", "category": "", "brand": "", "variant": "", "price": "12.50", "quantity": 1}
    ]
    assert message["data"]["value"] == "12.50"
    assert describe("t1", message["data"], False) == "2026-01-31T12:00:00.005Z  u:ann left 1 x Shoe: 12.50 EUR  t1"


def test_only_the_first_version_of_a_trigger_to_be_sent_is_wanted() -> None:
    changes: list[dict[str, object]] = [{"decision": "suppress"}, {"status": "void"}, {"version": 2}]
    assert payload.is_wanted(TRIGGER)
    assert not any(payload.is_wanted(msgspec.structs.replace(TRIGGER, **change)) for change in changes)


def test_retries_go_on_for_more_than_a_day_and_end() -> None:
    assert MAX_AGE_S > 86_400
    assert list(DELAYS_S) == sorted(DELAYS_S)
    assert delay_s(len(DELAYS_S) + 1, DELAYS_S, 0.5) is None


@given(st.integers(1, len(DELAYS_S)), st.floats(0, 1), st.floats(0, 1e6))
def test_a_delay_is_near_its_plan_and_never_less_than_the_receiver_asked(attempts: int, chance: float, asked_s: float) -> None:
    plan_s, found_s = DELAYS_S[attempts - 1], delay_s(attempts, DELAYS_S, chance, asked_s)
    assert found_s is not None and found_s >= min(asked_s, 86_400)
    assert 0.79 * plan_s <= found_s <= max(1.21 * plan_s, 86_400)


@pytest.mark.parametrize(
    ("header", "seconds"), [("120", 120), ("", 0), ("soon", 0), ("Sat, 31 Jan 2026 12:00:30 GMT", 30), ("Sat, 31 Jan 2026 11:00:00 GMT", 0)]
)
def test_retry_after(header: str, seconds: float) -> None:
    assert retry_after_s(header, NOW_S) == seconds


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(0, 2)), max_size=20), st.randoms(use_true_random=False))
def test_the_ledger_never_passes_what_is_unfinished(steps: list[tuple[int, int]], chance: object) -> None:
    """Records with gaps between their offsets, pieces finished in any order."""
    ledger, offset, open_pieces = Ledger(0), 0, []
    for gap, pieces in steps:
        offset += gap
        ledger.add(offset, pieces)
        open_pieces += [offset] * pieces
    chance.shuffle(open_pieces)  # type: ignore[attr-defined]
    while open_pieces:
        assert ledger.position == min(open_pieces)
        assert ledger.unfinished == len(open_pieces)
        ledger.finish(open_pieces.pop())
    assert ledger.position == (offset + 1 if steps else 0)
    ledger.advance(offset + 7)
    assert ledger.position == offset + 7
