"""Who may send: write keys (public, one for each source) and the secret key (lanes and clocks)."""

import base64
import binascii
import hmac
from collections.abc import Mapping
from typing import Any, NamedTuple

from collector.answers import Refused

_SECRET_NEEDED = "This needs the secret key: Authorization: Bearer <secret key>."


class Keys(NamedTuple):
    """The keys of this installation. `write_keys` says which source each one marks."""

    write_keys: dict[str, str]
    secret_key: str

    def write_key(self, headers: Mapping[str, str], *elsewhere: Any) -> str:
        """The request's write key: from the headers, else from where its dialect has it (some clients mask the one in the body)."""
        in_headers = [_basic_user(headers), headers.get("x-write-key", ""), _bearer(headers)]
        given = [*in_headers, *(key for key in elsewhere if isinstance(key, str))]
        for key in given:
            if key in self.write_keys:
                return key
        if any(key and not self._is_secret(key) for key in given):
            raise Refused(401, "unknown_write_key", "The write key is not known here.")
        raise Refused(
            401, "missing_write_key", "No write key: HTTP Basic user, X-Write-Key, or the place of the protocol (docs/clients.md)."
        )

    def need_secret(self, headers: Mapping[str, str]) -> None:
        """Refuse a request that does not carry the secret key."""
        if not self._is_secret(_bearer(headers)):
            raise Refused(401, "secret_key_needed", _SECRET_NEEDED)

    def _is_secret(self, key: str) -> bool:
        return bool(self.secret_key) and hmac.compare_digest(key.encode(errors="surrogatepass"), self.secret_key.encode())


def _bearer(headers: Mapping[str, str]) -> str:
    scheme, _, key = headers.get("authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""


def _basic_user(headers: Mapping[str, str]) -> str:
    scheme, _, packed = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(packed, validate=True).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return ""
