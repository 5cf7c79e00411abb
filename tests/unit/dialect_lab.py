"""A request of any dialect, judged without a server: `sent(path, body)` gives the lines and the rejections it would have."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec

from collector.dialects.dialect import Given
from collector.dialects.registry import ROUTES
from collector.intake import take
from collector.steps import Envelope
from schemas.collected import Collected
from schemas.rows import RejectedRow

NOW_MS = 1_700_000_000_000
LIMIT = 2500


class Judged(msgspec.Struct):
    """What became of a request's events; `keys` are the dialect's candidates for the write key, `answer` its body."""

    lines: list[Collected]
    rejected: list[RejectedRow]
    keys: tuple[Any, ...]
    answer: bytes

    @property
    def line(self) -> Collected:
        assert not self.rejected, self.rejected
        [found] = self.lines
        return found

    @property
    def why(self) -> tuple[str, str]:
        """(code, field) of the only rejection; the message begins with the field."""
        assert not self.lines
        [row] = self.rejected
        assert not row.field or row.message.startswith(row.field + ": "), row.message
        return row.code, row.field


def sent(address: str, body: Any = b"", headers: dict[str, str] | None = None) -> Judged:
    """`address` may have a query; a `body` that is no bytes goes as JSON."""
    parts = urlsplit(address)
    [route] = [route for route in ROUTES if route.path == (parts.path.rstrip("/") or "/")]
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    given = Given(text=text, headers=headers or {}, query=query, kind=route.kind, received_at_ms=NOW_MS, max_events=LIMIT)
    opened = route.dialect.open(given)
    envelope = Envelope(
        write_key="wk",
        source="web",
        received_at_ms=NOW_MS,
        max_event_bytes=32_768,
        kind=opened.kind,
        sent_at=opened.sent_at,
        context=opened.context if isinstance(opened.context, dict) else None,
        dialect=route.dialect,
        outer=opened.outer,
    )
    found = take(opened.events, envelope, "live", 1)
    return Judged(
        lines=[msgspec.json.decode(line, type=Collected) for line in found.lines.get(0, [])],
        rejected=[msgspec.json.decode(line, type=RejectedRow) for line in found.rejected_lines],
        keys=opened.keys,
        answer=route.dialect.answer(route.kind, found.accepted, found.rejected).body,
    )
