"""What the collector says back: common clients resend on anything but a 200 with a body, and need `code` and `message` in errors."""

import re
from typing import Any, NamedTuple

import msgspec

from collector.limits import RETRY_AFTER_S

Headers = list[tuple[bytes, bytes]]
_JSON: Headers = [(b"content-type", b"application/json")]
_NAMES = re.compile(r"[a-zA-Z0-9_\-, ]{1,1000}")
_encode = msgspec.json.Encoder().encode


class Answer(NamedTuple):
    status: int
    body: bytes = b""
    headers: Headers = _JSON


class Refused(Exception):
    """The whole request is refused. Send `answer()`; nothing of the request counts as stored."""

    def __init__(self, status: int, code: str, message: str, retry_after_s: int = 0) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.retry_after_s = status, code, message, retry_after_s

    def answer(self) -> Answer:
        body = _encode({"success": False, "code": self.code, "message": self.message})
        retry: Headers = [(b"retry-after", str(self.retry_after_s).encode())] if self.retry_after_s else []
        return Answer(self.status, body, _JSON + retry)


class Rejected(NamedTuple):
    """One event of a batch that was not taken, as the client is told."""

    at: int
    id: str
    code: str
    message: str


def taken(accepted: int, rejected: list[Rejected]) -> Answer:
    return ok(accepted=accepted, rejected=told(rejected))


def told(rejected: list[Rejected]) -> list[dict[str, Any]]:
    return [{"index": each.at, "id": each.id, "code": each.code, "message": each.message} for each in rejected]


def ok(**fields: Any) -> Answer:
    return Answer(200, _encode({"success": True, **fields}))


def malformed(message: str) -> Refused:
    return Refused(400, "malformed", message)


def too_large(message: str) -> Refused:
    return Refused(413, "too_large", message)


def unavailable(code: str, message: str) -> Refused:
    return Refused(503, code, message, RETRY_AFTER_S)


# On every answer: it is data and nothing to keep, to guess the type of, to frame or to run; pages of any origin may load it (the pixel).
SECURITY: Headers = [
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"cross-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
]
# Where the collector itself speaks HTTPS: a client that came so once stays with it.
STRICT_TRANSPORT: Headers = [(b"strict-transport-security", b"max-age=31536000")]


def cors(origin: str) -> Headers:
    """For the answer to a browser: without these it takes a delivered event for a lost one."""
    return [
        (b"access-control-allow-origin", origin.encode("latin-1")),
        (b"access-control-allow-credentials", b"true"),
        (b"access-control-expose-headers", b"Retry-After"),
        (b"vary", b"Origin"),
    ]


def preflight(asked: str) -> Headers:
    """What a browser may send: the headers it asks for, since clients add new ones (Segment's `x-retry-count` on a second try)."""
    allowed = asked if _NAMES.fullmatch(asked) else "content-type, authorization, x-write-key"
    return [
        (b"access-control-allow-methods", b"GET, POST, OPTIONS"),
        (b"access-control-allow-headers", allowed.encode("latin-1")),
        (b"access-control-max-age", b"7200"),
    ]
