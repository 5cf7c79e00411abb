"""What an erasure says of itself: signed, and naming nobody, so that it may be kept."""

from __future__ import annotations

import hmac
import json
from typing import Any


def text_of(report: dict[str, Any]) -> str:
    """Canonical JSON: what is signed, to the byte."""
    return json.dumps(report, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def signature(text: str, secret_key: str) -> str:
    """HMAC-SHA256, hex digits. Whoever has the secret key can make it, and so check it."""
    return hmac.new(secret_key.encode(), text.encode(), "sha256").hexdigest()


def is_signed(text: str, given: str, secret_key: str) -> bool:
    """Whether the report is as it was signed."""
    return hmac.compare_digest(signature(text, secret_key), given)
