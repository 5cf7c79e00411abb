"""Keys that nobody chose are made once and kept in the data folder, readable by their owner only."""

from __future__ import annotations

import base64
import os
import secrets
from collections.abc import Callable
from pathlib import Path


def new_secret_key() -> str:
    return "sk_" + secrets.token_urlsafe(32)


def new_webhook_secret() -> str:
    """Standard Webhooks' spelling: `whsec_` and the base64 of 32 bytes."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def new_password() -> str:
    return secrets.token_urlsafe(18)


def kept(file: Path, make: Callable[[], str]) -> str:
    """What the file holds; written first if missing. Two processes that start together agree on one: the link is atomic."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = file.with_name(f"{file.name}.{os.getpid()}.tmp")
        with open(os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
            out.write(make())
        try:
            os.link(draft, file)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return file.read_text(encoding="utf-8").strip()
