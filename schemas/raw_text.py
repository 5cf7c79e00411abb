"""Bytes that were refused, as text that a JSON line can hold."""

import base64


def text_of(raw: bytes) -> tuple[str, str]:
    """The text, and how to read it (`RejectedRow.encoding`): utf-8 as it is, else base64."""
    try:
        return raw.decode(), "utf-8"
    except UnicodeDecodeError:
        return base64.b64encode(raw).decode(), "base64"
