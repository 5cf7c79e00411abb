"""Standard Webhooks' signature (standardwebhooks.com): HMAC-SHA256 over `id.timestamp.body`."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping

SECRET_PREFIX = "whsec_"
TOLERANCE_S = 300
ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"


class SignatureError(ValueError):
    """The request is not one of ours, or it is too old. Answer 401; the message says which."""


def headers(secret: str, webhook_id: str, at_s: int, body: bytes) -> dict[str, str]:
    """The three headers of a request."""
    return {ID: webhook_id, TIMESTAMP: str(at_s), SIGNATURE: signature(secret, webhook_id, at_s, body)}


def signature(secret: str, webhook_id: str, at_s: int, body: bytes) -> str:
    """`v1,` and the base64 of the HMAC."""
    digest = hmac.digest(_key(secret), f"{webhook_id}.{at_s}.".encode() + body, hashlib.sha256)
    return "v1," + base64.b64encode(digest).decode()


def verify(secret: str, received: Mapping[str, str], body: bytes, now_s: int) -> str:
    """The webhook's id, if a signature is right and its time is near. Raises SignatureError."""
    webhook_id, at, signatures = (received.get(name, "") for name in (ID, TIMESTAMP, SIGNATURE))
    if not (webhook_id and at.isdecimal() and signatures):
        raise SignatureError(f"{ID}, {TIMESTAMP} or {SIGNATURE} is missing")
    if abs(now_s - int(at)) > TOLERANCE_S:
        raise SignatureError(f"{TIMESTAMP} is {now_s - int(at)} s from now")
    wanted = signature(secret, webhook_id, int(at), body)
    if not any(hmac.compare_digest(wanted.encode(), found.encode()) for found in signatures.split()):
        raise SignatureError("the signature does not match")
    return webhook_id


def _key(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError("webhook_secret: must be whsec_ and base64") from error
