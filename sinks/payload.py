"""The body of a webhook: a trigger, readable."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from schemas.items import KnownItem
from schemas.reasons import SuppressReason
from schemas.rows import TriggerRow

TYPE = "cart.abandoned"
COPIED = ("trigger_id", "rule", "step", "person_id", "user_id", "device_id", "episode_id", "cart_id", "cart_step", "lane", "replayed")


def is_wanted(trigger: TriggerRow) -> bool:
    """Whether this row asks for a webhook. Later versions of a trigger only say what became of it."""
    return trigger.decision == "send" and trigger.status == "fired" and trigger.version == 1


def stops(trigger: TriggerRow) -> str:
    """Why a later row of a trigger stops its webhook, '' if it does not."""
    if trigger.status == "void":
        return "the person was erased" if trigger.reason == SuppressReason.ERASED else "the trigger was taken back"
    return "consent was withdrawn" if trigger.reason == SuppressReason.NO_CONSENT else ""


def body(trigger: TriggerRow) -> bytes:
    """Amounts are text, so that no receiver rounds them; times are ISO 8601 in UTC."""
    fired_at = iso(trigger.fired_at_ms)
    data: dict[str, Any] = {name: getattr(trigger, name) for name in COPIED}
    data |= {"fired_at": fired_at, "value": trigger.value, "currency": trigger.currency, "items": [_item(item) for item in trigger.items]}
    return msgspec.json.encode({"type": TYPE, "timestamp": fired_at, "data": data})


def iso(at_ms: int) -> str:
    """2026-01-31T12:00:00.123Z"""
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _item(item: KnownItem) -> dict[str, Any]:
    return {name: getattr(item, name) for name in item.__struct_fields__}
